"""Measures and draws what images take over with the styles of some layers from others.

Shapes: N samples, L layers, D numbers of w, S pixels of a side, C channels.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dl_core import metrics
from dl_core.data import faces
from dl_core.interpret.gan import draw_rows
from dl_core.interpret.judge import Judge
from dl_core.interpret.painter import Painter, latents
from dl_core.models import gan
from dl_core.report import draw
from dl_core.types import Claim, Key, Picture, Variables

MIXES, GRID = 400, 6  # pairs whose styles are mixed, and sides of the grid
EDGE = 2  # pixels of the upper corners, which show the background
FINE = 2  # layers of the full size
MOST, LEAST = 0.3, 0.6  # share of the way: what stays, and what moves

metrics.declare('shapes_differ', fraction=True)
for _layers in ('coarse', 'fine'):
  for _trait in ('shape', 'colour'):
    metrics.declare(f'{_trait}_by_{_layers}', fraction=True)


def mixed(
  model: gan.GAN,
  paint: Painter,
  variables: Variables,
  judge: Judge,
  key: Key,
  classes: Sequence[str],
) -> dict[str, float]:
  """Measures what images take over with the styles of some layers from others.

  Fine layers are the two of the full size, coarse ones all before them: the paper's
  coarse and middle ones (section 3.1). Of two images, the first one gets these styles
  of the second.

  Returns:
    shapes_differ: the share of pairs that a classifier takes for different shapes: of
      faces, long or short hair, else the class.
    shape_by_coarse, shape_by_fine: the share of these pairs in which the mixed image
      has the shape of the second; 0 without such pairs.
    colour_by_coarse, colour_by_fine: the shift of the background colour, measured in
      the upper corners, as a share of the difference between the two images.
  """
  a, b = (
    paint.styled(variables, latents(model, key, number, MIXES), 1.0)
    for number in (5, 6)
  )
  coarse = a.shape[1] - FINE
  ways = {
    'coarse': np.concatenate([b[:, :coarse], a[:, coarse:]], axis=1),
    'fine': np.concatenate([a[:, :coarse], b[:, coarse:]], axis=1),
  }
  first, second = (paint.painted(variables, each) for each in (a, b))
  seen = lambda images: shape(judge.name(images).said, classes)
  shapes, colours = (seen(first), seen(second)), (ground(first), ground(second))
  differ = shapes[0] != shapes[1]
  way = colours[1] - colours[0]
  found = {'shapes_differ': float(np.mean(differ))}
  for name, styles in ways.items():
    images = paint.painted(variables, styles)
    if differ.any():
      found[f'shape_by_{name}'] = float(np.mean((seen(images) == shapes[1])[differ]))
    else:
      found[f'shape_by_{name}'] = 0.0
    gone = np.sum((ground(images) - colours[0]) * way)
    found[f'colour_by_{name}'] = float(gone / max(np.sum(way**2), 1e-12))
  return found


def shape(said: np.ndarray, classes: Sequence[str]) -> np.ndarray:
  """Returns the shapes of classes [N]: of the kinds of faces, whether hair is long."""
  return faces.parts(said)[..., 0] if tuple(classes) == faces.KINDS else said


def ground(images: np.ndarray) -> np.ndarray:
  """Returns the mean colours [N, C] of the upper corners of images [N, S, S, C]."""
  corners = images[:, :EDGE, :EDGE], images[:, :EDGE, -EDGE:]
  return np.mean([corner.mean((1, 2)) for corner in corners], axis=0)


def grid(model, paint: Painter, variables, key, layers: str) -> Picture:
  """Makes the grid of images that take the styles of some layers from others."""
  a, b = (
    paint.styled(variables, latents(model, key, number, GRID), 1.0) for number in (5, 6)
  )
  coarse = a.shape[1] - FINE
  taken = slice(0, coarse) if layers == 'coarse' else slice(coarse, None)
  styles = np.repeat(a[:, None], GRID, axis=1)  # row, column
  styles[:, :, taken] = b[None, :, taken]
  cells = paint.painted(variables, styles.reshape(-1, *a.shape[1:]))
  cells = cells.reshape(GRID, GRID, *cells.shape[1:])
  rows, columns = (paint.painted(variables, each) for each in (a, b))
  corner = np.ones_like(rows[:1])
  table = np.concatenate(
    [
      np.concatenate([corner, columns])[None],
      np.concatenate([rows[:, None], cells], axis=1),
    ]
  )
  sides = f'{taken.start or 0} to {(taken.stop or a.shape[1]) - 1}'
  return Picture(
    f'Mixed styles: {layers} layers',
    f'Each image of the grid is that at the left of its row, but for the styles of the '
    f'{layers} layers, {sides}, which are those of the image at the top of its column.',
    lambda: draw_rows(table, [], ''),
  )


def moved(found: Mapping[str, float], classes: Sequence[str]) -> Picture:
  """Makes the picture of what coarse and fine styles take along."""
  about = 'long or short hair' if tuple(classes) == faces.KINDS else 'the class'
  shares = {
    layers: np.array([found[f'{trait}_by_{layers}'] for trait in ('shape', 'colour')])
    for layers in ('coarse', 'fine')
  }

  def show():
    figure, axes = draw.panel(4.5, 2.6, ylabel='share of the difference, %')
    draw.bars(
      axes, {name: 100 * each for name, each in shares.items()}, (about, 'background')
    )
    draw.legend(axes)
    return figure

  percent = lambda name: f'{found[name]:.0%}'
  traits = [name for name in found if '_by_' in name]
  words = ', '.join(f'{name.replace("_", " ")} {percent(name)}' for name in traits)

  def holds(moves, stays):
    some = found['shapes_differ'] > 0  # else nothing was measured
    return some and found[moves] >= LEAST and found[stays] <= MOST

  return Picture(
    'What mixed styles take along',
    f'{MIXES} pairs of samples: the first takes the styles of the coarse or of the '
    f'fine layers from the second. A classifier tells {percent("shapes_differ")} of '
    f'the pairs apart by {about}; the first bars are the share of these in which the '
    'mixed image is classified as the second. The other bars show the shift of the '
    'background colour as a share of the difference between the two images: '
    f'{words}.',
    show,
    claims=(
      Claim(
        f'Coarse styles set {about} and not the background colour',
        holds('shape_by_coarse', 'colour_by_coarse'),
        f'{percent("shape_by_coarse")} of the shapes, '
        f'{percent("colour_by_coarse")} of the colour',
      ),
      Claim(
        f'Fine styles set the background colour and not {about}',
        holds('colour_by_fine', 'shape_by_fine'),
        f'{percent("colour_by_fine")} of the colour, '
        f'{percent("shape_by_fine")} of the shapes',
      ),
    ),
  )
