"""Questions after none, one or a few solved examples, answered by likelihood.

GPT-3 answers better the more examples its context shows; no parameter changes.

Shapes: R seeds, N questions, S numbers of shots.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dl_core.data import choices
from dl_core.data.choices import Choices
from dl_core.interpret import prompted
from dl_core.lessons import errors
from dl_core.report import draw
from dl_core.types import Claim, Picture


def pictures(
  examples: Choices,
  counts: Sequence[int],
  normalise: str,
  models: Mapping[int, prompted.Model],
) -> list[Picture]:
  """Draws accuracy by number of shots and normalisation, beside chance.

  Args:
    examples: to take shots from, and to answer.
    counts: numbers of shots [S], 0 first.
    normalise: one of `prompted.NORMALISED`, which the claims are about.
    models: {seed: the model of that seed}; all questions of a seed have the same shots.
  """
  train, test = examples
  found = [
    [
      prompted.right(model, test, choices.shots(train, count, seed))
      for seed, model in models.items()
    ]
    for count in counts
  ]
  right = {
    name: 100.0 * np.array([[row[name] for row in rows] for rows in found])
    for name in prompted.NORMALISED
  }  # [S, R, N] each
  chance = np.array([100 / len(each.answers) for each in test])
  own = right[normalise]

  def show():
    figure, axes = draw.panel(5, 3.2, xlabel='examples in the context')
    for (name, values), colour in zip(right.items(), draw.COLOURS, strict=False):
      means = values.mean(axis=2)  # [S, R]
      draw.band(axes, range(len(counts)), means, name, colour, marker='o')
    draw.guide(axes, y=chance.mean())
    axes.set(ylabel='right answers, %', ylim=(0, 100))
    axes.set_xticks(range(len(counts)), [*map(str, counts)])
    draw.legend(axes)
    return figure

  measured = '; '.join(
    f'{name} {", ".join(f"{one.mean():.1f}" for one in values)}'
    for name, values in right.items()
  )
  shown = ', '.join(map(str, counts))
  by = f'by more than two standard errors (--normalise={normalise})'
  few = f'{counts[-1]} example{"s" * (counts[-1] > 1)} in the context'
  claims = [
    Claim(
      f'Without an example, the model is right more often than chance, {by}',
      errors.above(own[0] - chance),
      f'{errors.spread(own[0])} % against {chance.mean():.1f} %',
    )
  ]
  if len(counts) > 1:
    claims.append(
      Claim(
        f'{few} raise{"s" * (counts[-1] == 1)} the accuracy, {by}',
        errors.above(own[-1] - own[0]),
        f'{errors.spread(own[-1] - own[0])} points; in % with {shown} examples: '
        f'{measured}',
      )
    )
  return [
    Picture(
      'Zero, one and a few shots',
      f'Share of {len(test)} questions whose right answer scores best, by the number '
      'of solved examples before the question. The score is log p of the answer, '
      'normalised by nothing, by its length in bytes, or by its probability without '
      'the question; dotted: chance.',
      show,
      tuple(claims),
    )
  ]
