"""Computed data: the adding problem and the word."""

import chex
import jax
import numpy as np
import pytest

from dl_core.data import adding, word


@pytest.fixture(scope='module')
def data():
  return adding.data(20, 64)


def test_a_batch_is_a_pure_function_of_key_and_step(data):
  key = jax.random.key(3)
  batch = data.take(data.feed(key, 5), key, 5)
  chex.assert_trees_all_equal(batch, data.take(data.feed(key, 5), key, 5))
  chex.assert_trees_all_equal(batch, jax.jit(data.take)((), key, np.int32(5)))
  chex.assert_trees_all_equal_shapes_and_dtypes(batch, data.spec.batch)
  for other in (data.take((), key, 6), data.take((), jax.random.key(4), 5)):
    assert not np.any(np.all(batch.x == other.x, axis=(1, 2)))


def test_the_sum_is_of_two_numbers_one_marked_in_each_half(data):
  x, y, weight = (np.asarray(part) for part in data.take((), jax.random.key(0), 0))
  numbers, marks = x[..., 0], x[..., 1]
  assert set(np.unique(marks)) == {0, 1}
  np.testing.assert_array_equal(marks[:, :10].sum(axis=1), 1)
  np.testing.assert_array_equal(marks[:, 10:].sum(axis=1), 1)
  np.testing.assert_allclose(y, (numbers * marks).sum(axis=1), rtol=1e-6)
  assert numbers.min() >= 0
  assert numbers.max() < 1
  assert np.all(weight == 1)
  assert marks.any(axis=0).all()  # every place is marked at some time


def test_splits_are_the_same_every_time_and_differ(data):
  first, again = (list(data.splits['test']()) for _ in range(2))
  assert len(first) == adding.BATCHES
  chex.assert_trees_all_equal(first, again)
  seen = [batch.x[0].tobytes() for split in data.splits.values() for batch in split()]
  assert len(set(seen)) == len(seen)


def test_the_best_constant_answer_has_a_sixth(data):
  assert data.baseline()['mse'] == pytest.approx(adding.CONSTANT, rel=0.2)
  y = np.asarray(adding.examples(jax.random.key(1), 20_000, 4)[1])
  assert np.mean((y - 1) ** 2) == pytest.approx(adding.CONSTANT, rel=0.02)


def test_the_benchmark_gets_marks_that_are_marks(data):
  batch = data.sample(jax.random.key(0))
  np.testing.assert_array_equal(batch.x[..., 1].sum(axis=1), 2)


def test_letters_of_a_word_are_followed_by_the_next():
  found = word.data('hello')
  batch = found.take(found.feed(jax.random.key(0), 0), jax.random.key(0), 0)
  letters = found.spec.classes
  assert letters == ('h', 'e', 'l', 'o')
  spelled = lambda numbers: ''.join(letters[number] for number in numbers[0])
  assert spelled(np.asarray(batch.x)) == 'hell'
  assert spelled(np.asarray(batch.y)) == 'ello'
  assert found.baseline() == {'accuracy': 0.5}
