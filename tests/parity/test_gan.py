"""The DCGAN of 64 pixels agrees with its peer: same weights, same answers."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import gan
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.gan')


def statistics(stats):
  for n in range(len(stats)):
    yield from (np.asarray(stats[f'BatchNorm_{n}'][key]) for key in ('mean', 'var'))


@pytest.mark.parametrize('player', ['generator', 'discriminator'])
def test_it_agrees_with_pytorch(player):
  model = gan.dcgan(64, 3, latent=10, width=8)
  ours, made = getattr(model, player), player == 'generator'
  if made:
    x = jax.random.normal(jax.random.key(0), (8, 10))
    theirs = torch.tensor(np.asarray(x))
  else:
    x = jax.random.uniform(jax.random.key(0), (8, 64, 64, 3), minval=-1)
    theirs = torch.tensor(np.asarray(x).transpose(0, 3, 1, 2))
  variables = jax.jit(ours.init, static_argnames='train')(
    jax.random.key(1), x, train=False
  )
  twin = peers.dcgan(64, 3, latent=10, width=8)[player]
  agree.filled(twin, peers.of_player(variables['params'], player))

  @jax.jit
  def run(params):
    def total(params):
      output, moved = ours.apply(
        variables | {'params': params}, x, train=True, mutable=['batch_stats']
      )
      return jnp.sum(jnp.sin(output)), (output, moved['batch_stats'])

    return jax.grad(total, has_aux=True)(params)

  gradients, (output, moved) = run(variables['params'])
  expected = twin(theirs)
  torch.sin(expected).sum().backward()
  flat = expected.detach().permute(0, 2, 3, 1) if made else expected.detach()
  agree.assert_close(output, flat, 1e-5)
  carried = peers.of_player(gradients, player)
  for parameter, own in zip(twin.parameters(), carried, strict=True):
    agree.assert_close(own, parameter.grad, 1e-4)

  # PyTorch keeps the unbiased variance, linen the biased one.
  running = [b.numpy() for b in twin.buffers() if b.ndim]
  for own, kept in zip(list(statistics(moved))[::2], running[::2], strict=True):
    agree.assert_close(own, kept, 1e-4)

  stats = list(statistics(moved))
  with torch.no_grad():
    for buffer, own in zip([b for b in twin.buffers() if b.ndim], stats, strict=True):
      buffer.copy_(torch.tensor(own))
    flat = twin.eval()(theirs)
  flat = flat.permute(0, 2, 3, 1) if made else flat
  rested = ours.apply({**variables, 'batch_stats': moved}, x, train=False)
  agree.assert_close(rested, flat, 1e-5)
