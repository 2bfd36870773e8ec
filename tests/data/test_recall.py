"""Letters to recall: the question names the letter that is the answer."""

import jax
import numpy as np
import pytest

from dl_core.data import recall
from dl_core.types import UserError


def test_the_answer_stands_at_the_distance_that_is_asked():
  data = recall.load(16, 42)
  batch = data.take((), jax.random.key(0), 3)
  distances = recall.distances(40)
  assert distances[-1] == 40
  for source, y in zip(batch.x['source'], batch.y, strict=True):
    text = data.write(np.asarray(source))
    asked = distances[ord(text[-1]) - ord('A')]
    assert data.write(np.asarray(y)) == text[:-1][-asked]
  assert (batch.x['lengths'] == 42).all()
  np.testing.assert_array_equal(batch.x['target'][:, 1], batch.y[:, 0])


def test_every_distance_is_tested_equally_often():
  (batch,) = recall.load(8, 130).splits['test']()
  kinds, counts = np.unique(batch.x['source'][:, -2], return_counts=True)
  assert len(kinds) == recall.KINDS
  assert set(counts) == {recall.EACH}
  letters = batch.x['source'][:, :-2]
  assert letters.min() == recall.FIRST
  assert letters.max() == recall.FIRST + recall.COUNT - 1


def test_a_question_is_read_as_it_is_written():
  data = recall.load(8, 6)
  x = data.read('abcdB')
  assert data.write(x['source']) == 'abcdB'
  for wrong in ('', 'abc', 'abcde', 'abcdZ', 'abCdB', 'abcdefB'):
    with pytest.raises(UserError, match='4 letters and a capital of A to D'):
      data.read(wrong)


def test_there_must_be_room_for_a_letter():
  with pytest.raises(UserError, match='at least 3'):
    recall.load(8, 2)
