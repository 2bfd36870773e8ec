"""Zero, one and few shots: right answers by the number of examples in the prompt.

The lecture: GPT-3 does a task that its prompt shows, without any update. What the
translations here show is that a known task is recognised: every language occurs in
training, only the list is new. Whether a new task is learned from its examples is
another question, which permutations measure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dl_core.data.demonstrations import Demonstrations
from dl_core.interpret import shots
from dl_core.interpret.shots import DESCRIBED, PLAIN, Shares
from dl_core.types import Claim, Picture

NEAR = 0.02  # of the best possible answers
TRANSLATED, PERMUTED = 'translations', 'permutations'  # labels of the runs


def pictures(
  lists: Mapping[str, Demonstrations], results: Mapping[str, Sequence[Any]]
) -> list[Picture]:
  """Draws the shares of right answers of both tasks.

  Args:
    lists: {label of a run: the distribution of its lists}.
    results: {label: `studies.Finished` of every seed}.
  """

  def shares(label: str) -> dict[str, Shares]:
    found = [
      shots.answers(run.experiment.task, run.variables(), run.experiment.data)
      for run in results[label]
    ]
    return shots.shares(lists[label], found)

  known, new = shares(TRANSLATED), shares(PERMUTED)
  curves = {
    'translation': known[PLAIN],
    'translation, language named': known[DESCRIBED],
    'new permutation': new[PLAIN],
  }
  return [
    Picture(
      'Zero, one and few shots',
      'The share of right answers by the number of examples in the prompt. '
      'The target language is one of 15, all of which occur in training: the examples, '
      'or the name of the language, tell which one is meant. So this shows that a '
      'known task is recognised, not that a new one is learned. A permutation, a new '
      'one for each list, has to be learned from its pairs.',
      lambda: shots.panel(curves),
      claims(*curves.values()),
    )
  ]


def claims(plain: Shares, described: Shares, new: Shares) -> tuple[Claim, ...]:
  """Claims that a known task is recognised, and that learning a new one takes longer.

  Args:
    plain, described: of translations without and with the name of the language.
    new: of permutations.
  """
  mean, told, learned = (s.right.mean(axis=1) for s in (plain, described, new))
  none, one, few = 1 - mean[[0, 1, -1]]
  gap = max(plain.gap, described.gap)
  listed = lambda values: ', '.join(f'{value:.1%}' for value in values)
  chance, possible = new.best[0], new.best[-1]
  return (
    Claim(
      'A known task is recognised from examples as well as is possible: within 2 '
      'points of the Bayes optimum after every number of shots, with every seed',
      gap <= NEAR,
      f'{listed(mean)} after 0 to {len(mean) - 1} shots, optimum {listed(plain.best)}; '
      f'{100 * gap:.1f} points apart at most',
    ),
    Claim(
      'One example is better than none, all are better than one, by a tenth of the '
      'errors or more, and the name of the language alone is as good as all examples',
      bool(one < 0.9 * none and few < 0.9 * one and told[0] >= mean[-1] - NEAR),
      f'wrong: {none:.1%} with no example, {one:.1%} with one, {few:.1%} with '
      f'{len(mean) - 1}, {1 - told[0]:.1%} with the name alone',
    ),
    Claim(
      'After as many steps of training a new task is not learned from its examples: '
      'all of them lead less than half of the way from chance to the best possible, '
      'with every seed',
      bool((new.right[-1] < (chance + possible) / 2).all()),
      f'{listed(learned)} after 0 to {len(learned) - 1} shots; chance {chance:.1%}, '
      f'possible at last {possible:.1%}',
    ),
  )
