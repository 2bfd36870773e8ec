"""Every experiment that has a peer loses what its peer loses, step for step.

Both take 20 steps of SGD from the same parameters on the same batches and noise: ours
by `train.make_update`, theirs by `step.make_step`, which is what is benchmarked.
"""

import dataclasses
import functools
import importlib

import flax.linen as nn
import jax
import numpy as np
import optax
import pytest

from dl_core import train
from dl_core.types import Batch
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers_step = importlib.import_module('dl_core.peers.step')

STEPS, BATCHES = 20, 4
SMALL = {'hidden': 16, 'window': 8, 'batch_size': 8}
TINY = {'size': 16, 'latent': 8, 'batch_size': 8}
CASES = {  # experiment, its settings, a learning rate at which the loss moves
  'perceptron': ('perceptron', {}, 1.0),
  'lenet': ('lenet', {'batch_size': 8}, 0.1),
  'lenet 1998': ('lenet', {'variant': '1998', 'batch_size': 8}, 1e-3),
  'lstm': ('char_lm', {'cell': 'lstm', **SMALL}, 0.5),
  'gru': ('char_lm', {'cell': 'gru', **SMALL}, 0.5),
  'rnn': ('char_lm', {'cell': 'rnn', **SMALL}, 0.5),
  'gan': ('gan', TINY, 0.05),
  'gan minimax': ('gan', {'loss': 'minimax', **TINY}, 0.05),
  'gan hinge': ('gan', {'loss': 'hinge', **TINY}, 0.05),
  'dcgan': ('gan', {'net': 'dcgan', 'width': 4, **TINY}, 0.05),
}


@pytest.fixture(params=CASES)
def case(request, digits_dir, prose):
  """An experiment whose optimizers are SGD, its peer's module, and the rate."""
  name, changes, rate = CASES[request.param]
  if name == 'char_lm':
    changes = changes | {'dataset': 'text', 'data_dir': prose}
  elif name != 'perceptron':
    changes = changes | {'data_dir': digits_dir}
  module = importlib.import_module(f'experiments.{name}')
  experiment = module.build(dataclasses.replace(module.Config(), **changes))
  optimizers = (optax.sgd(rate),)
  if len(experiment.optimizers) > 1:
    optimizers = tuple(map(sgd_of(rate), ('discriminator', 'generator')))
  peer = importlib.import_module(f'dl_core.peers.{name}')
  return experiment._replace(optimizers=optimizers), peer, rate


def sgd_of(rate):
  def turn(player):
    movers = {True: optax.sgd(rate), False: optax.set_to_zero()}
    return optax.partition(movers, lambda params: {n: n == player for n in params})

  return turn


def batches_of(spec):
  """Draws batches of a Spec's shapes; few of its classes, so that a bias can learn."""
  random = np.random.default_rng(0)

  def draw(leaf):
    if np.issubdtype(leaf.dtype, np.integer):
      return random.integers(4, size=leaf.shape).astype(leaf.dtype)
    return random.uniform(-1, 1, leaf.shape).astype(leaf.dtype)

  for _ in range(BATCHES):
    x, y = draw(spec.batch.x), draw(spec.batch.y)
    y = y if y.dtype.kind == 'i' else np.sign(y)
    yield Batch(x, y, np.ones(spec.batch.weight.shape, np.float32))


def of_ours(experiment, batches):
  """Trains ours: (first parameters, losses [STEPS, turns], noises [STEPS, turns])."""
  noises = []

  def listen(call, args, kwargs, context):
    if type(context.module).__name__.endswith('Generator'):
      jax.debug.callback(lambda z: noises.append(np.array(z)), args[0], ordered=True)
    return call(*args, **kwargs)

  state = jax.jit(functools.partial(train.init_state, experiment))(jax.random.key(0))
  params, losses = state.params, []
  update = jax.jit(train.make_update(experiment.task, experiment.optimizers))
  with nn.intercept_methods(listen):
    for n in range(STEPS):
      state, sums = update(state, batches[n % BATCHES])
      names = ('loss', 'generator_loss')[: len(experiment.optimizers)]
      losses.append([sums[name][0] / sums[name][1] for name in names])
  jax.effects_barrier()
  turns = len(experiment.optimizers)
  noises = [noises[n : n + turns] for n in range(0, len(noises), turns)]
  return params, np.array(losses), noises or [None] * STEPS


def of_theirs(experiment, peers, rate, batches, params, noises):
  """Trains theirs: losses [STEPS, turns]."""
  twin = peers.peer(experiment.config, experiment.data.spec)
  agree.filled(twin.module, peers.carried(params))
  sgd = functools.partial(torch.optim.SGD, lr=rate)
  turns = [t._replace(optimizer=sgd, clip=None, average=None) for t in twin.turns]
  step = peers_step.make_step(twin._replace(turns=turns))
  losses = []
  for n in range(STEPS):
    z = noises[n] and [torch.tensor(one) for one in noises[n]]
    losses.append(step(twin.tensors(batches[n % BATCHES]), z))
  return np.array(losses)


def test_both_lose_the_same_step_for_step(case):
  experiment, peers, rate = case
  batches = list(batches_of(experiment.data.spec))
  params, ours, noises = of_ours(experiment, batches)
  theirs = of_theirs(experiment, peers, rate, batches, params, noises)
  np.testing.assert_allclose(ours, theirs, rtol=1e-4)
  for curve in ours.T:
    moved = np.ptp(curve.reshape(-1, BATCHES), axis=0)  # of each batch
    assert np.max(moved) > 0.1 * np.max(np.abs(curve))
