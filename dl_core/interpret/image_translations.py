"""Draws translations of images beside their truth, and what classifiers see in them."""

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
  """Shows translations beside their truth, and what classifiers take them for."""
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
      shown.append(side_by_side(way, first, again, found[f'error_{way}']))
    return [*shown, judged(found)]

  return pictures


def side_by_side(
  way: str, found: Translated, again: np.ndarray, error: float
) -> Picture:
  """Makes the picture of images, their translations and their partners."""
  source, target = WAYS[way]
  rows = {
    'image': found.given,
    'translation': found.made,
    'truth': found.truth,
    'and back': again,
  }
  return Picture(
    f'From the {source} domain to the {target}',
    f'Test images of the {source} domain, their translations, their true partners, '
    'which training never sees, and the translations translated back. '
    f'The translations are {error:.0%} as far from the truth as the untranslated '
    'images, in mean absolute error.',
    lambda: draw_rows({name: (row + 1) / 2 for name, row in rows.items()}),
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
  """Makes the picture of the shares that classifiers read right."""
  kept, before, fooled, own = (
    [100 * found[f'{score}_{way}'] for way in WAYS]
    for score in (
      'class_kept',
      'class_before',
      'fooled',
      'fooled_before',
    )
  )

  def show():
    figure, panels = draw.panels(
      6.5,
      2.6,
      2,
      titles=('class recognised', 'taken for the other domain'),
      sharey=True,
    )
    pairs = ((kept, before), (fooled, own))
    for axes, (after, without) in zip(panels, pairs, strict=True):
      draw.bars(axes, {'translated': after, 'untranslated': without}, ('there', 'back'))
    panels[0].set(ylabel='test images, %', ylim=(0, 105))
    draw.legend(panels[1])
    return figure

  real = [found[f'class_truth_{way}'] for way in WAYS]
  inverted = max(found[f'inverted_{way}'] for way in WAYS)
  return Picture(
    'What classifiers take translations for',
    'LeNets trained on real images of the other domain classify the translations. Of '
    f'the true partners they classify {real[0]:.1%} (there) and {real[1]:.1%} (back) '
    'correctly; the untranslated images are the control. Another LeNet tells the '
    f'domains apart. At most {inverted:.1%} of the translations are nearer to the '
    'negative of their partner than to the partner.',
    show,
    claims=(
      Claim(
        'A digit is still itself after translation, both ways',
        min(kept) >= 100 * KEPT,
        f'{kept[0]:.1f} % there, {kept[1]:.1f} % back; untranslated {before[0]:.1f} % '
        f'and {before[1]:.1f} %',
      ),
      Claim(
        'Translations look like images of the other domain to a classifier',
        min(fooled) >= 100 * KEPT,
        f'{fooled[0]:.1f} % there, {fooled[1]:.1f} % back; untranslated {own[0]:.1f} % '
        f'and {own[1]:.1f} %',
      ),
    ),
  )
