"""R-CNN reports both of its judges; settings of detectors that clash are refused."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from dl_core import train
from dl_core.launch.families import detectors
from dl_core.types import UserError
from experiments import faster_rcnn, rcnn


def test_both_judges_are_reported(digits_dir):
  c = dataclasses.replace(rcnn.TINY, data_dir=digits_dir, judge='svm', svm_images=16)
  e = rcnn.build(c)
  test = e.data.splits['test']
  few = e.data._replace(splits={**e.data.splits, 'test': lambda: [next(iter(test()))]})
  state = train.init_state(e, jax.random.key(0))
  found = e.scores(state.variables, few, jax.random.key(0))
  assert {'map', 'map_svm', 'map75', 'map75_svm'} <= found.keys()
  assert all(0 <= value <= 1 for value in found.values())


@pytest.mark.parametrize(
  ('module', 'settings', 'words'),
  [
    (rcnn, {'crop': 16, 'context': 8}, '--context=8 .* give --context=7 or less'),
    (faster_rcnn, {'widths': (4, 4), 'halving': 3}, '--halving=3 .* give 2 or less'),
    (faster_rcnn, {'image_size': (32,)}, '--image_size=32 .* two numbers'),
  ],
)
def test_settings_that_clash_are_refused(module, settings, words, tmp_path):
  c = dataclasses.replace(module.TINY, data_dir=str(tmp_path), **settings)
  with pytest.raises(UserError, match=words):
    module.build(c)


def test_frozen_stages_are_the_first_ones_with_all_their_layers():
  names = ('convolution', 'norm', 'stage_1_block_1', 'stage_2_block_1', 'output')
  params = {name: {'kernel': jnp.ones(2)} for name in names}
  c = detectors.Config(trunk='resnet50', frozen=2, init_from='resnet50.pth', warmup=0)
  moves = detectors.descent(c, detectors.backbone(c))
  updates, _ = moves.update(params, moves.init(params), params)
  still = {name for name in names if not updates[name]['kernel'].any()}
  assert still == {'convolution', 'norm', 'stage_1_block_1'}
