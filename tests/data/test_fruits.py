import numpy as np
import pytest
from scipy import stats

from dl_core.data import curved, fruits, splits
from dl_core.types import UserError

SHAPE_COLOUR = fruits.COLUMNS[:2]


@pytest.fixture(scope='module')
def many():
  """A hundred thousand apples and oranges."""
  return fruits.draw(np.random.default_rng(9), fruits.SETS['apple_orange'], 100_000)


def error(best, x, y):
  return np.mean((x @ best.w + best.b > 0) != y)


def test_a_kind_is_gaussian_around_its_mean_with_the_same_spread(many):
  x, y = many
  for k, kind in enumerate(fruits.SETS['apple_orange']):
    mine = x[y == k]
    np.testing.assert_allclose(mine.mean(axis=0), fruits.MEANS[kind], atol=0.01)
    covariance = np.cov(mine.T)
    np.testing.assert_allclose(covariance, fruits.SPREAD**2 * np.eye(3), atol=1e-3)


@pytest.mark.parametrize('columns', [SHAPE_COLOUR, fruits.COLUMNS, ('softness',)])
def test_the_best_boundary_errs_as_often_as_it_says(many, columns):
  x, y = many
  places = [fruits.COLUMNS.index(column) for column in columns]
  apple, orange = (np.array(fruits.MEANS[kind])[places] for kind in ('apple', 'orange'))
  d = np.linalg.norm(orange - apple) / fruits.SPREAD
  best = fruits.best('apple_orange', columns)
  assert best.error == pytest.approx(stats.norm.cdf(-d / 2), rel=1e-9)
  chance = np.sqrt(best.error / len(y))
  assert abs(error(best, x[:, places], y) - best.error) < 4 * chance
  for shift in (-1, 1):  # by a quarter of the way to a mean
    moved = best._replace(b=best.b + shift * d**2 / 8)
    assert error(moved, x[:, places], y) > best.error + 4 * chance


def test_softness_is_what_tells_apples_from_oranges_and_shape_is_not():
  least = lambda columns: fruits.best('apple_orange', columns).error
  assert least(SHAPE_COLOUR) > 0.15
  assert least(fruits.COLUMNS) < 0.005
  assert least(fruits.COLUMNS[1:]) - least(fruits.COLUMNS) < 0.0005
  assert fruits.best('apple_banana', SHAPE_COLOUR).error < 1e-5


def test_noise_tells_nothing_and_changes_no_fruit():
  few = fruits.data('apple_orange', SHAPE_COLOUR, 0, 8)
  more = fruits.data('apple_orange', SHAPE_COLOUR, 3, 8)
  x, y = splits.examples(few, 'test')
  wide, same = splits.examples(more, 'test')
  np.testing.assert_array_equal(wide[:, :2], x)
  np.testing.assert_array_equal(same, y)
  assert wide.shape == (fruits.SIZES['test'], 5)
  gap = wide[y == 0, 2:].mean(axis=0) - wide[y == 1, 2:].mean(axis=0)
  assert np.all(np.abs(gap) < 4 * fruits.SPREAD * np.sqrt(4 / len(y)))
  assert fruits.named(SHAPE_COLOUR, 2) == ('shape', 'colour', 'noise 1', 'noise 2')
  assert fruits.best('apple_orange', SHAPE_COLOUR, 3).w[2:].tolist() == [0, 0, 0]


def test_a_column_that_fruits_lack_is_told_with_those_they_have():
  with pytest.raises(UserError, match=r'smell was asked for.*shape, colour, softness'):
    fruits.data('fruits', ('smell',), 0, 8)


def test_the_true_curve_errs_on_the_labels_that_are_wrong_and_a_line_more_often():
  x, y = curved.draw(np.random.default_rng(0), 50_000)
  above = x[:, 1] > curved.curve(x[:, 0])
  assert np.mean(above != y) == pytest.approx(curved.TURNED, abs=0.005)
  lines = (x[:, 1] > a * x[:, 0] for a in np.linspace(0, 2, 21))
  assert min(np.mean(line != y) for line in lines) > 2 * curved.TURNED
  assert np.all(np.abs(x) <= 1)
  assert curved.data(8).spec.classes == ('below', 'above')


def test_splits_share_no_fruit():
  data = fruits.data('fruits', fruits.COLUMNS, 0, 8)
  seen = [set(map(bytes, splits.examples(data, split)[0])) for split in data.splits]
  assert not seen[0] & seen[1]
  assert not seen[0] & seen[2]
