"""Players of BigGAN agree with their peers: same weights and vectors, same answers."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import spectral
from dl_core.models import biggan
from dl_core.tasks.gan import dependence
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.biggan')

CLASSES, WIDTHS = 3, (16, 16, 8)


def pairs(twin, variables):
  """Pairs the twin's buffers of a name with ours, by the order of both."""
  own = dict(peers_of(variables))
  return [(buffer, own[name]) for name, buffer in twin.named_buffers() if name in own]


def peers_of(tree, path=()):
  """Yields the names that vectors u and running statistics have in the twin."""
  names = {'u': 'u', 'mean': 'running_mean', 'var': 'running_var'}
  for name, below in tree.items():
    if isinstance(below, dict):
      part = name.replace('block_', 'blocks.')
      if part.startswith('blocks.'):
        part = f'blocks.{int(part[7:]) - 1}'
      yield from peers_of(below, (*path, part))
    else:
      yield '.'.join((*path, names[name])), np.asarray(below)


@pytest.mark.parametrize('player', ['generator', 'discriminator'])
def test_it_agrees_with_pytorch(player):
  random, y = np.random.default_rng(0), np.array([0, 2, 1, 2])
  if player == 'generator':
    ours = biggan.Generator(3, CLASSES, WIDTHS, shared=5, attention=8)
    twin = peers.Generator(3, CLASSES, WIDTHS, 5, 4, 8)
    x = {'latent': np.float32(random.normal(size=(4, 12))), 'class': y}
    given = torch.tensor(x['latent'])
  else:
    ours = biggan.Discriminator(CLASSES, (8, 16, 16), 2, attention=8)
    twin = peers.Discriminator(16, 3, CLASSES, (8, 16, 16), 2, 8)
    image = np.float32(random.uniform(-1, 1, (4, 16, 16, 3)))
    x, given = {'image': image, 'class': y}, torch.tensor(image.transpose(0, 3, 1, 2))
  variables = jax.jit(ours.init, static_argnames='train')(
    jax.random.key(1), x, train=False
  )
  shaken = lambda leaf: leaf + np.float32(0.2 * random.normal(size=leaf.shape))
  params = jax.tree.map(shaken, variables['params'])
  extra = {name: tree for name, tree in variables.items() if name != 'params'}
  agree.filled(twin, peers.of_player(params))
  matched = pairs(twin, extra['spectral'])
  assert len(matched) == len(spectral.kernels({'params': params, **extra}))
  for buffer, own in matched:
    buffer.copy_(torch.tensor(own))

  @jax.jit
  def run(params):
    def total(params):
      output, moved = ours.apply(
        {'params': params, **extra}, x, train=True, mutable=list(extra)
      )
      return jnp.sum(jnp.sin(3 * output)), (output, moved)

    return jax.grad(total, has_aux=True)(params)

  gradients, (output, moved) = run(params)
  expected = twin(given, torch.tensor(y))
  torch.sin(3 * expected).sum().backward()
  flat = lambda y: y.permute(0, 2, 3, 1) if y.ndim == 4 else y
  agree.assert_close(output, flat(expected.detach()), 1e-5)
  scale = max(float(p.grad.abs().max()) for p in twin.parameters())
  carried = peers.of_player(gradients)
  for parameter, own in zip(twin.parameters(), carried, strict=True):
    agree.assert_close(own, parameter.grad, 1e-4, least=1e-2 * scale)
  for buffer, own in pairs(twin, moved['spectral']):
    agree.assert_close(own, buffer, 1e-5)

  if stats := moved.get('batch_stats'):
    for buffer, own in pairs(twin, stats):
      buffer.copy_(torch.tensor(own))  # PyTorch keeps the unbiased variance
  rested = jax.jit(ours.apply, static_argnames='train')(
    {'params': params, **moved}, x, train=False
  )
  with torch.no_grad():
    agree.assert_close(rested, flat(twin.eval()(given, torch.tensor(y))), 1e-5)


def test_the_regulariser_is_the_authors_twice_over():
  weight = np.float32(np.random.default_rng(0).normal(size=(3, 3, 2, 4)))
  params = {'convolution': {'kernel': jnp.asarray(weight), 'bias': jnp.ones(4)}}
  params['embedding'] = {'embedding': jnp.ones((5, 3))}
  slope = jax.grad(dependence)(params)
  w = torch.tensor(weight.transpose(3, 2, 0, 1)).flatten(1)
  authors = 2 * (w @ w.T * (1 - torch.eye(4))) @ w
  expected = 2 * authors.reshape(4, 2, 3, 3).permute(2, 3, 1, 0)
  agree.assert_close(slope['convolution']['kernel'], expected, 1e-6)
  np.testing.assert_array_equal(slope['embedding']['embedding'], 0)
