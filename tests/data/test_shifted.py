import numpy as np
import pytest

from dl_core import config
from dl_core.data import shifted
from dl_core.types import UserError
from experiments import mlp

ORDER = [4094, 2125, 8725, 672]
SPLITS = ('train', 'validation', 'test')


@pytest.fixture
def make(digits_dir):
  """make(size, train_size, batch_size) -> the Data of shifted digits."""

  def data(size, train_size=0, batch_size=8, **options):
    c = config.Config(data_dir=digits_dir, batch_size=batch_size, **options)
    return shifted.load(c, size, train_size)

  return data


def test_every_digit_lies_once_at_every_place(make, load, digits_dir, everything):
  plain, moved = load(digits_dir, size=8), make(9)
  for split in SPLITS:
    (x, y), (wide, labels) = everything(plain, split), everything(moved, split)
    assert len(labels) == 4 * len(y)
    np.testing.assert_array_equal(np.bincount(labels), 4 * np.bincount(y))
    corners = [wide[:, a : a + 8, b : b + 8] for a in (0, 1) for b in (0, 1)]
    found = {window.tobytes() for window in np.concatenate(corners)}
    assert {image.tobytes() for image in x} <= found
    np.testing.assert_allclose(wide.sum(), 4 * x.sum(), rtol=1e-5)  # and no more ink


def test_a_digit_keeps_its_label_wherever_it_lies():
  x = np.arange(1, 129, dtype=np.uint8).reshape(2, 8, 8, 1)
  fields = shifted.placed(x, 10, np.arange(18)).reshape(2, 9, 10, 10, 1)
  for digit, own in zip(x, fields, strict=True):
    for place, field in enumerate(own):
      row, column = divmod(place, 3)
      window = np.s_[row : row + 8, column : column + 8]
      np.testing.assert_array_equal(field[window], digit)
      assert field.sum() == digit.sum()


def test_a_smaller_training_set_is_part_of_a_larger_one(make, everything):
  few, more = (everything(make(9, size), 'train')[0] for size in (50, 200))
  np.testing.assert_array_equal(few, more[:50])
  np.testing.assert_array_equal(
    everything(make(9, 50), 'test')[0], everything(make(9), 'test')[0]
  )


def test_what_cannot_be_is_refused_in_a_sentence(make):
  with pytest.raises(UserError, match=r'--size=7 was given, but a digit is 8 pixels'):
    make(7)
  with pytest.raises(UserError, match=r'1,258 digits at every .* make 5,032 examples'):
    make(9, 5_033)


def test_examples_of_more_bytes_than_may_live_on_the_device_are_refused(make):
  whole = 4 * 1_258 * 9 * 9
  make(9, resident_bytes=whole)
  with pytest.raises(
    UserError, match=r'--size=9 was given, at which 5,032 training ex'
  ):
    make(9, resident_bytes=whole - 1)
  make(9, 100, resident_bytes=whole - 1)
  with pytest.raises(UserError, match='smaller --size'):
    make(1_000)


def test_the_fixed_order_is_the_one_that_figures_were_measured_with():
  # NumPy does not promise that a Generator's stream stays as it is.
  found = np.random.default_rng(0).permutation(11_322)[:4]
  assert found.tolist() == ORDER


def test_the_perceptron_reads_them_and_refuses_what_they_have_not(digits_dir):
  options = {'data_dir': digits_dir, 'size': 9, 'train_size': 64}
  c = mlp.Config(dataset='shifted_digits', **options)
  assert mlp.load(c).spec.batch.x.shape == (64, 9, 9, 1)
  c = mlp.Config(dataset='shifted_digits', label_noise=0.1, **options)
  with pytest.raises(UserError, match=r'--label_noise=0.1 was given, but shifted_digi'):
    mlp.load(c)
