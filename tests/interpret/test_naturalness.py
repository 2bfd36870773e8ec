"""Samples of a language model are judged as it is trained, beside real text."""

import numpy as np
import pytest

from dl_core.interpret import naturalness, wellformed
from dl_core.report import svg
from dl_core.types import Batch, Data, Spec

WORDS = wellformed.words('gate cell state')
REAL = ['x gate cell y gate', 'x cell y']
RIGHT, HALF, WRONG = 'x gate cell gate y', 'x gate cell many y', 'x many things very y'
CUT = ' more cut'  # the last word does not count


def shown(**written):
  texts = {int(step[1:]): [f'cut {text}{CUT}'] for step, text in written.items()}
  return naturalness.picture([WORDS], texts, [f'cut {text}{CUT}' for text in REAL])


def test_the_shares_are_drawn_and_told_at_quarters():
  picture = shown(s0=WRONG, s10=WRONG, s25=HALF, s50=HALF, s100=RIGHT)
  assert svg.attempt(picture).failure == ''
  (claim,) = picture.claims
  for step in ('step 0,', 'step 25,', 'step 50,', 'step 100,', 'real text'):
    assert step in claim.measured
  assert 'step 10,' not in claim.measured


@pytest.mark.parametrize(
  ('first', 'middle', 'last', 'holds'),
  [
    (WRONG, HALF, RIGHT, True),
    (WRONG, RIGHT, HALF, False),
    (RIGHT, HALF, WRONG, False),
    (HALF, HALF, HALF, False),
  ],
)
def test_writing_becomes_natural_only_if_the_share_of_words_rises(
  first, middle, last, holds
):
  (claim,) = shown(s0=first, s1=middle, s4=last).claims
  assert claim.holds == holds


def data(weight):
  y = np.arange(2 * 120, dtype=np.int32).reshape(2, 120) % 7
  batch = Batch(y, y, weight(y))
  write = lambda tokens, decoder=None: ''.join(map(str, tokens))
  splits = {'train': lambda: [batch], 'test': lambda: [batch]}
  return Data(Spec(None, 'toy/1'), None, None, splits, write=write)


@pytest.mark.parametrize(
  'of', [lambda mask: mask, lambda mask: {'tokens': mask, 'characters': mask}]
)
def test_real_text_stands_where_samples_do_and_has_no_padding(of):
  def weight(y):
    mask = np.ones(y.shape, np.float32)
    mask[1, 105:] = 0
    return of(mask)

  toy = data(weight)
  (split,) = toy.splits['test']()
  first, second = naturalness.real(toy, 10)
  assert first == ''.join(map(str, split.y[0, 100:110]))
  assert second == ''.join(map(str, split.y[1, 100:105]))
  assert len(naturalness.training(toy)) == 120 + 105


def test_excerpts_are_of_four_moments():
  text = naturalness.excerpts({s: [f'text {s}'] for s in (0, 10, 26, 50, 75, 100)})
  lines = [line for line in text.draw().split('\n') if line]
  assert lines[::2] == ['step 0', 'step 26', 'step 50', 'step 100']
  assert lines[1::2] == ['text 0', 'text 26', 'text 50', 'text 100']
