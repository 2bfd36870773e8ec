"""Both LeNets agree with their peers: same weights, outputs and gradients."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import lenet
from dl_core.tasks import measures
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.lenet')


@pytest.mark.parametrize(
  ('model', 'twin', 'loss', 'variant'),
  [
    (lenet.LeNet(), lambda: peers.modern(1, 6, 10), measures.cross_entropy, 'modern'),
    (lenet.LeNet1998(), lambda: peers.of_1998(1), lenet.map_criterion, '1998'),
  ],
  ids=['modern', '1998'],
)
def test_it_agrees_with_pytorch(model, twin, loss, variant):
  x = jax.random.normal(jax.random.key(0), (8, 32, 32, 1))
  labels = jnp.arange(8)
  init = jax.jit(model.init, static_argnames='train')
  params = init(jax.random.key(1), x, train=False)['params']

  def mean_loss(params):
    logits = model.apply({'params': params}, x, train=True)
    return jnp.mean(loss(logits, labels)), logits

  compiled = jax.jit(jax.value_and_grad(mean_loss, has_aux=True))
  (value, logits), gradients = compiled(params)

  twin = agree.filled(twin(), peers.carried(params))
  images = torch.tensor(np.asarray(x).transpose(0, 3, 1, 2))
  output = twin(images)
  result = peers.CRITERIA[variant](output, torch.tensor(np.asarray(labels, np.int64)))
  result.backward()

  agree.assert_close(logits, output.detach(), 1e-5)
  np.testing.assert_allclose(value, result.item(), rtol=1e-5)
  for parameter, own in zip(twin.parameters(), peers.carried(gradients), strict=True):
    agree.assert_close(own, parameter.grad, 1e-5)
