"""Whole networks for segmentation agree with their peers: logits, loss, gradients."""

import dataclasses
import functools
import importlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks
from dl_core.layers import pooling, upsampling
from dl_core.models import deconvnet, fcn, pspnet, unet
from dl_core.types import Batch
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
fcns, unets, deconvnets, pspnets = (
  importlib.import_module(f'dl_core.bench.peers.{name}')
  for name in ('fcn', 'unet', 'deconvnet', 'pspnet')
)
K = 3


class Case(NamedTuple):
  model: Any
  peer: Any  # the module of peers
  twin: Any  # () -> module
  sides: tuple[int, int]
  share: float = 0.0


def of_fcn(stride, small=False, upsample='bilinear', sides=(43, 62)):
  model = fcn.FCN(K, stride, width=2, hidden=6, upsampling=upsample, dropout=0.0)
  if small:
    model = fcn.small(K, stride, 2).clone(upsampling=upsample)
  return Case(model, fcns, lambda: fcns.FCN(model, 2), sides)


def of_unet(sides, **settings):
  model = unet.UNet(K, width=3, dropout=0.0, **settings)
  return Case(model, unets, lambda: unets.UNet(model, 2), sides)


def of_deconvnet(side=0):
  model = deconvnet.DeconvNet(K, (1, 2, 2), 3, 7, side)
  return Case(
    model, deconvnets, lambda: deconvnets.DeconvNet(model, 2, (24, 32)), (24, 32)
  )


def of_pspnet(sides, stem='deep', pyramid=pspnet.PYRAMID):
  model = pspnet.PSPNet(K, (1, 2, 2, 1), 4, stem, pyramid, dropout=0.0)
  return Case(model, pspnets, lambda: pspnets.PSPNet(model, 2), sides, 0.4)


CASES = {
  'fcn-32s': of_fcn(32),
  'fcn-16s': of_fcn(16),
  'fcn-8s': of_fcn(8),
  'fcn-8s, learned': of_fcn(8, upsample='learned'),
  'fcn-8s, small': of_fcn(8, small=True),
  'fcn-16s, small, learned': of_fcn(16, True, 'learned', (64, 32)),
  'u-net': of_unet((52, 60), levels=3),
  'u-net, padded': of_unet((16, 24), levels=3, padded=True, batch_norm=True),
  'u-net, without skips': of_unet((16, 8), levels=3, padded=True, skips=False),
  'deconvnet': of_deconvnet(),
  'deconvnet, small kernels': of_deconvnet(3),
  'pspnet, 8n + 1, odd regions': of_pspnet((57, 65)),
  'pspnet, 8n, regions that repeat': of_pspnet((32, 40)),
  'pspnet, stem of 7 x 7, no pyramid': of_pspnet((48, 56), 'imagenet', ()),
}


def drawn(params):
  """Parameters none of which is 0."""
  leaves, tree = jax.tree.flatten(params)
  keys = jax.random.split(jax.random.key(5), len(leaves))
  return jax.tree.unflatten(
    tree,
    [
      leaf + 0.1 * jax.random.normal(key, leaf.shape)
      for leaf, key in zip(leaves, keys, strict=True)
    ],
  )


