"""Lists of word pairs: what is held out, and the best answers that are possible."""

import collections
import itertools

import jax
import numpy as np
import pytest

from dl_core.data import demonstrations, drawn, permuted, translated
from dl_core.types import UserError


def best_by_counting(lists):
  """Returns the accuracy of the best function of a prompt, over equally likely lists.

  Args:
    lists: [M, N, 2], all lists there are, each a number of pairs.
  """
  found = []
  for number in range(lists.shape[1]):
    answers = collections.defaultdict(collections.Counter)
    for row in lists:
      prompt = (*row[:number].ravel().tolist(), int(row[number, 0]))
      answers[prompt][int(row[number, 1])] += 1
    found.append(sum(max(c.values()) for c in answers.values()) / len(lists))
  return found


def test_the_best_translation_is_the_one_that_an_enumeration_finds():
  forms = np.array([[9, 9, 3], [9, 4, 3], [5, 4, 3], [5, 6, 7], [9, 6, 8]])
  chosen = np.array(list(itertools.permutations(range(3))))
  rows = [(language, order) for language in range(5) for order in chosen]
  orders = np.array([order for _, order in rows])
  answers = np.array([forms[language][order] for language, order in rows])
  found = translated.best(forms, np.ones((30, 5), bool), orders, answers[:, :-1])
  wanted = best_by_counting(np.stack([orders, answers], axis=2))
  np.testing.assert_allclose(found.mean(axis=0), wanted)
  assert wanted[0] < wanted[1] < wanted[2] < 1
  told = translated.best(
    forms, np.arange(5) == np.array([[row] for row, _ in rows]), orders, answers[:, :-1]
  )
  assert (told == 1).all()


def test_the_best_answer_to_a_permutation_is_the_one_that_an_enumeration_finds():
  letters, count = 3, 4
  rows = [
    [(letter, order[letter]) for letter in chosen]
    for order in itertools.permutations(range(letters))
    for chosen in itertools.product(range(letters), repeat=count)
  ]
  pairs = np.array(rows)  # [M, N, 2]
  lists = permuted.lists(count - 1, letters)
  x, _, _ = demonstrations.joined(
    np.zeros(len(pairs), int), 1 + pairs[..., 0], 1 + letters + pairs[..., 1]
  )
  found = lists.optimum(np.asarray(x)).mean(axis=0)
  np.testing.assert_allclose(found, best_by_counting(pairs))


@pytest.fixture(scope='module')
def lists():
  return translated.lists(3, 0.5)


def test_a_list_is_of_different_words_in_one_language(lists):
  known = translated.glossary()
  assert (len(known.sources), known.forms.shape) == (69, (15, 69))
  x, y, weight = map(np.asarray, lists.draw(jax.random.key(0), 64, 'train'))
  np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
  np.testing.assert_array_equal(weight, np.tile([0, 1], (64, 4)))
  place = {token: concept for concept, token in enumerate(known.sources)}
  for head, sources, answers in zip(x[:, 0], x[:, 1::2], y[:, 1::2], strict=True):
    concepts = [place[token] for token in sources]
    assert len(set(concepts)) == 4
    agree = (known.forms[:, concepts] == answers).all(axis=1)
    assert agree.any()
    if head != demonstrations.START:
      assert agree[known.heads == head].all()
  described = x[:, 0] != demonstrations.START
  assert 0 < described.sum() < 64
  assert 'lundi' in known.words


def test_neighbours_of_the_test_split_are_in_no_list_of_training(lists):
  owners = sum(translated.neighbours(split).astype(int) for split in drawn.SPLITS)
  np.testing.assert_array_equal(owners, 1 - np.eye(len(translated.CONCEPTS)))
  seen = {}
  for number, split in enumerate(drawn.SPLITS):
    key = jax.random.key(number)
    x = np.asarray(lists.draw(key, 2_000, split)[0])[:, 1::2]
    pairs = zip(x[:, :-1].ravel(), x[:, 1:].ravel(), strict=True)
    seen[split] = {frozenset(map(int, pair)) for pair in pairs}
  for one, other in itertools.combinations(seen.values(), 2):
    assert not one & other
  assert len(seen['test']) == 69 * 12 / 2


def test_batches_of_training_and_of_the_test_split_are_of_their_own_lists(lists):
  data = demonstrations.data(lists, 8)
  known = translated.glossary()
  place = np.zeros(len(known.words), int)
  place[known.sources] = np.arange(len(known.sources))

  def fits(batch, split):
    concepts = place[np.asarray(batch.x)[:, 1::2]]
    return translated.neighbours(split)[concepts[:, :-1], concepts[:, 1:]].all()

  assert fits(data.take((), jax.random.key(1), 3), 'train')
  for split in drawn.SPLITS:
    assert fits(next(iter(data.splits[split]())), split)
  assert data.spec.limits.x == len(known.words)
  assert data.baseline()['accuracy'] < 0.1
  (row,) = np.asarray(data.take((), jax.random.key(1), 3).x)[:1]
  assert data.write(row[1:2]) == known.words[row[1]]


def test_the_longest_lists_find_a_held_out_word_each_time():
  x, _, _ = translated.lists(translated.MOST, 0.0).draw(jax.random.key(0), 500, 'test')
  assert all(len(set(row)) == len(row) for row in np.asarray(x)[:, 1::2].tolist())
  with pytest.raises(UserError, match='at most 10'):
    translated.lists(translated.MOST + 1, 0.0)


def test_a_permutation_differs_from_list_to_list_and_not_within_one():
  x, y, _ = map(np.asarray, permuted.lists(30, 3).draw(jax.random.key(0), 64, 'train'))
  maps = [
    set(zip(a.tolist(), b.tolist(), strict=True))
    for a, b in zip(x[:, 1::2], y[:, 1::2], strict=True)
  ]
  assert {len(pairs) for pairs in maps} == {3}
  assert len({frozenset(pairs) for pairs in maps}) == 6
