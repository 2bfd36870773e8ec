"""Players of StyleGAN agree with their peers: same weights and noise, same answers."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import stylegan
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.stylegan')

MAPS = (6, 5, 4)  # of 16 pixels


@pytest.mark.parametrize('player', ['generator', 'discriminator'])
def test_it_agrees_with_pytorch(player):
  random = np.random.default_rng(0)
  more: tuple = ()
  if player == 'generator':
    ours, twin = stylegan.Generator(3, MAPS, 6, 2), peers.Generator(3, MAPS, 6, 6, 2)
    x = np.float32(random.normal(size=(8, 6)))
    given = torch.tensor(x)
    sides = [4 * 2 ** (n // 2) for n in range(6)]
    noise = [
      jax.random.normal(jax.random.key(n), (1, s, s)) for n, s in enumerate(sides)
    ]
    more = ([torch.tensor(np.asarray(each)) for each in noise],)
  else:
    ours, twin = stylegan.Discriminator(MAPS, 7), peers.Discriminator(3, MAPS, 7)
    x = np.float32(random.uniform(-1, 1, (8, 16, 16, 3)))
    given = torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
  variables = jax.jit(ours.init, static_argnames='train')(
    jax.random.key(1), x, train=False
  )
  shaken = lambda leaf: leaf + np.float32(0.3 * random.normal(size=leaf.shape))
  params = jax.tree.map(shaken, variables['params'])
  agree.filled(twin, peers.of_player(params, player))

  @jax.jit
  def run(params, x):
    def total(params, x):
      output = ours.apply({**variables, 'params': params}, x, train=False)
      return jnp.sum(jnp.sin(output)), output

    def penalised(params):  # R1: a gradient of a gradient
      (_, output), slope = jax.value_and_grad(total, 1, has_aux=True)(params, x)
      steep = jnp.sum(jnp.square(slope)) if player == 'discriminator' else 0.0
      return jnp.sum(jnp.sin(output)) + steep, output

    return jax.grad(penalised, has_aux=True)(params)

  gradients, output = run(params, x)
  expected = twin(given, *more)
  value = torch.sin(expected).sum()
  if player == 'discriminator':
    (slope,) = torch.autograd.grad(value, given, create_graph=True)
    value = value + slope.square().sum()
  value.backward()
  answer = expected.detach()
  answer = answer.permute(0, 2, 3, 1) if player == 'generator' else answer
  agree.assert_close(output, answer, 1e-5)
  scale = max(
    float(p.grad.abs().max()) for p in twin.parameters() if p.grad is not None
  )
  carried = peers.of_player(gradients, player)
  for parameter, own in zip(twin.parameters(), carried, strict=True):
    theirs = np.zeros(own.shape) if parameter.grad is None else parameter.grad
    agree.assert_close(own, theirs, 1e-4, least=1e-2 * scale)
