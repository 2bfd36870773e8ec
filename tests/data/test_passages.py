"""Pairs of passages: what is in them, and how often the second follows the first."""

import functools

import jax
import numpy as np
import pytest

from dl_core.data import adjacent, passages, vocabularies
from dl_core.types import UserError

TEXT = '\n\n\n'.join(
  ' '.join(f'd{n} w{k} says {n}{k}.' for k in range(8)) for n in range(5)
)
T = 16
MARKS = passages.MARKS


@functools.cache
def made():
  choice = vocabularies.choice('wordpiece', 64)
  given = vocabularies.train(choice, TEXT)
  return given, passages.arranged(TEXT, given, 'a text')


@functools.cache
def drawn(size=3_000, longest=T):
  draw = functools.partial(adjacent.pairs, longest=longest, marks=MARKS)
  found = jax.jit(draw, static_argnums=2)(made()[1], jax.random.key(0), size)
  return jax.device_get(found)


def test_a_text_is_cut_into_documents_and_sentences():
  given, found = made()
  assert len(found.first) == 40
  assert set(found.first) == {0, 8, 16, 24, 32}
  assert set(found.end) == {8, 16, 24, 32, 40}
  assert found.starts[-1] == len(found.ids)
  assert len(found.begun) == 35  # all but the last of each document
  one = given.decode(found.ids[found.starts[9] : found.starts[10]])
  assert one.replace(' ', '') == 'd1w1says11.'


def test_a_pair_is_two_passages_between_marks():
  batch = drawn()
  for tokens, segments, length in zip(*map(batch.x.get, (
    'tokens', 'segments', 'lengths'
  )), strict=True):  # fmt: skip
    assert tokens[0] == MARKS['start']
    stops = np.flatnonzero(tokens == MARKS['stop'])
    assert len(stops) == 2
    assert stops[1] == length - 1
    assert (tokens[length:] == MARKS['pad']).all()
    assert (tokens[:length] != MARKS['pad']).all()
    assert not segments[: stops[0] + 1].any()
    assert segments[stops[0] + 1 : length].all()
    assert not segments[length:].any()
    assert stops[0] > 1
    assert stops[1] > stops[0] + 1  # neither is empty


def test_half_of_the_second_passages_are_of_another_document():
  _, found = made()
  batch = drawn()
  random = batch.y['next'].astype(bool)
  assert abs(random.mean() - 0.5) < 0.04
  text = found.ids.tolist()
  follows, long = [], []
  for tokens in batch.x['tokens']:
    first, second = np.flatnonzero(tokens == MARKS['stop'])
    long.append(first > 5)  # a shorter A may be the end of other sentences, too
    both = [*tokens[1:first], *tokens[first + 1 : second]]
    follows.append(
      any(text[k : k + len(both)] == both for k in range(len(text) - len(both) + 1))
    )
  follows = np.array(follows)
  # A that lost its end is not followed by B.
  assert not follows[random & np.array(long)].any()
  assert follows[~random].mean() > 0.7


def test_long_pairs_fill_the_room_and_some_are_shorter():
  lengths = drawn().x['lengths']
  assert lengths.max() == T
  assert (lengths == T).mean() > 0.7
  assert 0.01 < (lengths < T - 4).mean() < 0.2


def test_every_step_draws_other_pairs():
  draw = functools.partial(adjacent.pairs, longest=T, marks=MARKS)
  first, other = (draw(made()[1], jax.random.key(n), 8).x['tokens'] for n in (1, 2))
  assert (first != other).any(axis=1).all()


def test_a_text_of_ones_own_has_its_holes():
  given, _ = made()
  x = passages.one('d1 [MASK] says [MASK].', given, T, MARKS)
  assert (x['tokens'][x['places']] == MARKS['mask']).all()
  assert len(x['places']) == 2
  assert x['tokens'][x['lengths'] - 1] == MARKS['stop']
  for wrong in ('nothing is hidden', '[MASK] ' * 40):
    with pytest.raises(UserError, match=r'with \[MASK\] in place of a word'):
      passages.one(wrong, given, T, MARKS)


def test_a_text_of_one_document_is_refused():
  given, _ = made()
  with pytest.raises(UserError, match='two or more'):
    passages.arranged('one sentence. and another.', given, 'a text')
