"""Images with boxes: arrays of one size, moved together; bad boxes are refused."""

import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from dl_core.config import Config
from dl_core.data import annotated, detection, moved, pillow, proposals
from dl_core.types import Batch, UserError


def png(pixels):
  file = io.BytesIO()
  Image.fromarray(pixels).save(file, 'PNG')
  return file.getvalue()


def entry(boxes, sides=(20, 40), shares=False):
  boxes = np.array(boxes, np.float64).reshape(-1, 4)
  pixels = np.full((*sides, 3), 200, np.uint8)
  labels, hard = np.arange(len(boxes)), np.zeros(len(boxes), bool)
  return annotated.Entry(
    pillow.File('cat.png', png(pixels)), boxes, labels, hard, shares
  )


def test_an_image_is_scaled_evenly_into_the_top_left_of_its_frame():
  found = annotated.framed(entry([[4, 2, 20, 10]]), (32, 32, 3), 3)
  np.testing.assert_array_equal(found.extent, [16, 32])
  assert (found.image[:16] == 200).all()
  assert not found.image[16:].any()
  np.testing.assert_allclose(found.boxes, [[3.2, 1.6, 16, 8], [0] * 4, [0] * 4])
  assert found.labels.tolist() == [0, annotated.PADDING, annotated.PADDING]
  assert found.weight.tolist() == [1, 0, 0]
  shares = entry([[0.1, 0.1, 0.5, 0.5]], shares=True)
  np.testing.assert_allclose(
    annotated.framed(shares, (32, 32, 3), 1).boxes, found.boxes[:1]
  )


def test_a_difficult_object_is_there_and_weighs_nothing():
  hard = entry([[4, 2, 20, 10]])._replace(difficult=np.array([True]))
  found = annotated.framed(hard, (20, 40, 3), 2)
  assert (found.labels.tolist(), found.weight.tolist()) == ([0, -1], [0, 0])


@pytest.mark.parametrize(
  ('box', 'words'),
  [
    ([4, 5, 4, 9], 'object 2 of cat.png has the box 4, 5, 4, 9, which has no area'),
    ([9, 5, 4, 9], 'has no area'),
    ([-3, 5, 4, 9], 'reaches beyond its 40 x 20 pixels'),
    ([1, 5, 4, 21], 'reaches beyond its 40 x 20 pixels'),
  ],
)
def test_a_bad_box_is_refused_by_file_and_object(box, words):
  with pytest.raises(UserError, match=words):
    annotated.framed(entry([[1, 1, 9, 9], box]), (20, 40, 3), 5)


def test_an_image_with_too_many_objects_is_refused_and_never_cut():
  with pytest.raises(UserError, match=r'has 3 objects.*--objects=3'):
    annotated.framed(entry([[1, 1, 9, 9]] * 3), (20, 40, 3), 2)


def test_a_set_without_boxes_is_refused_with_what_it_has(digits_dir):
  with pytest.raises(
    UserError, match='hold image, label; wanted are image and objects'
  ):
    annotated.prepared('digits', digits_dir)


@pytest.fixture(scope='module')
def batch():
  image = np.arange(2 * 8 * 8 * 3, dtype=np.float32).reshape(2, 8, 8, 3)
  x = {'image': image, 'extent': np.array([[8, 8], [8, 6]], np.float32)}
  found = np.array([[[1, 2, 4, 7], [0] * 4], [[0, 1, 6, 3], [2, 2, 5, 4]]], np.float32)
  labels = np.array([[3, -1], [0, 1]], np.int32)
  return Batch(x, {'boxes': found, 'labels': labels}, {'boxes': labels >= 0})


def flips(change, batch):
  """Returns for many keys what the change makes of a batch."""
  return [change(jax.random.key(seed), batch) for seed in range(8)]


