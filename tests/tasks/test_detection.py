"""Detection: what is learned of anchors and regions, and what is detected."""

import functools
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks
from dl_core.layers import boxes
from dl_core.models import backbones, rcnn
from dl_core.tasks import detection, judging, proposals
from dl_core.tasks.proposals import Proposing, Regions, Truth
from dl_core.types import Batch

SIDE = 32
SETTINGS = Proposing(4, (8, 14), (0.5, 1, 2), sampled=16, smallest=2)
ANCHORS = jnp.asarray(boxes.anchors(8, 8, 4, SETTINGS.sizes, SETTINGS.ratios))
EXTENT = jnp.array([SIDE, SIDE], jnp.float32)


def truth(*corners, real=None):
  found = jnp.array(corners, jnp.float32).reshape(-1, 4)
  there = jnp.ones(len(found), bool) if real is None else jnp.array(real)
  return Truth(found, jnp.arange(len(found)) % 3, there)


TWO = truth((3, 4, 12, 15), (14, 14, 30.0625, 24.03125))


def test_every_object_has_an_anchor_also_one_that_none_overlaps_enough():
  used = proposals.usable(ANCHORS, EXTENT, False)
  small = truth((3, 4, 12, 15), (20, 5, 23, 8))
  positive, negative, which = proposals.matched(ANCHORS, used, small, SETTINGS)
  assert {*np.asarray(which[positive]).tolist()} == {0, 1}
  assert not (positive & negative).any()
  assert not ((positive | negative) & ~used).any()
  best = boxes.overlap(ANCHORS, small.boxes).max(axis=1)
  between = (best >= SETTINGS.negative) & (best < SETTINGS.positive) & ~positive
  assert between.any()
  assert not (between & (positive | negative)).any()


def test_equal_anchors_are_all_objects():
  twice = jnp.concatenate([ANCHORS, ANCHORS])
  used = jnp.ones(len(twice), bool)
  positive, _, _ = proposals.matched(twice, used, truth((3, 4, 12, 15)), SETTINGS)
  np.testing.assert_array_equal(*np.split(np.asarray(positive), 2))


def test_anchors_beyond_the_image_are_not_learned_unless_all_are():
  half = jnp.array([16.0, 32])
  used = np.asarray(proposals.usable(ANCHORS, half, False))
  assert used.any()
  assert (np.asarray(ANCHORS)[used, 3] <= 16).all()
  assert (np.asarray(ANCHORS)[used] >= 0).all()
  tiny = np.asarray(proposals.usable(ANCHORS, jnp.array([5.0, 5]), False))
  np.testing.assert_array_equal(
    tiny, np.asarray(proposals.usable(ANCHORS, jnp.array([5.0, 5]), True))
  )
  assert tiny.any()


def test_a_sample_of_anchors_is_half_objects_at_most_and_filled_with_background():
  logits, changes = jnp.zeros((len(ANCHORS), 1)), jnp.zeros((len(ANCHORS), 4))
  given = {'anchors': ANCHORS, 'settings': SETTINGS}
  key = jax.random.key(0)
  total, _, count = proposals.losses(key, logits, changes, EXTENT, TWO, **given)
  assert count == SETTINGS.sampled
  assert total / count == pytest.approx(np.log(2))
  none = TWO._replace(real=jnp.zeros(2, bool))
  total, moved, count = proposals.losses(key, logits, changes, EXTENT, none, **given)
  assert (count, moved) == (SETTINGS.sampled, 0)
  assert np.isfinite(total)


def test_the_two_logits_of_a_softmax_have_the_loss_of_their_difference():
  random = np.random.RandomState(0)
  two = jnp.asarray(random.standard_normal((len(ANCHORS), 2)), jnp.float32)
  one = two[:, 1:] - two[:, :1]
  changes = jnp.zeros((len(ANCHORS), 4))
  run = functools.partial(
    proposals.losses, changes=changes, extent=EXTENT, truth=TWO, anchors=ANCHORS,
    settings=SETTINGS,
  )  # fmt: skip
  key = jax.random.key(0)
  np.testing.assert_allclose(run(key, two), run(key, one), rtol=1e-5)


