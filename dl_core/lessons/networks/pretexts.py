"""Tasks whose labels are hidden parts of the images: how well they are solved."""

from collections.abc import Mapping
from typing import Any

from dl_core.report import draw
from dl_core.types import Claim, Picture


def picture(inpainting: Mapping[str, Any], jigsaw: Mapping[str, Any]) -> Picture:
  """Draws how well the tasks without labels are solved.

  Args:
    inpainting, jigsaw: the results of the two runs, the last lines of their metrics.
  """
  hole = {
    'network': inpainting['loss'],
    'interpolation': inpainting['interpolation'],
    'mean image': inpainting['baseline']['loss'],
  }
  right = {'network': jigsaw['accuracy'], 'chance': jigsaw['baseline']['accuracy']}

  def show():
    titles = ['squared error in the hole', 'puzzles solved, %']
    figure, panels = draw.panels(7.4, 2.6, 2, titles=titles)
    panels[0].bar(hole.keys(), hole.values(), 0.7, color=draw.COLOURS[:3])
    panels[1].bar(right.keys(), [100 * v for v in right.values()], 0.7,
                  color=[draw.BLUE, draw.GREY])  # fmt: skip
    panels[1].set_ylim(0, 100)
    return figure

  network, interpolation, mean = hole.values()
  return Picture(
    'Tasks without labels',
    'What is hidden in an image is the label: the pixels of a hole, or the order of '
    'the tiles. Both are measured on test images.',
    show,
    (
      Claim(
        'A hidden part is restored from what surrounds it: at most half the error of '
        'the mean image, and less than interpolation from the rim',
        network <= mean / 2 and network < interpolation,
        f'{network:.4f}; mean image {mean:.4f}, interpolation {interpolation:.4f}',
      ),
      Claim(
        'The order of shuffled tiles is found, in more than 80 % of the puzzles',
        right['network'] > 0.8,
        f'{right["network"]:.1%}, chance {right["chance"]:.1%}',
      ),
    ),
  )
