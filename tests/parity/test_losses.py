"""Every experiment that has a peer loses what its peer loses, step for step.

Both take 20 steps of SGD from the same parameters on the same batches and noise: ours
by `train.make_update`, theirs by `step.make_step`, which is what is benchmarked.
Neither leaves anything out where it would drop units, as they draw them differently.
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
from dl_core.data import limits
from dl_core.models import googlenet, resnet, vgg
from dl_core.types import Batch
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers_step = importlib.import_module('dl_core.bench.peers.step')

STEPS, BATCHES = 20, 4
SMALL = {'hidden': 16, 'window': 8, 'batch_size': 8, 'warmup': 0}
FRUITS = {'dataset': 'fruits', 'batch_size': 8}
SENTENCES = {
  'hidden': 8, 'embedding': 8, 'grams': 1, 'longest': 8, 'batch_size': 8,
}  # fmt: skip
TINY = {'size': 16, 'latent': 8, 'batch_size': 8}
TOKENS = {'dataset': 'copies', 'longest': (6,), 'batch_size': 8, 'dropout': 0.0}
COPIES = {'dataset': 'copies', 'hidden': 8, 'longest': (6,), 'batch_size': 8}
SEEING = {'hidden': 12, 'widths': (3, 4), 'batch_size': 8}
COLUMNS = {'dataset': 'diabetes', 'batch_size': 8}
PIXELS = {'size': 4, 'levels': 17, 'layers': 1, 'width': 4, 'head': 8, 'batch_size': 8}
ZOO = ('alexnet', 'vgg', 'googlenet', 'resnet')
PHOTOS = {'batch_size': 8, 'se': True, 'smoothing': 0.1, 'average': 0.9}
CASES = {  # experiment, its settings, a learning rate at which the loss moves
  'perceptron': ('perceptron', {}, 1.0),
  'linear regression': ('linear_regression', COLUMNS, 0.3),
  'absolute errors': ('linear_regression', {'loss': 'absolute', **COLUMNS}, 0.1),
  'lenet': ('lenet', {'batch_size': 8}, 0.1),
  'lenet 1998': ('lenet', {'variant': '1998', 'batch_size': 8}, 1e-3),
  'mlp': ('mlp', {'hidden': (16, 8), 'size': 8, 'batch_size': 8}, 0.1),
  'mlp batch norm': (
    'mlp',
    {'hidden': (16, 8), 'size': 8, 'batch_size': 8, 'batch_norm': True},
    0.1,
  ),
  'cifar resnet': ('cifar_resnet', {'depth': 8, 'batch_size': 8}, 0.01),
  'alexnet': ('alexnet', PHOTOS | {'width': 0.02}, 0.1),
  'vgg': ('vgg', PHOTOS | {'width': 0.03, 'image_size': 32}, 0.1),
  'googlenet': (
    'googlenet',
    PHOTOS | {'width': 0.05, 'aux': True, 'variant': 'paper'},
    0.1,
  ),
  'resnet': ('resnet', PHOTOS | {'width': 0.1}, 0.03),
  'logistic': ('classification', {'batch_size': 8}, 1.0),
  'softmax': ('classification', FRUITS, 1.0),
  'rest': ('classification', FRUITS | {'loss': 'one_vs_rest'}, 1.0),
  'lstm': ('char_lm', {'cell': 'lstm', **SMALL}, 0.5),
  'gru': ('char_lm', {'cell': 'gru', **SMALL}, 0.5),
  'rnn': ('char_lm', {'cell': 'rnn', **SMALL}, 0.5),
  'sentences': (
    'sentiment',
    SENTENCES | {'cell': 'lstm', 'pool': 'attention', 'head': 8},
    0.5,
  ),
  'sentences, last': ('sentiment', SENTENCES | {'cell': 'gru', 'layers': 2}, 0.5),
  'seq2seq': ('seq2seq', COPIES, 0.5),
  'transformer': ('transformer', TOKENS, 0.3),
  'transformer, pre': ('transformer', TOKENS | {'norm': 'pre', 'smoothing': 0.0}, 0.3),
  'captioning': ('captioning', SEEING, 0.3),
  'captioning gru': ('captioning', SEEING | {'cell': 'gru'}, 0.3),
  'vqa': ('vqa', SEEING, 0.3),
  'vqa easy': ('vqa', SEEING | {'dataset': 'easy_vqa', 'pooled': 1}, 0.3),
  'vqa without image': ('vqa', SEEING | {'without': 'image'}, 0.3),
  'gcn': ('gcn', {'dataset': 'cora', 'labels': 0}, 300.0),
  'gin': ('molecules', {'dataset': 'mutag', 'hidden': 8, 'batch_size': 8}, 1e-3),
  'autoencoder': (
    'autoencoder',
    {'hidden': (16,), 'code': 8, 'drop': 0.0, 'batch_size': 8},
    0.02,
  ),
  'pixelcnn': ('pixelcnn', {'net': 'pixelcnn', **PIXELS}, 0.01),
  'gan': ('gan', TINY, 0.05),
  'gan minimax': ('gan', {'loss': 'minimax', **TINY}, 0.05),
  'gan hinge': ('gan', {'loss': 'hinge', **TINY}, 0.05),
  'dcgan': ('gan', {'net': 'dcgan', 'width': 4, **TINY}, 0.05),
}


NAMES = (
  *('perceptron', 'lenet', 'mlp', 'vgg', 'logistic', 'lstm', 'sentences', 'vqa', 'gan'),
  *('autoencoder', 'pixelcnn'),
)


@pytest.fixture(autouse=True)
def shallow(monkeypatch):
  """Takes away layers that are like others, theirs and ours, which read one table."""
  modules = {name: googlenet.MODULES[name] for name in ('4a', '5a')}
  monkeypatch.setattr(googlenet, 'MODULES', modules)
  for family, network in ((resnet, resnet.ResNet), (vgg, vgg.VGG)):
    of_two_stages = functools.partial(network, (1, 1))
    monkeypatch.setattr(family, 'MEMBERS', dict.fromkeys((11, 18), of_two_stages))


@pytest.fixture
def make(digits_dir, prose):
  """Builds an experiment; returns it and its peer's module."""
  drawn = (
    'lenet',
    'gan',
    'mlp',
    'cifar_resnet',
    'sentiment',
    'captioning',
    'vqa',
    'autoencoder',
    'pixelcnn',
    *ZOO,
  )
  places = {name: {'data_dir': digits_dir} for name in drawn}
  places['char_lm'] = {'dataset': 'text', 'data_dir': prose}

  def build(name, changes):
    module = importlib.import_module(f'experiments.{name}')
    config = dataclasses.replace(module.Config(), **places.get(name, {}), **changes)
    return module.build(config), importlib.import_module(f'dl_core.bench.peers.{name}')

  return build


