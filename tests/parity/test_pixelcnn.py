"""Four networks over pixels agree with their peers: same weights, loss, gradients.

Grey images have two levels, coloured ones three. Width and height differ.
"""

import dataclasses
import importlib
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import pixelcnn as models
from dl_core.types import Batch
from experiments import pixelcnn
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.pixelcnn')


@pytest.mark.parametrize(('colours', 'levels'), [(1, 2), (3, 3)], ids=['grey', 'rgb'])
@pytest.mark.parametrize('net', models.NETS)
def test_it_agrees_with_pytorch(net, colours, levels, digits_dir):
  c = dataclasses.replace(
    pixelcnn.BENCH, dataset='digits', batch_size=2, size=4, net=net, layers=2, width=6,
    head=9, levels=levels,
  )  # fmt: skip
  e = pixelcnn.build(dataclasses.replace(c, data_dir=digits_dir))
  y = np.random.default_rng(0).integers(levels, size=(2, 4, 5, colours))
  batch = Batch(jnp.float32(y / (levels - 1)), jnp.asarray(y), jnp.ones(2))
  params = jax.jit(e.task.init)(jax.random.key(1), batch)['params']
  params = agree.shaken(params, 0.1)
  compiled = jax.jit(jax.value_and_grad(e.task.losses[0], has_aux=True))
  (value, _), gradients = compiled(params, {}, batch, jax.random.key(2))

  peer = peers.peer(c, e.data.spec._replace(batch=batch))
  agree.filled(peer.module, peers.carried(params))
  agree.assert_same(peer, batch, value, peers.carried(gradients))


@pytest.mark.parametrize('net', models.NETS)
def test_the_peer_has_as_many_layers_and_features_as_ours_unless_given(net):
  c = dataclasses.replace(pixelcnn.BENCH, net=net)
  x = jax.ShapeDtypeStruct((2, 28, 28, 1), np.float32)
  model = models.PixelCNN(net, 2, *models.NETS[net], (c.head,))
  shapes = jax.eval_shape(lambda x: model.init(jax.random.key(0), x, train=False), x)
  empty = jax.tree.map(lambda leaf: np.zeros(leaf.shape), shapes['params'])
  spec = types.SimpleNamespace(batch=Batch(x, x, None))
  agree.filled(peers.peer(c, spec).module, peers.carried(empty))


def test_a_model_of_classes_has_no_peer():
  with pytest.raises(ValueError, match='drop --conditional'):
    peers.peer(dataclasses.replace(pixelcnn.BENCH, net='gated', conditional=True), None)