@pytest.mark.parametrize('name', CASES)
def test_a_network_agrees_with_its_twin_in_training_and_evaluation(name):
  case = CASES[name]
  random = np.random.RandomState(0)
  x = random.rand(3, *case.sides, 2).astype(np.float32)
  # Batch norm divides by how much the means of the images differ.
  x *= np.array([0.2, 1, 3], np.float32)[:, None, None, None]
  model, key = case.model, jax.random.key(2)
  variables = jax.jit(functools.partial(model.init, train=False))(key, jnp.asarray(x))
  params, extra = drawn(variables['params']), dict(variables)
  del extra['params']
  said = jax.jit(functools.partial(model.apply, train=False))
  few = np.round(3 * x) / 3  # values, so that windows of the pooling hold equal ones
  logits = said({'params': params, **extra}, few)
  y = random.randint(0, K, logits.shape[:3])
  batch = Batch(jnp.asarray(x), jnp.asarray(y), jnp.ones(y.shape))
  task = tasks.segmentation(model, share=case.share)
  valued = jax.jit(jax.value_and_grad(task.losses[0], has_aux=True))
  (value, _), gradients = valued(params, extra, batch, key)

  twin = agree.filled(case.twin(), case.peer.carried(params))
  laid = lambda x: torch.tensor(x.transpose(0, 3, 1, 2).copy())
  labels = torch.tensor(y)
  twin.eval()
  with torch.no_grad():
    wanted = twin(laid(few)).permute(0, 2, 3, 1)
  agree.assert_close(logits, wanted, 1e-4)
  twin.train()
  outputs = twin(laid(x))
  first, *others = outputs if isinstance(outputs, tuple) else (outputs,)
  criterion = torch.nn.functional.cross_entropy
  loss = criterion(first, labels) + case.share * sum(
    criterion(each, labels) for each in others
  )
  loss.backward()
  np.testing.assert_allclose(value, loss.item(), rtol=1e-4)
  scale = max(float(p.grad.abs().max()) for p in twin.parameters())
  for parameter, own in zip(
    twin.parameters(), case.peer.carried(gradients), strict=True
  ):
    agree.assert_close(own, parameter.grad, 1e-3, least=scale / 10)


def test_places_of_maxima_are_those_of_pytorch_with_ties():
  x = np.random.RandomState(0).randint(0, 3, (2, 6, 8, 5)).astype(np.float32)
  there = torch.tensor(x.transpose(0, 3, 1, 2).copy())
  values, found = torch.nn.functional.max_pool2d(there, 2, return_indices=True)
  back = torch.nn.functional.max_unpool2d(values, found, 2)
  own, places = pooling.with_places(jnp.asarray(x))
  np.testing.assert_array_equal(own, values.permute(0, 2, 3, 1))
  np.testing.assert_array_equal(pooling.unpooled(own, places), back.permute(0, 2, 3, 1))


@pytest.mark.parametrize('corners', [False, True])
@pytest.mark.parametrize('given', [1, 2, 3, 6])
def test_interpolation_is_that_of_pytorch(given, corners):
  x = np.random.RandomState(0).rand(2, given, given, 3).astype(np.float32)
  wanted = torch.nn.functional.interpolate(
    torch.tensor(x.transpose(0, 3, 1, 2).copy()),
    (60, 13),
    mode='bilinear',
    align_corners=corners,
  )
  found = upsampling.resized(jnp.asarray(x), (60, 13), corners)
  agree.assert_close(found, wanted.permute(0, 2, 3, 1), 1e-5)


@pytest.mark.parametrize('name', ['fcn', 'unet', 'deconvnet', 'pspnet'])
def test_a_peer_is_made_from_the_settings_and_takes_our_weights(name, digits_dir):
  module = importlib.import_module(f'experiments.{name}')
  peers = importlib.import_module(f'dl_core.bench.peers.{name}')
  c = dataclasses.replace(module.TINY, data_dir=digits_dir)
  e = module.build(c)
  key = jax.random.key(0)
  batch = e.data.take(e.data.feed(key, 0), key, 0)
  params = jax.jit(e.task.init)(key, batch)['params']
  peer = peers.peer(c, e.data.spec)
  agree.filled(peer.module, peers.carried(params))
  (turn,) = peer.turns
  before = [parameter.detach().clone() for parameter in turn.moves]
  first = turn.loss(*peer.tensors(batch))
  first.backward()
  turn.optimizer(turn.moves).step()
  assert any(
    not torch.equal(old, new) for old, new in zip(before, turn.moves, strict=True)
  )
  assert np.isfinite(first.item())
