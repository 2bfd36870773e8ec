import numpy as np
import pytest

from dl_core.interpret import filters
from dl_core.report import svg


@pytest.mark.parametrize(('channels', 'count'), [(1, 6), (3, 64), (3, 100), (1, 1)])
def test_a_report_draws_filters_up_to_the_most(channels, count):
  kernel = np.random.default_rng(0).normal(size=(5, 5, channels, count))
  variables = {'params': {'C1': {'kernel': kernel}}}
  (picture,) = filters.report('C1', 'kernel')(variables, {}, None, None)
  assert ('the first 64 of 100' in picture.caption) == (count == 100)
  assert svg.draw(picture).art.startswith('<svg')


def test_every_filter_lies_in_its_place():
  kernel = np.zeros((4, 2, 3, 11), np.float32)
  kernel[..., :] = np.linspace(-1, 1, 11)
  image = filters.tiles(kernel)
  tall, wide = (filters.SCALE * n + filters.GAP for n in (4, 2))
  assert image.shape == (2 * tall - filters.GAP, 8 * wide - filters.GAP, 4)
  for n in range(11):
    row, column = divmod(n, 8)
    tile = image[row * tall :, column * wide :][
      : tall - filters.GAP, : wide - filters.GAP
    ]
    np.testing.assert_allclose(tile[..., :3], n / 10, atol=1e-6)
    assert np.all(tile[..., 3] == 1)
  assert image[..., 3].sum() == 11 * (tall - filters.GAP) * (wide - filters.GAP)


def test_zero_is_in_the_middle_of_one_scale():
  kernel = np.zeros((2, 2, 3, 2), np.float32)
  kernel[0, 0, 0, 1] = -4
  image = filters.tiles(kernel)
  np.testing.assert_array_equal(image[0, 0], (0.5, 0.5, 0.5, 1))
  np.testing.assert_array_equal(image[0, -1], (0.5, 0.5, 0.5, 1))
  assert image[0, 2 * filters.SCALE + filters.GAP, 0] == 0
  grey = filters.tiles(kernel[:, :, :1])
  assert grey[0, 0].min() > 0.9  # white is zero
  blue = grey[0, 2 * filters.SCALE + filters.GAP]
  assert blue[2] > blue[0] + 0.2


def test_a_path_that_is_not_there_is_told_with_what_is():
  with pytest.raises(KeyError, match='there is bias, kernel'):
    filters.find({'C1': {'bias': 0, 'kernel': 0}}, ('C1', 'weights'))
  with pytest.raises(KeyError, match='nothing more'):
    filters.find({'C1': np.zeros(2)}, ('C1', 'kernel'))


@pytest.mark.parametrize('shape', [(5, 5, 2, 6), (5, 6)])
def test_a_kernel_that_is_no_image_is_refused(shape):
  with pytest.raises(ValueError, match='is wanted'):
    filters.picture(np.zeros(shape), 'C1/kernel')
