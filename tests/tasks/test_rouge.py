"""ROUGE by hand-worked examples."""

import pytest

from dl_core.tasks import rouge


@pytest.mark.parametrize(
  ('said', 'true', 'expected'),
  [
    ('The cat sat.', 'the cat sat', (1, 1, 1)),
    # police, the, gunman of 4 words each; "the gunman"; police + the gunman in order
    ('police kill the gunman', 'police killed the gunman', (3 / 4, 1 / 3, 3 / 4)),
    # Lin 2004: the order decides, the longest common subsequence is "the gunman"
    ('the gunman kill police', 'police killed the gunman', (3 / 4, 1 / 3, 2 / 4)),
    # "a" counts twice, as often as both have it: P = 2/3, R = 2/2
    ('a a a', 'a a', (0.8, 2 / 3, 0.8)),
    ('one two', 'three four', (0, 0, 0)),
    ('', 'three four', (0, 0, 0)),
    ('!', '?', (0, 0, 0)),
  ],
)
def test_rouge_is_the_one_worked_by_hand(said, true, expected):
  assert rouge.scores(said, true) == pytest.approx(expected)


def test_f1_does_not_depend_on_which_text_is_the_reference():
  one, other = 'return the index of an item', 'the index of the last item in a list'
  assert rouge.scores(one, other) == pytest.approx(rouge.scores(other, one))
