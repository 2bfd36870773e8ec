"""Detectors: sizes of the published ones, and what they share with a classifier."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import trees
from dl_core.launch.families import trunks
from dl_core.layers import regions
from dl_core.models import backbones, rcnn, resnet, vgg
from dl_core.models.weights import exchange
from tests.layers.test_regions import whole

SMALL = functools.partial(vgg.VGG, (1, 2, 1), width=2, classes=5)
NARROW = functools.partial(
  resnet.ResNet, (1, 1, 2, 1), block=resnet.Bottleneck, width=4, classes=5
)


def made(model, side=64):
  images = jnp.zeros((1, side, side, 3))
  return jax.eval_shape(lambda: model.init(jax.random.key(0), images, train=False))


def count(model):
  return sum(leaf.size for leaf in jax.tree.leaves(made(model)['params']))


@pytest.mark.parametrize(
  ('trunk', 'classes', 'proposer', 'parameters'),
  [
    ('vgg16', 21, None, 134_690_729),
    ('vgg16', 4, None, 134_342_484),
    ('vgg16', 21, (512, 9, 2), 137_078_239),
    ('vgg16', 81, (512, 9, 1), 138_302_722),
    ('resnet50', 21, (512, 9, 2), 28_469_983),
    ('resnet101', 21, (512, 9, 2), 47_462_111),
    ('resnet152', 21, (1_024, 15, 1), 67_874_036),
  ],
)
def test_the_published_networks_have_their_numbers_of_parameters(
  trunk, classes, proposer, parameters
):
  own = trunks.backbone(trunk, (), 0, 0)
  model = rcnn.RCNN(
    classes, own.trunk, own.head, own.bins, proposer and rcnn.Proposer(*proposer)
  )
  assert count(model) == parameters


@pytest.mark.parametrize(
  ('classifier', 'trunk', 'head', 'bins'),
  [
    (SMALL, backbones.VGGTrunk, backbones.VGGHead, 7),
    (NARROW, backbones.ResNetTrunk, backbones.ResNetHead, 14),
  ],
)
def test_all_of_a_classifier_but_its_output_is_in_the_detector(
  classifier, trunk, head, bins
):
  model = rcnn.RCNN(3, trunk(classifier), head(classifier), bins)
  wanted, found = made(classifier())['params'], made(model)['params']
  assert found.keys() - wanted.keys() == {'boxes'}
  for name in wanted.keys() - {'output'}:
    assert jax.tree.map(jnp.shape, found[name]) == jax.tree.map(jnp.shape, wanted[name])


@pytest.mark.parametrize('name', ['vgg16', 'resnet50', 'small'])
def test_what_is_taken_are_layers_that_there_are(name):
  own = trunks.backbone(name, (4, 8), 1, 6)
  found = made(rcnn.RCNN(3, own.trunk, own.head, own.bins))['params']
  assert {*own.taken} <= found.keys()
  assert own.stages
  for stage in own.stages:
    assert {*stage} <= {*own.taken}
  assert {'output', 'boxes'} & {*own.taken} == set()


def test_fast_rcnn_on_all_places_of_an_image_is_vggs_second_dense_layer():
  # At 56 pixels and stride 4, as at 224 and 16, the map has 14 places a side, and
  # pooling it into 7 bins is the classifier's last pooling.
  classifier = SMALL()
  images = jax.random.normal(jax.random.key(1), (2, 56, 56, 3))
  variables = classifier.init(jax.random.key(0), images, train=False)
  kept = classifier.apply(
    variables, images, train=False, capture_intermediates=True, mutable='intermediates'
  )[1]['intermediates']
  wanted = jax.nn.relu(kept['dense_2']['__call__'][0])
  model = rcnn.RCNN(3, backbones.VGGTrunk(SMALL), backbones.VGGHead(SMALL), 7)
  more = model.init(jax.random.key(2), images, train=False)['params']
  own = {
    'params': more | {k: v for k, v in variables['params'].items() if k != 'output'}
  }
  maps = model.apply(own, images, train=False, method='maps')
  assert maps.shape[1:3] == (14, 14)
  box = whole(14, 14, 4)
  pooled = jnp.concatenate([regions.pooled(one, box, 4, 7) for one in maps])
  found = model.apply(own, pooled, train=False, method='features')
  np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize('name', ['vgg16', 'resnet50'])
def test_a_file_of_the_classifier_gives_all_that_it_has_and_no_more(name, monkeypatch):
  narrow = {'vgg16': SMALL, 'resnet50': NARROW}[name]
  monkeypatch.setitem(trunks.MEMBERS, name, narrow)
  own = trunks.backbone(name, (), 0, 0)
  classifier = narrow()
  images = jnp.zeros((1, 64, 64, 3))
  variables = classifier.init(jax.random.key(0), images, train=False)
  arrays = exchange.given(variables, own.names)
  model = rcnn.RCNN(3, own.trunk, own.head, own.bins, rcnn.Proposer(4, 2))
  like = trees.flatten(model.init(jax.random.key(1), images, train=False))
  found = exchange.taken('file', arrays, own.names, like, own.taken)
  anew = {name.split('.')[1] for name in like.keys() - found.leaves.keys()}
  assert anew == {'output', 'boxes', 'proposer'}
  wanted = trees.flatten(variables)
  for path, leaf in found.leaves.items():
    np.testing.assert_array_equal(leaf, wanted[path])
