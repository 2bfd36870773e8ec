"""The VAE agrees with its peer: same weights and noise, same loss and gradients."""

import dataclasses
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import vae as models
from dl_core.types import Batch
from experiments import vae
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.vae')


@pytest.mark.parametrize('samples', [1, 3])
def test_it_agrees_with_pytorch(samples, digits_dir, monkeypatch):
  c = dataclasses.replace(
    vae.BENCH, dataset='digits', batch_size=4, size=4, hidden=(9, 8), code=3,
    samples=samples,
  )  # fmt: skip
  e = vae.build(dataclasses.replace(c, data_dir=digits_dir))
  peer = peers.peer(c, e.data.spec)
  draw = np.random.default_rng(0)
  noise = np.float32(draw.normal(size=peer.turns[0].noise))
  drawn, shapes = models.drawn, set()

  def given(posterior, own):
    shapes.add(own.shape)
    return drawn(posterior, jnp.asarray(noise))

  monkeypatch.setattr(models, 'drawn', given)
  white = draw.integers(2, size=(4, 4, 4, 1))
  batch = Batch(jnp.float32(white), jnp.asarray(white), jnp.ones(4))
  params = jax.jit(e.task.init)(jax.random.key(1), batch)['params']
  params = agree.shaken(params, 0.1)
  compiled = jax.jit(jax.value_and_grad(e.task.losses[0], has_aux=True))
  (value, _), gradients = compiled(params, {}, batch, jax.random.key(2))
  assert shapes == {noise.shape}

  agree.filled(peer.module, peers.carried(params))
  carried = peers.carried(gradients)
  agree.assert_same(peer, batch, value, carried, torch.tensor(noise))


@pytest.mark.parametrize(
  'changes',
  [{'objective': 'iwae'}, {'likelihood': 'gaussian', 'levels': 17}, {'maps': (4,)}],
  ids=str,
)
def test_what_has_no_peer_is_refused(changes):
  with pytest.raises(ValueError, match='has no peer'):
    peers.peer(dataclasses.replace(vae.BENCH, **changes), None)
