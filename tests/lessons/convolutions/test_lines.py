"""Line detectors, and how a layer relates to its definition."""

import numpy as np
import pytest

from dl_core.lessons.convolutions import lines
from tests import finish


@pytest.fixture(scope='module')
def found():
  return lines.measure(np.random.default_rng(0), 40)


def test_each_filter_finds_its_line_and_a_map_moves_with_its_image(found):
  picture = lines.picture(found)
  assert len(picture.claims) == 3
  assert all(finish.held([picture]).values()), picture.claims
  assert picture.draw().axes


def test_the_claims_fail_of_what_does_otherwise(found):
  for wrong in (
    found._replace(own=found.other, other=found.own),
    found._replace(moved=0.1),
    found._replace(looped=found.turned, turned=found.looped),
  ):
    held = finish.held([lines.picture(wrong)])
    assert sum(held.values()) == 2, held


def test_a_map_is_what_the_definition_says():
  random = np.random.default_rng(1)
  image, kernel = random.standard_normal((9, 7)), random.standard_normal((3, 2))
  expected = [
    [
      sum(image[i + m, j + n] * kernel[m, n] for m in range(3) for n in range(2))
      for j in range(6)
    ]
    for i in range(7)
  ]
  np.testing.assert_allclose(lines.correlated(image, kernel), expected)


def test_a_filter_answers_1_on_its_line_and_0_where_nothing_changes():
  kernels = lines.detectors()[:, :, 0]
  np.testing.assert_allclose(kernels.sum(axis=(0, 1)), 0, atol=1e-6)
  answers = np.einsum('dij,ijf->df', lines.drawn(lines.SIDE), kernels)
  np.testing.assert_allclose(np.diag(answers), 1, rtol=1e-6)
  assert (answers - np.eye(4)).max() < 0.01


def test_every_image_has_a_whole_line_of_each_direction():
  images, where = lines.sample(np.random.default_rng(2), 10)
  assert images.shape == where.shape == (10, 28, 28)
  for number in range(4):
    assert ((where == number).sum(axis=(1, 2)) == lines.LENGTH).all()
