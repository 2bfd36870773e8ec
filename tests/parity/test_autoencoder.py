"""The autoencoder agrees with its peer: same weights, loss and gradients."""

import dataclasses
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.types import Batch
from experiments import autoencoder
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.autoencoder')


@pytest.mark.parametrize('hidden', [(9, 8, 7), ()], ids=['deep', 'linear'])
@pytest.mark.parametrize('loss', ['cross_entropy', 'squared_error'])
def test_it_agrees_with_pytorch(loss, hidden, digits_dir):
  c = dataclasses.replace(
    autoencoder.BENCH, batch_size=3, size=4, hidden=hidden, code=5, loss=loss, drop=0.0
  )
  e = autoencoder.build(dataclasses.replace(c, data_dir=digits_dir))
  draw = np.random.default_rng(0)
  whole = np.float32(draw.uniform(size=(3, 4, 4, 1)))
  part = whole * (draw.uniform(size=whole.shape) > 0.3)  # both are handed the same
  batch = Batch(jnp.asarray(part), jnp.asarray(whole), jnp.ones(3))
  params = jax.jit(e.task.init)(jax.random.key(1), batch)['params']
  params = agree.shaken(params, 0.1)
  compiled = jax.jit(jax.value_and_grad(e.task.losses[0], has_aux=True))
  (value, _), gradients = compiled(params, {}, batch, jax.random.key(2))

  peer = peers.peer(c, e.data.spec)
  agree.filled(peer.module, peers.carried(params))
  agree.assert_same(peer, batch, value, peers.carried(gradients))


def test_the_peer_blackens_the_share_of_pixels_that_is_asked_for():
  torch.manual_seed(0)
  found = peers.blackened(torch.ones(100, 100), 0.25)
  assert set(found.unique().tolist()) == {0.0, 1.0}
  assert float(found.mean()) == pytest.approx(0.75, abs=0.02)