# Their losses and layers are tested apart.
RARER = (
  *('gan minimax', 'gan hinge', 'dcgan', 'rnn', 'lenet 1998', 'cifar resnet'),
  *('alexnet', 'googlenet', 'sentences, last'),
  *('captioning gru', 'vqa without image', 'vqa easy'),
)


@pytest.fixture(
  params=[
    pytest.param(name, marks=pytest.mark.slow) if name in RARER else name
    for name in CASES
  ]
)
def case(request, make):
  """An experiment whose optimizers are SGD, its peer's module, and the rate."""
  name, changes, rate = CASES[request.param]
  experiment, peer = make(name, changes)
  optimizers = (optax.sgd(rate),)
  if len(experiment.optimizers) > 1:
    optimizers = tuple(map(sgd_of(rate), ('discriminator', 'generator')))
  return experiment._replace(optimizers=optimizers), peer, rate


def sgd_of(rate):
  def turn(player):
    movers = {True: optax.sgd(rate), False: optax.set_to_zero()}
    return optax.partition(movers, lambda params: {n: n == player for n in params})

  return turn


def batches_of(data):
  """Draws batches like the data's; few of the classes, so that a bias can learn."""
  spec = data.spec
  random, most = np.random.default_rng(0), min(4, limits.of(spec).y)

  def draw(leaf):  # of tokens, too, only the first few are drawn
    if np.issubdtype(leaf.dtype, np.integer):
      return random.integers(most, size=leaf.shape).astype(leaf.dtype)
    return random.uniform(-1, 1, leaf.shape).astype(leaf.dtype)

  for n in range(BATCHES):
    own = data.sample and data.sample(jax.random.key(n)).x
    x, y = own or jax.tree.map(draw, spec.batch.x), draw(spec.batch.y)
    y = y if y.dtype.kind == 'i' else np.sign(y)
    yield Batch(x, y, np.ones(spec.batch.weight.shape, np.float32))


