"""Which layers of an encoder are general, and which are made for its own task: drawn.

Shapes: D draws of labels, L layers.
"""

import numpy as np

from dl_core.interpret import filters
from dl_core.lessons.networks.transfer import ALL, FEW, UNLABELLED, Found
from dl_core.models import encoder
from dl_core.report import draw
from dl_core.types import Claim, Picture

COLOURS = {
  'inpainting': draw.BLUE,
  'jigsaw': draw.ORANGE,
  'labels': draw.GREEN,
  'random': draw.GREY,
}
SHOWN = {'labels': 'even or odd'}  # what pictures call an encoder
POINT = 0.01  # of accuracy: smaller differences are none


def layers(found: Found) -> Picture:
  """Draws the accuracy of linear probes by layer, with few labels and with all."""
  last = {name: each[FEW] for name, each in found.probed.items()}
  means = {name: values.mean(axis=1) for name, values in last.items()}
  learned = {name: means[name] for name in means if name != 'random'}
  spread = np.ptp(np.stack(list(learned.values())), axis=0)  # [L]
  falls = {name: values.max() - values[-1] for name, values in learned.items()}

  def show():
    titles = [f'{FEW} labels a class', 'all labels']
    figure, panels = draw.panels(7.4, 3.1, 2, titles=titles)
    places = np.arange(1, len(encoder.LAYERS) + 1)
    for axes, count in zip(panels, (FEW, ALL), strict=True):
      for name, each in found.probed.items():
        word = SHOWN.get(name, name)
        draw.band(axes, places, 100 * each[count], word, COLOURS[name], marker='o')
      axes.set(xlabel='layer', xticks=places)
    panels[0].set_ylabel('test accuracy of a linear probe, %')
    draw.legend(panels[1])
    return figure

  said = ', '.join(f'{name} {100 * fall:.1f}' for name, fall in falls.items())
  return Picture(
    'What each layer knows of the classes',
    'A linear classifier on the features of each layer, by the task that the encoder '
    'learned: filling holes, puzzles, even or odd, nothing. Bands are the range of the '
    'draws of labels.',
    show,
    (
      Claim(
        'The first layer is general: the tasks differ less in it than in the last',
        bool(spread[0] < spread[-1] - POINT),
        f'{100 * spread[0]:.1f} points between the best and the worst in the first '
        f'layer, {100 * spread[-1]:.1f} in the last',
      ),
      Claim(
        'The last layer is specialised: for every task without labels it is more than '
        'a point behind the best layer of its encoder',
        bool(all(falls[name] > POINT for name in UNLABELLED)),
        f'behind by {said} points',
      ),
      Claim(
        'The layers have learned: the best one of every task without labels is more '
        'than a point ahead of the best random one',
        bool(all(means[n].max() > means['random'].max() + POINT for n in UNLABELLED)),
        ', '.join(f'{name} {100 * each.max():.1f} %' for name, each in means.items()),
      ),
    ),
  )


def copied(found: Found) -> Picture:
  """Draws the accuracy with the first k layers copied and all trained."""
  gains = {
    name: values.mean(axis=1) - values[0].mean()
    for name, values in found.copied.items()
  }  # [L + 1] each

  def show():
    figure, axes = draw.panel(5, 3.2, xlabel='first layers that were copied')
    for name, values in found.copied.items():
      places = np.arange(len(values))
      draw.band(axes, places, 100 * values, name, COLOURS[name], marker='o')
    axes.set(ylabel='test accuracy, %', xticks=places)
    draw.legend(axes)
    return figure

  return Picture(
    'The first layers of an encoder, the others anew',
    f'Test accuracy with {FEW} labels a class, of classifiers whose first layers begin '
    'as those of an encoder and whose others are random; all of them are trained.',
    show,
    (
      Claim(
        'Copying only the first layers is enough: of every task without labels, some '
        'of them gain as much as all, or more',
        bool(all(gains[n][1:-1].max() >= gains[n][-1] for n in UNLABELLED)),
        '; '.join(
          f'{name} ' + ', '.join(f'{100 * gain:+.1f}' for gain in gains[name][1:])
          for name in gains
        )
        + ' points with 1 to 4 layers',
      ),
    ),
  )


def kernels(found: Found) -> Picture:
  """Draws the filters of the first layer of every encoder side by side."""

  def show():
    titles = [SHOWN.get(name, name) for name in found.kernels]
    figure, panels = draw.panels(6.4, 3.9, len(titles), 2, titles)
    for axes, kernel in zip(panels, found.kernels.values(), strict=True):
      axes.imshow(filters.tiles(kernel), interpolation='none')
      axes.axis('off')
    return figure

  return Picture(
    'Filters of the first layer',
    'By the task that the encoder learned, each on a scale of its own. Blue is '
    'negative, red positive; grey is zero where images have colours.',
    show,
  )