def test_the_smooth_loss_is_quadratic_then_linear():
  error = jnp.array([[0.05, 0, 0, 0], [0, -2, 0, 0]])
  found = proposals.smooth(error, 0.1)
  np.testing.assert_allclose(found, [0.5 * 0.05**2 / 0.1, 2 - 0.05], rtol=1e-6)


def test_proposals_are_the_best_apart_and_inside_of_the_image():
  random = np.random.RandomState(0)
  logits = jnp.asarray(random.standard_normal((len(ANCHORS), 1)), jnp.float32)
  changes = jnp.asarray(0.3 * random.standard_normal((len(ANCHORS), 4)), jnp.float32)
  run = functools.partial(
    proposals.proposed, logits, changes, EXTENT, ANCHORS, SETTINGS
  )
  found = run(10)
  assert found.real.all()
  assert ((found.boxes >= 0) & (found.boxes <= SIDE)).all()
  shared = np.asarray(boxes.overlap(found.boxes, found.boxes))
  assert (shared[np.triu_indices(10, 1)] <= SETTINGS.overlap).all()
  decoded = boxes.clipped(boxes.decode(ANCHORS, changes), EXTENT)
  np.testing.assert_allclose(found.boxes[0], decoded[logits[:, 0].argmax()], atol=1e-4)
  every = run(1_000)
  assert 0 < every.real.sum() < 1_000
  np.testing.assert_array_equal(every.boxes[:10], found.boxes)


def test_a_sample_of_regions_has_the_objects_themselves_and_no_empty_slot_counts():
  given = Regions(ANCHORS, jnp.ones(len(ANCHORS), bool))
  settings = judging.Judging(sampled=24)
  chosen = judging.sample(jax.random.key(0), given, TWO, settings)
  assert chosen.weight.sum() == 24
  assert (chosen.labels > 0).sum() <= 6
  none = Regions(ANCHORS, jnp.zeros(len(ANCHORS), bool))
  chosen = judging.sample(jax.random.key(0), none, TWO, settings)
  real = np.asarray(chosen.weight) > 0
  np.testing.assert_array_equal(np.asarray(chosen.boxes)[real], TWO.boxes)
  np.testing.assert_array_equal(np.asarray(chosen.labels)[real], TWO.labels + 1)
  np.testing.assert_array_equal(np.asarray(chosen.to)[real], TWO.boxes)


def test_background_may_have_a_least_overlap():
  given = Regions(ANCHORS, jnp.ones(len(ANCHORS), bool))
  low = judging.Judging(sampled=500, low=0.1)
  chosen = judging.sample(jax.random.key(0), given, TWO, low)
  others = np.asarray(chosen.boxes)[
    (np.asarray(chosen.labels) == 0) & (np.asarray(chosen.weight) > 0)
  ]
  shared = np.asarray(boxes.overlap(others, TWO.boxes)).max(axis=1)
  assert len(others)
  assert ((shared >= 0.1) & (shared < 0.5)).all()


def test_only_the_boxes_of_the_true_class_are_learned():
  chosen = judging.Sample(TWO.boxes + 1, jnp.array([2, 0]), TWO.boxes, jnp.ones(2))
  changes = jnp.zeros((2, 4, 4))
  run = functools.partial(
    judging.losses, jnp.zeros((2, 4)), chosen=chosen, settings=judging.Judging()
  )
  _, moved, count = run(changes)
  assert count == 2
  assert moved > 0
  assert run(changes.at[0, 1].set(9).at[1].set(9))[1] == moved
  assert run(changes.at[0, 2].set(9))[1] != moved


def test_detections_are_sure_apart_and_the_surest_first():
  found = jnp.concatenate([TWO.boxes, TWO.boxes + 0.5, TWO.boxes])
  regions = Regions(found, jnp.array([True] * 4 + [False] * 2))
  logits = jnp.array(
    [[0, 4, 0.0], [0, 0, 6], [0, 3, 0], [0, 5, 0], [0, 9, 0], [9, 0, 0]]
  )
  settings = judging.Judging(score=0.3)
  said = judging.detected(logits, jnp.zeros((6, 3, 4)), regions, EXTENT, settings)
  there = np.asarray(said.scores) > 0
  np.testing.assert_array_equal(said.labels[there], [1, 0, 0])
  np.testing.assert_allclose(said.boxes[there], found[jnp.array([1, 3, 0])], atol=1e-4)
  assert (np.diff(said.scores) <= 0).all()


