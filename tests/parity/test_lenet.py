"""Both LeNets agree with PyTorch's own modules: same weights, outputs and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import metrics
from dl_core.models import lenet

torch = pytest.importorskip(
  'torch', reason='parity needs the bench extra: pip install -e .[bench]'
)

# Table I of the paper, read by columns: what each map of C3 reads.
READS = (
  *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
  *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
  *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
  (0, 1, 2, 3, 4, 5),
)


class Subsampling(torch.nn.Module):
  def __init__(self, maps):
    super().__init__()
    self.coefficient = torch.nn.Parameter(torch.empty(maps))
    self.bias = torch.nn.Parameter(torch.empty(maps))

  def forward(self, x):
    total = 4 * torch.nn.functional.avg_pool2d(x, 2)
    return total * self.coefficient[:, None, None] + self.bias[:, None, None]


class PartialConvolution(torch.nn.Module):
  def __init__(self):
    super().__init__()
    self.bias = torch.nn.Parameter(torch.empty(len(READS)))
    self.maps = torch.nn.ModuleList(
      torch.nn.Conv2d(len(reads), 1, 5, bias=False) for reads in READS
    )

  def forward(self, x):
    maps = [one(x[:, reads]) for one, reads in zip(self.maps, READS, strict=True)]
    return torch.cat(maps, dim=1) + self.bias[:, None, None]


class Squash(torch.nn.Module):
  def forward(self, x):
    return 1.7159 * torch.tanh(x * 2 / 3)


class Penalties(torch.nn.Module):
  def forward(self, x):
    codes = torch.tensor(lenet.CODES, dtype=x.dtype)
    return -((x[:, None] - codes) ** 2).sum(dim=-1)


def modern():
  relu, pool = torch.nn.ReLU, torch.nn.MaxPool2d
  return torch.nn.Sequential(
    *(torch.nn.Conv2d(1, 6, 5), relu(), pool(2)),
    *(torch.nn.Conv2d(6, 16, 5), relu(), pool(2), torch.nn.Flatten()),
    *(torch.nn.Linear(400, 120), relu(), torch.nn.Linear(120, 84), relu()),
    torch.nn.Linear(84, 10),
  )


def of_1998():
  return torch.nn.Sequential(
    *(torch.nn.Conv2d(1, 6, 5), Squash(), Subsampling(6), Squash()),
    *(PartialConvolution(), Squash(), Subsampling(16), Squash(), torch.nn.Flatten()),
    *(torch.nn.Linear(400, 120), Squash(), torch.nn.Linear(120, 84), Squash()),
    Penalties(),
  )


def map_criterion(logits, labels):
  y = -logits
  right = y[torch.arange(len(y)), labels]
  return (right + torch.log(np.exp(-10) + torch.exp(-y).sum(dim=1))).mean()


def carried(params):
  """Lays our parameters (or their gradients) out as PyTorch's modules hold theirs."""
  for name in ('C1', 'S2', 'C3', 'S4', 'C5', 'F6', 'output'):
    layer = {key: np.asarray(leaf) for key, leaf in params.get(name, {}).items()}
    if name == 'C3' and layer['kernel'].ndim == 3:
      _, targets = np.nonzero(lenet.CONNECTED)
      yield layer['bias'].ravel()
      for target in range(16):
        yield layer['kernel'][:, :, targets == target].transpose(2, 0, 1)[None]
    elif name in ('C1', 'C3'):
      yield from (layer['kernel'].transpose(3, 2, 0, 1), layer['bias'])
    elif name == 'C5':  # PyTorch flattens channel by channel, we place by place
      yield (
        layer['kernel'].reshape(5, 5, 16, 120).transpose(3, 2, 0, 1).reshape(120, -1)
      )
      yield layer['bias']
    elif 'coefficient' in layer:
      yield from (layer['coefficient'].ravel(), layer['bias'].ravel())
    elif layer:
      yield from (layer['kernel'].T, layer['bias'])


def assert_close(found, expected, tolerance):
  scale = np.max(np.abs(expected))
  np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
  ('model', 'reference', 'loss', 'reference_loss'),
  [
    (lenet.LeNet(), modern, metrics.cross_entropy, torch.nn.functional.cross_entropy),
    (lenet.LeNet1998(), of_1998, lenet.map_criterion, map_criterion),
  ],
  ids=['modern', '1998'],
)
def test_it_agrees_with_pytorch(model, reference, loss, reference_loss):
  x = jax.random.normal(jax.random.key(0), (8, 32, 32, 1))
  labels = jnp.arange(8)
  init = jax.jit(model.init, static_argnames='train')
  params = init(jax.random.key(1), x, train=False)['params']

  def mean_loss(params):
    logits = model.apply({'params': params}, x, train=True)
    return jnp.mean(loss(logits, labels)), logits

  compiled = jax.jit(jax.value_and_grad(mean_loss, has_aux=True))
  (value, logits), gradients = compiled(params)

  twin = reference()
  with torch.no_grad():
    for parameter, ours in zip(twin.parameters(), carried(params), strict=True):
      parameter.copy_(torch.tensor(ours))
  output = twin(torch.tensor(np.asarray(x).transpose(0, 3, 1, 2)))
  result = reference_loss(output, torch.tensor(np.asarray(labels, np.int64)))
  result.backward()

  assert_close(logits, output.detach().numpy(), 1e-5)
  np.testing.assert_allclose(value, result.item(), rtol=1e-5)
  for parameter, ours in zip(twin.parameters(), carried(gradients), strict=True):
    assert_close(ours, parameter.grad.numpy(), 1e-5)
