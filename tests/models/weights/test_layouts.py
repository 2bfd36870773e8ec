"""A layer computes the same with its arrays laid out here as PyTorch's would there."""

import numpy as np
import pytest

from dl_core.models.weights import layouts


def drawn(*shape):
  return np.random.RandomState(0).standard_normal(shape).astype(np.float32)


def test_a_convolution_by_loops_is_the_same_here_and_there():
  x, weight = drawn(4, 5, 6), drawn(2, 4, 3, 3)  # [C, H, W] and [F, C, h, w]
  kernel = layouts.ours(weight, (3, 3, 4, 2))
  patch = x[:, 1:4, 2:5]
  there = np.sum(weight * patch, axis=(1, 2, 3))
  here = np.sum(kernel * patch.transpose(1, 2, 0)[..., None], axis=(0, 1, 2))
  np.testing.assert_allclose(here, there, rtol=1e-5)


@pytest.mark.parametrize('written', ['dense', 'convolution'])
def test_the_layer_after_a_map_reads_the_same_of_it(written):
  x, weight = drawn(4, 2, 3), drawn(5, 4, 2, 3)  # a map [C, h, w], seen by 5 units
  there = weight.reshape(5, -1) @ x.reshape(-1)  # flattened channel by channel
  given = weight if written == 'convolution' else weight.reshape(5, -1)
  kernel = layouts.ours(given, (24, 5), (2, 3))
  here = x.transpose(1, 2, 0).reshape(-1) @ kernel  # flattened place by place
  np.testing.assert_allclose(here, there, rtol=1e-5)


@pytest.mark.parametrize(
  ('shape', 'settings', 'laid'),
  [
    ((3, 3, 4, 2), {}, (2, 4, 3, 3)),
    ((4, 2), {}, (2, 4)),
    ((4, 2), {'pointwise': True}, (2, 4, 1, 1)),
    ((24, 5), {'sides': (2, 3)}, (5, 24)),
    ((7,), {}, (7,)),
  ],
)
def test_what_goes_there_comes_back(shape, settings, laid):
  array = drawn(*shape)
  there = layouts.theirs(array, **settings)
  assert there.shape == laid
  back = layouts.ours(there, shape, settings.get('sides', layouts.POINT))
  np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize(
  ('there', 'here', 'sides'),
  [
    ((2, 4, 3, 3), (3, 3, 5, 2), (1, 1)),  # another number of inputs
    ((2, 4, 5, 5), (3, 3, 4, 2), (1, 1)),  # a larger kernel
    ((5, 25), (24, 5), (2, 3)),  # no map of these sides
    ((5, 4, 3, 2), (24, 5), (2, 3)),  # a map lying on its side
    ((8,), (7,), (1, 1)),
    ((1,), (7,), (1, 1)),
    ((1, 2, 3), (1, 2, 3, 1), (1, 1)),
  ],
)
def test_an_array_of_another_shape_is_refused(there, here, sides):
  with pytest.raises(ValueError, match=r'is no|does not read|cannot reshape'):
    layouts.ours(drawn(*there), here, sides)
