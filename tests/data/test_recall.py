"""Letters to recall: the kth answer is the letter at the kth distance."""

import jax
import numpy as np
import pytest

from dl_core.data import recall
from dl_core.types import UserError


def test_the_answers_are_the_letters_at_the_distances_in_order():
  data = recall.load(16, 42)
  batch = data.take((), jax.random.key(0), 3)
  distances = recall.distances(41)
  for source, y in zip(batch.x['source'], batch.y, strict=True):
    text = data.write(np.asarray(source))
    assert len(text) == 41
    assert data.write(np.asarray(y)) == ''.join(text[-far] for far in distances)
  assert (batch.x['lengths'] == 42).all()
  np.testing.assert_array_equal(batch.x['target'][:, 1:], batch.y[:, :-1])


@pytest.mark.parametrize(
  ('letters', 'wanted'),
  [(128, list(range(8, 129, 8))), (16, list(range(1, 17))), (5, [1, 2, 3, 4, 5])],
)
def test_distances_reach_from_near_to_the_first_letter(letters, wanted):
  assert list(recall.distances(letters)) == wanted


def test_letters_are_drawn_from_the_whole_alphabet():
  (batch,) = recall.load(8, 129).splits['test']()
  assert batch.y.shape == (recall.EXAMPLES, recall.KINDS + 1)
  letters = batch.x['source'][:, :-1]
  assert letters.min() == recall.FIRST
  assert letters.max() == recall.FIRST + recall.COUNT - 1


def test_letters_are_read_as_they_are_written():
  data = recall.load(8, 5)
  assert data.write(data.read('abcd')['source']) == 'abcd'
  for wrong in ('', 'abc', 'abcde', 'abCd', 'abc!'):
    with pytest.raises(UserError, match='4 letters of a to z'):
      data.read(wrong)


def test_there_must_be_room_for_a_letter():
  with pytest.raises(UserError, match='at least 2'):
    recall.load(8, 1)
