"""The benchmark's Fast R-CNN in PyTorch has our loss and gradient, nothing sampled."""

import dataclasses
import importlib

import jax
import pytest

from dl_core import train
from dl_core.data import generated
from experiments import fast_rcnn
from tests.parity import agree

pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.fast_rcnn')


def test_one_step_has_our_loss_and_gradient(tmp_path):
  c = dataclasses.replace(
    fast_rcnn.TINY, data_dir=str(tmp_path), regions=1_000, batch_size=2, share=1.0
  )
  e = fast_rcnn.build(c)
  state = train.init_state(e, jax.random.key(0))
  batch = generated.batch(e.data, jax.random.key(1))
  loss = lambda params: e.task.losses[0](params, state.extra, batch, jax.random.key(2))
  (value, _), gradient = jax.value_and_grad(loss, has_aux=True)(state.params)
  twin = peers.peer(c, e.data.spec)
  agree.filled(twin.module, peers.carried(state.params))
  (turn,) = twin.turns
  found = turn.loss(*twin.tensors(batch))
  found.backward()
  agree.assert_close(found.detach(), value)
  for own, wanted in zip(
    twin.module.parameters(), peers.carried(gradient), strict=True
  ):
    agree.assert_close(own.grad, wanted, 1e-4, 1e-3)
