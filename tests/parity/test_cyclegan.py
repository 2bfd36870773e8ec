"""Players of a CycleGAN agree with their peers: same weights, same answers."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import cyclegan
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.cyclegan')


@pytest.mark.parametrize('player', ['there', 'first'])
def test_it_agrees_with_pytorch(player):
  model = cyclegan.make(width=6, blocks=1, layers=2)
  ours = getattr(model, player)
  twin = peers.generator(3, 6, 1) if player == 'there' else peers.critic(3, 6, 2)
  x = np.float32(np.random.default_rng(0).uniform(-1, 1, (2, 24, 20, 3)))
  params = jax.jit(ours.init, static_argnames='train')(
    jax.random.key(1), x, train=False
  )['params']
  params = jax.tree.map(lambda leaf: 5 * leaf, params)
  agree.filled(twin, peers.of_player(params))

  @jax.jit
  def run(params, x):
    def total(params, x):
      output = ours.apply({'params': params}, x, train=True)
      return jnp.sum(jnp.sin(3 * output)), output

    return jax.grad(total, (0, 1), has_aux=True)(params, x)

  (gradients, by_x), output = run(params, x)
  theirs = torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
  expected = twin(theirs)
  torch.sin(3 * expected).sum().backward()
  answer = expected.detach().permute(0, 2, 3, 1)
  agree.assert_close(output, answer if player == 'there' else answer[..., 0], 1e-5)
  agree.assert_close(by_x, theirs.grad.permute(0, 2, 3, 1), 1e-4)
  scale = max(float(p.grad.abs().max()) for p in twin.parameters())
  for parameter, own in zip(
    twin.parameters(), peers.of_player(gradients), strict=True
  ):  # an instance norm takes the biases before it away
    agree.assert_close(own, parameter.grad, 1e-4, least=0.1 * scale)
