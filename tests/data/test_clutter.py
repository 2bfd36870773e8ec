"""Scenes are always the same, and their boxes and masks are those of the digits."""

import numpy as np
import pytest

from dl_core.data import clutter, objects, sources
from dl_core.data.builders import cluttered
from dl_core.types import UserError

MANY = 40


@pytest.fixture(scope='module')
def ink():
  return cluttered.inks()


def scenes(kind, ink, split='train', count=MANY):
  return [
    clutter.draw(
      clutter.generator(kind, split, number), clutter.KINDS[kind], ink[split]
    )
    for number in range(count)
  ]


def test_no_digit_is_in_two_splits(ink):
  seen = [{image.tobytes() for image in each.images} for each in ink.values()]
  assert [len(each.labels) for each in ink.values()] == [1_258, 180, 359]
  assert not seen[0] & seen[2]
  assert not seen[1] & seen[2]


@pytest.mark.parametrize('kind', clutter.KINDS)
def test_a_scene_depends_on_its_kind_split_and_number_alone(kind, ink):
  first, again = scenes(kind, ink, count=3), scenes(kind, ink, count=3)
  for one, other in zip(first, again, strict=True):
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.boxes, other.boxes)
  assert not np.array_equal(first[0].image, first[1].image)
  other = scenes(kind, ink | {'test': ink['train']}, split='test', count=1)[0]
  assert not np.array_equal(first[0].image, other.image)


@pytest.mark.parametrize('kind', clutter.KINDS)
def test_boxes_and_masks_say_where_the_digits_are(kind, ink):
  own, counts = clutter.KINDS[kind], set()
  for scene in scenes(kind, ink):
    counts.add(len(scene.boxes))
    assert scene.image.shape == (own.side, own.side, 3)
    assert scene.image.dtype == scene.mask.dtype == np.uint8
    assert {*scene.labels.tolist()} <= {*range(own.classes)}
    assert {*np.unique(scene.mask)} - {0, clutter.VOID} <= {*(scene.labels + 1)}
    outside = scene.mask.copy()
    for (left, top, right, bottom), label in zip(
      scene.boxes, scene.labels, strict=True
    ):
      assert 0 <= left < right <= own.side
      assert 0 <= top < bottom <= own.side
      assert np.any(scene.mask[top:bottom, left:right] == label + 1)
      outside[top:bottom, left:right] = 0
    assert {*np.unique(outside)} <= {0, clutter.VOID}
  assert counts == {*range(own.digits[0], own.digits[1] + 1)}


def test_the_box_of_a_single_digit_is_that_of_its_mask(ink):
  for scene in scenes('one', ink):
    rows, columns = np.nonzero((scene.mask > 0) & (scene.mask < clutter.VOID))
    ends = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    np.testing.assert_array_equal(scene.boxes, [ends])


def test_a_ring_of_one_pixel_around_a_digit_is_void():
  mask = np.zeros((5, 6), np.uint8)
  clutter.mark(mask, np.array([[True, True], [False, False]]), 2, 3, 7)
  ring = np.zeros((5, 6), np.uint8)
  ring[1:4, 2:6] = clutter.VOID
  ring[2, 3:5] = 7
  np.testing.assert_array_equal(mask, ring)


def test_digits_of_a_scene_hardly_overlap(ink):
  for scene in scenes('many', ink):
    for number, box in enumerate(scene.boxes):
      for other in scene.boxes[:number]:
        assert clutter.overlap(box, other) <= clutter.OVERLAP
  inner, outer = np.array([1, 1, 3, 3]), np.array([0, 0, 4, 4])
  assert clutter.overlap(inner, outer) == clutter.overlap(outer, inner) == 1
  assert clutter.overlap(inner, inner + 1) == 0.25


@pytest.mark.parametrize('texture', [0.0, 0.25])
def test_a_digit_is_brighter_than_what_it_covers(texture):
  for seed in range(20):
    random = np.random.RandomState(seed)
    patch = random.uniform(0, 0.6, (8, 8, 3))
    before = clutter.luma(patch).mean()
    clutter.digit(random, patch, np.ones((8, 8)), 0, 0, texture)
    assert clutter.luma(patch).mean() >= before + clutter.CONTRAST - texture - 1e-9


def test_resizing_keeps_a_ramp_and_repeats_the_edges():
  ramp = np.broadcast_to(np.arange(8.0), (8, 8))
  wide = clutter.resized(ramp, 16)
  np.testing.assert_allclose(np.diff(wide[3, 1:-1]), 0.5)
  np.testing.assert_allclose(wide[:, [0, -1]], [[0, 7]] * 16)
  np.testing.assert_array_equal(clutter.resized(ramp, 8), ramp)


def test_a_prepared_set_says_what_was_drawn(clutter_dir, ink):
  declaration = sources.declare('clutter_one', clutter_dir)
  assert declaration.counts == clutter.SPLITS
  drawn = scenes('one', ink, 'test', 5)
  found = sources.records(declaration, 'test')
  for example, scene in zip(found.__getitems__(range(5)), drawn, strict=True):
    np.testing.assert_array_equal(example['image'], scene.image)
    np.testing.assert_array_equal(example['segmentation_mask'][..., 0], scene.mask)
    assert example['label'] == scene.labels[0] == example['objects']['label'][0]
  boxes = objects.single('clutter_one', clutter_dir, 'test', 64)
  assert len(boxes) == clutter.SPLITS['test']
  np.testing.assert_array_equal(
    boxes[:5], np.concatenate([scene.boxes for scene in drawn])
  )
  half = objects.single('clutter_one', clutter_dir, 'test', 32)
  np.testing.assert_array_equal(half, boxes / 2)


def test_a_set_without_boxes_is_refused_with_what_it_has(digits_dir):
  with pytest.raises(UserError, match='hold image, label; wanted are objects'):
    objects.single('digits', digits_dir, 'test', 8)


def test_an_image_of_two_objects_is_refused_by_its_number(monkeypatch, clutter_dir):
  example = {'objects': {'bbox': np.zeros((2, 4), np.float32)}}
  monkeypatch.setattr(sources, 'examples', lambda *_, **__: iter([example]))
  with pytest.raises(UserError, match=r'image 0 of test in .* has 2 objects'):
    objects.single('clutter_one', clutter_dir, 'test', 64)
