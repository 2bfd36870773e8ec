"""The DCGAN of 64 pixels agrees with PyTorch's own modules: same weights, same answers.

The modules are laid out as those of pytorch/examples/dcgan.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import gan

torch = pytest.importorskip(
  'torch', reason='parity needs the bench extra: pip install -e .[bench]'
)
nn = torch.nn


def generator(latent, width, channels):
  maps = [8 * width, 4 * width, 2 * width, width]
  layers = [nn.ConvTranspose2d(latent, maps[0], 4, 1, 0, bias=False)]
  for before, after in zip(maps, [*maps[1:], channels], strict=True):
    layers += [nn.BatchNorm2d(before), nn.ReLU()]
    layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
  return nn.Sequential(*layers, nn.Tanh())


def discriminator(width, channels):
  maps = [width, 2 * width, 4 * width, 8 * width]
  layers = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
  for before, after in itertools.pairwise(maps):
    layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False)]
    layers += [nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
  return nn.Sequential(*layers, nn.Conv2d(maps[-1], 1, 4, 1, 0, bias=False))


def carried(params, transposed):
  """Lays our parameters (or gradients) out in the order of PyTorch's modules."""
  kind = 'ConvTranspose' if transposed else 'Conv'
  norms = 0
  for n in range(5):
    yield np.asarray(params[f'{kind}_{n}']['kernel']).transpose(3, 2, 0, 1)
    if n < 4 and (transposed or n > 0):
      own = params[f'BatchNorm_{norms}']
      norms += 1
      yield from (np.asarray(own['scale']), np.asarray(own['bias']))


def statistics(stats):
  for n in range(len(stats)):
    yield from (np.asarray(stats[f'BatchNorm_{n}'][key]) for key in ('mean', 'var'))


def assert_close(found, expected, tolerance):
  scale = np.max(np.abs(expected))
  np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=tolerance)


def first(x):
  """Lays images out as PyTorch has them, channels first."""
  return torch.tensor(np.asarray(x).transpose(0, 3, 1, 2))


@pytest.mark.parametrize('player', ['generator', 'discriminator'])
def test_it_agrees_with_pytorch(player):
  model = gan.dcgan(64, 3, latent=10, width=8)
  ours, made = getattr(model, player), player == 'generator'
  if made:
    x = jax.random.normal(jax.random.key(0), (8, 10))
    twin, theirs = generator(10, 8, 3), torch.tensor(np.asarray(x))[:, :, None, None]
  else:
    x = jax.random.uniform(jax.random.key(0), (8, 64, 64, 3), minval=-1)
    twin, theirs = discriminator(8, 3), first(x)
  variables = jax.jit(ours.init, static_argnames='train')(
    jax.random.key(1), x, train=False
  )
  with torch.no_grad():
    for parameter, own in zip(
      twin.parameters(), carried(variables['params'], made), strict=True
    ):
      parameter.copy_(torch.tensor(own))

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
  flat = expected.detach().numpy()
  flat = flat.transpose(0, 2, 3, 1) if made else flat[:, 0, 0, 0]
  assert_close(output, flat, 1e-5)
  for parameter, own in zip(twin.parameters(), carried(gradients, made), strict=True):
    assert_close(own, parameter.grad.numpy(), 1e-4)

  # PyTorch keeps the unbiased variance, linen the biased one.
  running = [b.numpy() for b in twin.buffers() if b.ndim]
  for own, kept in zip(list(statistics(moved))[::2], running[::2], strict=True):
    assert_close(own, kept, 1e-4)

  stats = list(statistics(moved))
  with torch.no_grad():
    for buffer, own in zip([b for b in twin.buffers() if b.ndim], stats, strict=True):
      buffer.copy_(torch.tensor(own))
    flat = twin.eval()(theirs).numpy()
  flat = flat.transpose(0, 2, 3, 1) if made else flat[:, 0, 0, 0]
  rested = ours.apply({**variables, 'batch_stats': moved}, x, train=False)
  assert_close(rested, flat, 1e-5)
