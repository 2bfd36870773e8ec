"""A context encoder agrees with its peer: same weights, loss and gradients."""

import dataclasses
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.types import Batch
from experiments import inpainting
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.inpainting')


def test_it_agrees_with_pytorch(digits_dir):
  c = dataclasses.replace(
    inpainting.BENCH, batch_size=3, size=16, widths=(4, 6, 8, 10), code=7
  )
  e = inpainting.build(dataclasses.replace(c, data_dir=digits_dir))
  x = np.random.RandomState(0).rand(3, 16, 16, 1).astype(np.float32)
  batch = Batch(jnp.asarray(x), jnp.zeros(3, jnp.int32), jnp.ones(3))
  params = jax.jit(e.task.init)(jax.random.key(1), batch)['params']
  compiled = jax.jit(jax.value_and_grad(e.task.losses[0], has_aux=True))
  (value, _), gradients = compiled(params, {}, batch, jax.random.key(2))

  peer = peers.peer(c, e.data.spec)
  agree.filled(peer.module, peers.carried(params))
  result = peer.turns[0].loss(*peer.tensors(batch))
  result.backward()
  np.testing.assert_allclose(value, result.item(), rtol=1e-5)
  for parameter, own in zip(
    peer.module.parameters(), peers.carried(gradients), strict=True
  ):
    agree.assert_close(own, parameter.grad, 1e-4)