def of_ours(experiment, batches):
  """Trains ours: (first parameters, losses [STEPS, turns], noises [STEPS, turns])."""
  noises = []

  def listen(call, args, kwargs, context):
    if type(context.module).__name__.endswith('Generator'):
      jax.debug.callback(lambda z: noises.append(np.array(z)), args[0], ordered=True)
    return agree.undrop(call, args, kwargs, context)

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
  agree.filled(agree.undropped(twin.module), peers.carried(params))
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
  batches = list(batches_of(experiment.data))
  params, ours, noises = of_ours(experiment, batches)
  theirs = of_theirs(experiment, peers, rate, batches, params, noises)
  np.testing.assert_allclose(ours, theirs, rtol=1e-4)
  for curve in ours.T:
    moved = np.ptp(curve.reshape(-1, BATCHES), axis=0)  # of each batch
    assert np.max(moved) > 0.1 * np.max(np.abs(curve))


@pytest.mark.parametrize('name', NAMES)
def test_its_optimizers_move_and_average_as_the_recipe_does(make, name):
  experiment, peers = make(CASES[name][0], CASES[name][1] | {'steps': 2**31 - 1})
  state = jax.jit(functools.partial(train.init_state, experiment))(jax.random.key(0))
  params, opt_states = state.params, list(state.opt_state)
  twin = peers.peer(experiment.config, experiment.data.spec)
  agree.filled(twin.module, peers.carried(params))
  moves = [peers_step.mover(turn) for turn in twin.turns]
  random = np.random.default_rng(0)
  for _ in range(3):
    gradients = jax.tree.map(
      lambda leaf: random.normal(size=leaf.shape).astype(np.float32), params
    )
    laid = zip(twin.module.parameters(), peers.carried(gradients), strict=True)
    for parameter, own in laid:
      # With other strides than those of its parameter a fused optimizer misreads it.
      parameter.grad = torch.tensor(np.ascontiguousarray(own))
    for n, (optimizer, (move, _)) in enumerate(
      zip(experiment.optimizers, moves, strict=True)
    ):
      change, opt_states[n] = jax.jit(optimizer.update)(
        gradients, opt_states[n], params
      )
      params = optax.apply_updates(params, change)
      move()

  def compare(tensors, tree):
    of = dict(zip(twin.module.parameters(), peers.carried(tree), strict=True))
    for parameter, one in zip(turn.moves, tensors, strict=True):
      np.testing.assert_allclose(one.detach(), of[parameter], rtol=1e-5, atol=1e-6)

  for turn, opt_state, (_, average) in zip(twin.turns, opt_states, moves, strict=True):
    compare(turn.moves, params)
    if average:
      averaged = optax.tree.get(opt_state, 'average')
      known = {k: v for k, v in averaged.items() if jax.tree.leaves(v)}
      compare(average, {**params, **known})