@pytest.fixture(scope='module')
def faster():
  model = rcnn.RCNN(
    4, backbones.SmallTrunk((4, 6), 2), backbones.SmallHead(8), 3, rcnn.Proposer(8, 6)
  )
  system = detection.System(model, 4, judging.Judging(sampled=8), SETTINGS)
  random = np.random.RandomState(0)
  found = np.stack([np.pad(TWO.boxes, ((0, 1), (0, 0)))] * 2)
  x = {
    'image': random.standard_normal((2, SIDE, SIDE, 3)).astype(np.float32),
    'extent': np.full((2, 2), SIDE, np.float32),
  }
  y = {'boxes': found, 'labels': np.array([[0, 1, -1]] * 2, np.int32)}
  weight = {'image': np.ones(2, np.float32), 'boxes': np.array([[1, 1, 0.0]] * 2, 'f')}
  batch = Batch(x, y, weight)
  task = detection.detection(system)
  variables = task.init(jax.random.key(0), batch)
  extra = {'batch_stats': variables['batch_stats']}
  loss = jax.jit(
    lambda b: task.losses[0](variables['params'], extra, b, jax.random.key(1))
  )
  return types.SimpleNamespace(
    task=task,
    batch=batch,
    variables=variables,
    loss=loss,
    system=system,
    sums=jax.jit(lambda b: task.metrics(variables, b, jax.random.key(1))),
  )


def test_more_padding_changes_nothing(faster):
  before = faster.loss(faster.batch)[0]
  pad = lambda leaf: np.concatenate([leaf, leaf[:, -1:]], axis=1)
  y = {name: pad(leaf) for name, leaf in faster.batch.y.items()}
  weight = faster.batch.weight | {'boxes': pad(faster.batch.weight['boxes'])}
  more = faster.batch._replace(y=y, weight=weight)
  one, other = faster.sums(faster.batch), faster.sums(more)
  for name in ('anchor_loss', 'anchor_box_loss', 'recall'):
    np.testing.assert_allclose(one[name], other[name], rtol=1e-5)
  assert np.isfinite(before)


def test_images_without_objects_have_finite_losses_and_only_background(faster):
  weight = faster.batch.weight | {'boxes': np.zeros((2, 3), np.float32)}
  y = faster.batch.y | {'boxes': np.zeros((2, 3, 4), np.float32)}
  loss, (_, sums) = faster.loss(faster.batch._replace(y=y, weight=weight))
  assert np.isfinite(loss)
  assert sums['box_loss'][0] == sums['anchor_box_loss'][0] == 0
  assert sums['recall'] == (0, 0)


def test_an_image_of_padding_counts_for_nothing(faster):
  weight = {'image': np.array([1, 0], 'f'), 'boxes': faster.batch.weight['boxes']}
  half = faster.sums(faster.batch._replace(weight=weight))
  assert half['loss'][1] == 1
  assert half['recall'][1] == 2
  assert half['anchor_loss'][1] == SETTINGS.sampled


def test_under_bfloat16_boxes_stay_float32(faster):
  lowered = tasks.computed_in(faster.task, 'bfloat16')
  seen = []

  def spied(system, run, found, boxes):
    seen.append((jax.tree.leaves(run.params)[0].dtype, boxes))
    return judged(system, run, found, boxes)

  judged = detection.judged
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(detection, 'judged', spied)
    found = jax.jit(
      lambda b: (lowered.metrics(faster.variables, b, jax.random.key(0)), seen[0][1])
    )(faster.batch)[1]
  assert (seen[0][0], found.dtype) == (jnp.bfloat16, jnp.float32)
  truths = {tuple(box) for box in np.asarray(TWO.boxes).tolist()}
  assert truths <= {tuple(box) for box in np.asarray(found).reshape(-1, 4).tolist()}
