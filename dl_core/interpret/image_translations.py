"""Draws translations of images, and what classifiers take them for.

Where test images have classes and partners in the other domain, it draws translations
beside their truth and claims how near they come; see `interpret.unpaired`.
"""

from collections.abc import Mapping

import numpy as np

from dl_core import interpret
from dl_core.interpret.holes import draw_rows
from dl_core.interpret.unpaired import WAYS, Judges, Translated, figures, translated
from dl_core.models.cyclegan import Cycle
from dl_core.report import draw
from dl_core.tasks import cycle
from dl_core.types import Claim, Picture

SHOWN = 10
KEPT, NEAR = 0.9, 0.5  # of classes at least, and of the error at most


def report(model: Cycle, by: Judges) -> interpret.Report:
  """Shows translations, there and back, and what classifiers take them for."""
  ways = {way: cycle.translator(model, way) for way in WAYS}
  others = {'there': 'back', 'back': 'there'}

  def pictures(variables, observed, data, key):
    del observed, key
    found: dict[str, float] = {}
    shown = []
    for way, translate in ways.items():
      all_ = translated(translate, variables, data, way)
      found |= figures(all_, by, way)
      first = Translated(*(column[:SHOWN] for column in all_))
      again = np.asarray(ways[others[way]](variables, first.made))
      shown.append(side_by_side(way, first, again, found.get(f'error_{way}')))
    return [*shown, judged(found)]

  return pictures


def side_by_side(
  way: str, found: Translated, again: np.ndarray, error: float | None
) -> Picture:
  """Makes the picture of images, their translations and their partners.

  Args:
    way: of the translations; see `WAYS`.
    found: the images.
    again: the translations translated back, [N, S, S, C].
    error: of all test images, see `figures`; None: they have no partners.
  """
  source, target = WAYS[way]
  title = f'From the {source} domain to the {target}'
  rows = {
    'image': found.given,
    'translation': found.made,
    'truth': found.truth,
    'and back': again,
  }
  show = lambda: draw_rows({name: (row + 1) / 2 for name, row in rows.items()})
  if error is None:
    del rows['truth']
    return Picture(
      title,
      f'Test images of the {source} domain, their translations, and the translations '
      'translated back.',
      show,
    )
  return Picture(
    title,
    f'Test images of the {source} domain, their translations, their true partners, '
    'which training never sees, and the translations translated back. '
    f'The translations are {error:.0%} as far from the truth as the untranslated '
    'images, in mean absolute error.',
    show,
    claims=(
      Claim(
        f'Without pairs, translations to the {target} domain are at most half as far '
        'from the truth as the untranslated images',
        error <= NEAR,
        f'{error:.0%} of the distance',
      ),
    ),
  )


def judged(found: Mapping[str, float]) -> Picture:
  """Makes the picture of the shares that classifiers read right.

  Args:
    found: the `figures` of both ways.
  """
  shares = lambda score: [100 * found[f'{score}_{way}'] for way in WAYS]
  fooled, own = shares('fooled'), shares('fooled_before')
  panels = {'taken for the other domain': (fooled, own)}
  caption = (
    'A LeNet trained on real images tells the domains apart; the untranslated images '
    'are the control. '
  )
  claims: tuple[Claim, ...] = (
    Claim(
      'Translations look like images of the other domain to a classifier',
      min(fooled) >= 100 * KEPT,
      f'{fooled[0]:.1f}% there, {fooled[1]:.1f}% back; untranslated {own[0]:.1f}% '
      f'and {own[1]:.1f}%',
    ),
  )
  if 'class_kept_there' in found:
    kept, before, real = map(shares, ('class_kept', 'class_before', 'class_truth'))
    inverted = max(shares('inverted'))
    panels = {'class recognised': (kept, before)} | panels
    caption += (
      'LeNets trained on real images of the other domain classify the translations. Of '
      f'the true partners they classify {real[0]:.1f}% (there) and {real[1]:.1f}% '
      f'(back) correctly. At most {inverted:.1f}% of the translations are nearer to '
      'the negative of their partner than to the partner.'
    )
    claims = (
      Claim(
        'A digit is still itself after translation, both ways',
        min(kept) >= 100 * KEPT,
        f'{kept[0]:.1f}% there, {kept[1]:.1f}% back; untranslated {before[0]:.1f}% '
        f'and {before[1]:.1f}%',
      ),
      *claims,
    )
  else:
    caption += (
      'The images have no classes and the test images no partners in the other domain, '
      'so how often a class is kept and how far translations are from the truth is not '
      'measured.'
    )

  def show():
    figure, all_axes = draw.panels(
      3.25 * len(panels), 2.6, len(panels), titles=tuple(panels), sharey=True
    )
    for axes, (after, without) in zip(all_axes, panels.values(), strict=True):
      draw.bars(axes, {'translated': after, 'untranslated': without}, ('there', 'back'))
    all_axes[0].set(ylabel='test images, %', ylim=(0, 105))
    draw.legend(all_axes[-1])
    return figure

  return Picture('What classifiers take translations for', caption, show, claims)