def test_mirrored_boxes_hold_the_same_pixels(batch):
  seen = set()
  for found in flips(moved.flipped, batch):
    for n in range(2):
      left, top, right, bottom = batch.y['boxes'][n, 0].astype(int)
      before = batch.x['image'][n, top:bottom, left:right]
      west, north, east, south = np.asarray(found.y['boxes'][n, 0]).astype(int)
      after = np.asarray(found.x['image'])[n, north:south, west:east]
      turned = not np.array_equal(after, before)
      np.testing.assert_array_equal(after[:, ::-1] if turned else after, before)
      seen.add((n, turned))
    np.testing.assert_array_equal(found.y['boxes'][0, 1], [0] * 4)  # padding stays
    beyond = np.s_[1, :, 6:]  # of the extent
    np.testing.assert_array_equal(found.x['image'][beyond], batch.x['image'][beyond])
  assert seen == {(n, turned) for n in range(2) for turned in (False, True)}


def test_images_are_turned_upside_down_with_their_boxes(batch):
  found = [each.y['boxes'][1, 0].tolist() for each in flips(moved.turned, batch)]
  assert {*map(tuple, found)} == {(0, 1, 6, 3), (0, 5, 6, 7)}


def test_a_computed_batch_has_boxes_inside_of_its_images(digits_dir):
  found = annotated.prepared('clutter_many', digits_dir)
  how = proposals.Searched('single', 4)
  data = detection.load(Config(batch_size=8), found, (24, 32), 3, searched=how)
  batch = data.sample(jax.random.key(0))
  for spec, leaf in zip(
    jax.tree.leaves(data.spec.batch), jax.tree.leaves(batch), strict=True
  ):
    assert (spec.shape, spec.dtype) == (leaf.shape, leaf.dtype)
  for boxes in (batch.y['boxes'], batch.x['proposals']):
    assert (boxes[..., 2:] > boxes[..., :2]).all()
    assert (boxes >= 0).all()
    assert (boxes <= np.array([32, 24, 32, 24])).all()
  assert jnp.isfinite(batch.x['image']).all()


@pytest.mark.parametrize('resident_bytes', [2**30, 0])
@pytest.mark.parametrize('train_size', [0, 12])
def test_objects_are_those_of_the_training_images_and_no_pixel_is_decoded(
  monkeypatch, resident_bytes, train_size
):
  random = np.random.RandomState(0)
  entries = []
  for n in range(40):
    low = random.randint(0, 8, (n % 3, 2))
    found = entry(np.concatenate([low, low + random.randint(1, 12, low.shape)], axis=1))
    entries.append(found._replace(difficult=np.arange(n % 3) == 1))
  of = annotated.Annotated(
    source='own/1',
    classes=('cat', 'dog'),
    declared={'train': 40},
    count=lambda split: 40,
    entries=lambda split, numbers: [entries[number] for number in numbers],
    digests=dict,
    notes=(),
    features=annotated.features(('cat', 'dog')),
  )
  c = Config(batch_size=4, resident_bytes=resident_bytes)
  data = detection.load(c, of, (32, 32), 2, train_size=train_size)
  boxes, labels, extents = [], [], []
  for batch in data.splits['train']():
    real = (batch.weight['boxes'] > 0) & (batch.weight['image'][:, None] > 0)
    boxes.append(batch.y['boxes'][real])
    labels.append(batch.y['labels'][real])
    extents.append(batch.x['extent'][np.nonzero(real)[0]])
  monkeypatch.setattr(pillow, 'decoded', None)
  found = data.objects()
  assert len(found.boxes) > 2
  for one, other in zip(found, (boxes, labels, extents), strict=True):
    np.testing.assert_allclose(one, np.concatenate(other), rtol=1e-6)


def test_of_a_large_set_every_nth_image_is_looked_at(monkeypatch):
  monkeypatch.setattr(detection, 'COUNTED', 8)
  asked = []

  def entries(split, numbers):
    asked.extend(map(int, numbers))
    return [entry([[1, 2, 3, 4]])] * len(numbers)

  of = annotated.Annotated(
    source='own/1',
    classes=('cat',),
    declared={'train': 20, 'test': 5, 'validation': 5},
    count=lambda split: 20,
    entries=entries,
    digests=dict,
    notes=(),
    features=annotated.features(('cat',)),
  )
  found = detection.load(Config(batch_size=4), of, (20, 40), 2).objects()
  assert asked == [*range(0, 20, 3)]
  np.testing.assert_array_equal(found.boxes, [[1, 2, 3, 4]] * 7)
