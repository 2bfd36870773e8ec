"""Starts an experiment in which something goes wrong from a step on, or at one step.

    python -m tests.faults.driver nan:20-21 lenet --steps=60 ...

FAULT:FIRST-LAST, then what `python -m experiments.NAME` takes. The fault is put around
what the experiment is built of; dl_core knows nothing of it.
"""

import ctypes
import importlib
import sys
import threading
from types import SimpleNamespace

import jax
import jax.numpy as jnp

from dl_core import launch
from dl_core.types import Picture


def batch(factor):
  """Makes a fault: what the model reads is multiplied by `factor`."""

  def put(experiment, wrong):
    take = experiment.data.take

    def taken(arrays, key, step):
      found = take(arrays, key, step)
      return found._replace(x=found.x * jnp.where(wrong(step), factor, 1.0))

    return experiment._replace(data=experiment.data._replace(take=taken))

  return put


@jax.custom_vjp
def spoilt(params, bad):
  """The parameters as they are; their gradient is NaN where `bad` is true."""
  del bad
  return params


def spoilt_backward(bad, gradient):
  return jax.tree.map(lambda g: jnp.where(bad, jnp.nan, g), gradient), None


spoilt.defvjp(lambda params, bad: (params, bad), spoilt_backward)


def gradient(experiment, wrong):
  """The gradient is not finite, though the loss is. The step travels with the batch."""
  take, (loss,) = experiment.data.take, experiment.task.losses

  def taken(arrays, key, step):
    found = take(arrays, key, step)
    return found._replace(x=(found.x, jnp.full(found.x.shape[:1], step)))

  def lossy(params, extra, batch, key):
    if isinstance(batch.x, tuple):
      x, steps = batch.x
      params, batch = spoilt(params, wrong(steps[0])), batch._replace(x=x)
    return loss(params, extra, batch, key)

  return experiment._replace(
    data=experiment.data._replace(take=taken),
    task=experiment.task._replace(losses=(lossy,)),
  )


def memory(experiment, wrong):
  """The step sorts four terabytes of noise."""
  del wrong
  (loss,) = experiment.task.losses

  def greedy(params, extra, batch, key):
    value, rest = loss(params, extra, batch, key)
    much = jnp.sort(jax.random.uniform(key, (2**20, 2**20)))
    return value + jnp.sum(much), rest

  return experiment._replace(task=experiment.task._replace(losses=(greedy,)))


def thread(experiment, wrong):
  """The threads that read ahead are ended, whatever they are doing."""
  feed = experiment.data.feed

  def fed(key, step):
    arrays = feed(key, step)
    for reader in threading.enumerate():
      if reader.name.startswith('grain-prefetch') and bool(wrong(step)):
        end = ctypes.pythonapi.PyThreadState_SetAsyncExc
        assert end(ctypes.c_ulong(reader.ident), ctypes.py_object(SystemExit)) == 1
    return arrays

  return experiment._replace(data=experiment.data._replace(feed=fed))


def picture(experiment, wrong):
  """A picture of the report cannot be drawn."""
  del wrong

  def fail():
    raise RuntimeError('the picture of a test fails')

  def report(variables, observed, data, key):
    drawn = experiment.report(variables, observed, data, key)
    return [*drawn, Picture('A picture', 'It is not there.', fail)]

  return experiment._replace(report=report)


FAULTS = {
  'nan': batch(jnp.nan),
  'inf': batch(jnp.inf),
  'spike': batch(1e4),
  'gradient': gradient,
  'memory': memory,
  'thread': thread,
  'picture': picture,
}


def main(fault, name, *words):
  kind, _, steps = fault.partition(':')
  first, last = map(int, steps.split('-'))
  module = importlib.import_module(f'experiments.{name}')

  def build(c):
    return FAULTS[kind](module.build(c), lambda step: (first <= step) & (step <= last))

  spoilt = SimpleNamespace(__doc__=module.__doc__, Config=module.Config, build=build)
  return launch.run(spoilt, name, ['driver', *words])


if __name__ == '__main__':
  sys.exit(main(*sys.argv[1:]))
