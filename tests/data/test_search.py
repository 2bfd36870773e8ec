"""Selective search: boxes of regions and of their unions, always the same."""

import colorsys
import itertools

import numpy as np
import pytest

from dl_core.data import colours, felzenszwalb, proposals, search

BOXES = [(4, 4, 20, 24), (20, 4, 40, 24), (4, 24, 40, 44)]


@pytest.fixture(scope='module')
def three():
  """An image of three rectangles that touch, on black."""
  image = np.zeros((48, 48, 3), np.uint8)
  for (left, top, right, bottom), colour in zip(
    BOXES, [(250, 20, 20), (20, 240, 20), (30, 30, 250)], strict=True
  ):
    image[top:bottom, left:right] = colour
  return image


def union(*several):
  corners = np.array(several)
  return (*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0))


def test_rectangles_their_unions_and_the_whole_image_are_found(three):
  found = {tuple(box) for box in search.search(three, sigma=0).astype(int).tolist()}
  alone = {*BOXES, (0, 0, 48, 48)}
  unions = {union(*some) for n in (2, 3) for some in itertools.combinations(BOXES, n)}
  assert alone <= found <= alone | unions
  assert found & unions


def test_proposals_of_an_image_are_always_the_same_and_none_is_there_twice(three):
  one, again = search.search(three), search.search(three)
  np.testing.assert_array_equal(one, again)
  assert one.dtype == np.float32
  assert len(np.unique(one, axis=0)) == len(one)


def test_an_image_of_one_colour_is_one_region_and_one_proposal():
  image = np.full((16, 20, 3), 99, np.uint8)
  np.testing.assert_array_equal(search.search(image), [[0, 0, 20, 16]])


def test_grouping_takes_the_most_alike_first(three):
  labels = felzenszwalb.regions(three / 255, 100, 20, sigma=0)
  assert labels.max() == 3
  values = three.astype(float) / 255
  values[24:44, 4:40] = [0.95, 0.05, 0.08]  # like the first rectangle
  start = search.described(values, search.textures(values), labels)
  found = search.grouped(labels, start, 'C')
  assert tuple(found[4]) == union(BOXES[0], BOXES[2])
  assert len(found) == 7
  np.testing.assert_array_equal(found[-1], [0, 0, 48, 48])
  np.testing.assert_allclose(start.colour.sum(axis=1), 1)


def test_regions_are_those_that_are_connected_and_large_enough():
  image = np.zeros((12, 12, 3))
  image[:, 6:] = 1
  image[0, 0] = 1  # too small to be a region
  labels = felzenszwalb.regions(image, 10, 5, sigma=0)
  assert labels.max() == 1
  np.testing.assert_array_equal(labels[:, :6], np.full((12, 6), labels[3, 3]))


def test_hues_are_those_of_the_standard_library():
  random = np.random.RandomState(0)
  some = np.concatenate([random.uniform(size=(50, 3)), np.eye(3), np.full((1, 3), 0.5)])
  wanted = [colorsys.rgb_to_hsv(*colour) for colour in some]
  np.testing.assert_allclose(colours.hsv(some), wanted, atol=1e-12)


def test_lab_of_white_black_and_red():
  found = colours.lab(np.array([[1.0, 1, 1], [0, 0, 0], [1, 0, 0]]))
  wanted = np.array([[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]]) / 100
  np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_proposals_of_a_set_are_kept_and_padded(three, tmp_path, monkeypatch):
  arrays = {
    'image': np.stack([three, three]), 'extent': np.array([[48, 48], [48, 24]]),
  }  # fmt: skip
  how = proposals.Searched('single', 99)
  found = proposals.kept(arrays, 'test', how, tmp_path)
  assert found['proposals'].shape == (2, 99, 4)
  real = found['proposed'] > 0
  assert 0 < real.sum() < 198
  assert not found['proposals'][~real].any()
  assert found['proposals'][1, :, 2].max() == 24  # inside of what is no padding
  monkeypatch.setattr(search, 'search', None)
  again = proposals.kept(arrays, 'test', how, tmp_path)
  np.testing.assert_array_equal(again['proposals'], found['proposals'])
  with pytest.raises(TypeError):  # other pixels are searched anew
    proposals.kept(arrays | {'image': arrays['image'] + 1}, 'test', how, tmp_path)
