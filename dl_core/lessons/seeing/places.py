"""Draws where a network finds its evidence, and how that was checked."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dl_core.interpret import explained, localised
from dl_core.interpret.explained import CAM, OCCLUSION, SALIENCY
from dl_core.lessons.seeing.found import RANDOM, SHOWN, Network, Places
from dl_core.report import draw
from dl_core.types import Claim, Picture

POINTS, DELETED, INSERTED, REDRAWN = 0.85, 0.6, 0.1, 0.3  # what the claims ask for
METHODS = (CAM, OCCLUSION, SALIENCY)
CAPTIONS = {
  CAM: 'What each place adds to the logit of the true class, which is the mean over '
  'all places plus a bias.',
  OCCLUSION: 'By how much the probability of the true class falls where a grey '
  'square hides the image; a mean over all squares that hide a pixel.',
  SALIENCY: 'The size of the gradient of the logit of the true class, the largest over '
  'the three colours.',
}
COLOURS = dict(
  zip((*METHODS, RANDOM), (draw.BLUE, draw.ORANGE, draw.GREEN, draw.GREY), strict=True)
)


def pictures(net: Network, found: Places) -> list[Picture]:
  """Shows the maps of each method and the figures of all of them."""
  return [
    *(method(net, found, name) for name in METHODS),
    curves(found),
    sanity(found),
  ]


def method(net: Network, found: Places, name: str) -> Picture:
  """Shows the maps of one method; the white box is where the digit is."""
  hits = found.pointing[name].mean()
  chance = found.pointing[RANDOM].mean()
  caption = f'{CAPTIONS[name]} Red is evidence for the class, blue against it. The '
  caption += 'box marks the digit; the network was trained without boxes.'
  if name == CAM:
    right = np.mean(found.overlap >= 0.5)
    caption += (
      f' The region above 20 % of the maximum gives a box that overlaps it by half or '
      f'more in {right:.0%} of the images. On ILSVRC the paper has 37.1 % top-5 '
      'localization error, with labels alone.'
    )
  return Picture(
    name[0].upper() + name[1:],
    caption,
    lambda: rows(net, found.maps[name]),
    (
      Claim(
        f'The peak of the {name} lies in the box of the digit, in at least '
        f'{POINTS:.0%} of the images read right, a random pixel in fewer than half',
        hits >= POINTS and chance < 0.5,
        f'{hits:.1%} of {len(net.y)}; random pixel {chance:.1%}',
      ),
    ),
  )


def rows(net: Network, maps: np.ndarray) -> Any:
  """Draws images and below each its map, the true box on both."""
  images = explained.lit(np.asarray(net.x[:SHOWN]))
  names = [net.names[k] for k in net.y[:SHOWN]]
  figure, panels = draw.panels(1.2 * SHOWN, 2.8, 2 * SHOWN, SHOWN, names)
  for number, image in enumerate(images):
    drawn = explained.overlaid(image, maps[number])
    for axes, pixels, colour in (
      (panels[number], image, 'white'),
      (panels[SHOWN + number], drawn, 'black'),
    ):
      draw.image(axes, pixels)
      explained.frame(axes, net.boxes[number], colour)
  return figure


def curves(found: Places) -> Picture:
  """Shows deletion and insertion."""
  areas = [
    {name: float(localised.area(curve).mean()) for name, curve in each.items()}
    for each in (found.deletion, found.insertion)
  ]
  deleted, inserted = areas

  def words(areas: Mapping[str, float]) -> str:
    return ', '.join(f'{name} {areas[name]:.3f}' for name in COLOURS)

  def show():
    figure, panels = draw.panels(
      8.4, 3.2, 2, titles=('deletion', 'insertion'), sharey=True
    )
    for axes, each in zip(panels, (found.deletion, found.insertion), strict=True):
      for name, colour in COLOURS.items():
        shares = np.linspace(0, 100, len(each[name]))
        axes.plot(shares, each[name].mean(axis=1), color=colour, label=name)
      axes.set(xlabel='pixels exchanged, %', ylim=(0, 1))
    panels[0].set_ylabel('mean probability')
    draw.legend(panels[0])
    return figure

  return Picture(
    'Deletion and insertion',
    'Mean probability of the true class while pixels are replaced by grey '
    '(deletion) or a blurred image becomes sharp (insertion), in the order in which '
    'each map ranks the pixels (Petsiuk et al. 2018).',
    show,
    (
      Claim(
        'The network needs the pixels that the maps rank first: for every map, hiding '
        f'them gives an area of at most {DELETED} times that for random pixels',
        all(deleted[name] <= DELETED * deleted[RANDOM] for name in METHODS),
        words(deleted),
      ),
      Claim(
        'These pixels are also enough: for every map, showing them gives an area at '
        f'least {INSERTED} larger than for random pixels',
        all(inserted[name] >= inserted[RANDOM] + INSERTED for name in METHODS),
        words(inserted),
      ),
    ),
  )


def sanity(found: Places) -> Picture:
  """Shows how far maps agree with those of a network that has learnt nothing."""
  means = {name: float(found.agreement[name].mean()) for name in METHODS}

  def show():
    figure, axes = draw.panel(5, 2.8, ylim=(-1, 1), ylabel='rank correlation')
    axes.boxplot([found.agreement[name] for name in METHODS], widths=0.5)
    axes.set_xticks(range(1, 4), [draw.broken(name, 12) for name in METHODS])
    draw.guide(axes, y=REDRAWN)
    return figure

  return Picture(
    'With all weights redrawn',
    'Rank correlation, over the pixels, of the maps of the trained network with those '
    'of the same network with random weights (Adebayo et al. 2018). An edge detector, '
    'which never looks at the network, has 1.',
    show,
    (
      Claim(
        'The maps depend on the weights: after all weights are redrawn, the mean rank '
        f'correlation with the former map is below {REDRAWN}',
        all(mean < REDRAWN for mean in means.values()),
        ', '.join(f'{name} {mean:.2f}' for name, mean in means.items()),
      ),
    ),
  )
