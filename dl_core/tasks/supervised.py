"""Supervised learning: the weighted loss of the output at every labelled place.

This one objective serves a perceptron, a classifier of images, a tagger, a language
model: they differ in the shape of the labels, and in nothing else.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core import metrics
from dl_core.tasks import measures
from dl_core.tasks.apply import apply, untrained
from dl_core.types import Array, Batch, Metrics, Task

Measure = Callable[[Array, Array], Array]  # (output, label) -> a number for each place
See = Callable[[Callable[[Any], Any], Any], Any]  # (x -> output, x) -> output


def directly(say: Callable[[Any], Any], x: Any) -> Any:
  """Applies a model to an input as it is."""
  return say(x)


def supervised(
  model: nn.Module, loss: Measure = measures.cross_entropy, **reported: Measure
) -> Task:
  """Makes the task of saying `batch.y`.

  Args:
    model: called as model(x, train=...); returns logits (or whatever `loss` reads).
    loss: what is minimised: its mean over all places, weighted.
    **reported: what is reported beside it, under these names.
  """
  reported = {'loss': loss, **reported}

  def judge(output: Array, batch: Batch) -> Metrics:
    return {
      name: metrics.weighted(measure(output, batch.y), batch.weight)
      for name, measure in reported.items()
    }

  return judged(model, judge)


def judged(
  model: nn.Module,
  judge: Callable[[Any, Batch], Metrics],
  evaluated: Callable[[Any, Batch], Metrics] | None = None,
  see: See = directly,
) -> Task:
  """Makes the task of a model with one loss.

  Args:
    model: called as model(x, train=...). It may draw from the stream `draw`, in
      evaluation too.
    judge: (output, batch) -> metrics, of which `loss` is minimised.
    evaluated: the same for evaluation; by default `judge`.
    see: (x -> output, x) -> output: how the model is applied in evaluation, such as to
      one part of x after another.
  """

  def init(key, batch):
    dropout_key, draw_key = jax.random.split(jax.random.fold_in(key, 1))
    keys = {'params': key, 'dropout': dropout_key, 'draw': draw_key}
    return model.init(keys, batch.x, train=False)

  def mean_loss(params, extra, batch, key):
    output, extra = apply(model, params, extra, batch.x, key=key)
    sums = judge(output, batch)
    total, weight = sums['loss']
    return total / jnp.where(weight > 0, weight, 1), (extra, sums)

  def said(variables, x, key):
    params = variables['params']
    extra = untrained(variables)
    say = lambda x: apply(model, params, extra, x, key=key, train=False)[0]
    return see(say, x)

  @jax.jit  # for calls outside of a step, each of which would compile every scan anew
  def outputs(variables, x):
    return said(variables, x, jax.random.key(0))  # of a model that draws: always alike

  def evaluate(variables, batch, key):
    return (evaluated or judge)(said(variables, batch.x, key), batch)

  return Task(init, (mean_loss,), evaluate, outputs)
