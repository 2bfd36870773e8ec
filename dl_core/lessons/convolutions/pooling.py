"""Max-pooling and average pooling: peaks that they keep, robustness to shifts.

Pooling keeps the largest answer, or the mean, of every window of a map and discards
the place within the window.

Shapes: N images, H × W pixels, F maps, p × p the window.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.lessons.convolutions import lines
from dl_core.report import draw
from dl_core.types import Array, Claim, Picture

KINDS = {'max': nn.max_pool, 'average': nn.avg_pool}
LOOKS = {'max': ('max-pooling', draw.BLUE), 'average': ('average pooling', draw.ORANGE)}
WINDOWS = (1, 2, 4)  # 1 leaves the map as it is
SHIFTS = ((0, 1), (1, 0), (0, -1), (-1, 0))
LOUD = 0.25  # answers are on above this share of the highest answer of their image


@functools.partial(jax.jit, static_argnames=('kind', 'size'))
def pooled(maps: Array, kind: str, size: int) -> Array:
  """Pools maps [N, H, W, F] over disjoint windows of `size` × `size`."""
  return KINDS[kind](maps, (size, size), (size, size))


class Found(NamedTuple):
  """Measurements of pooling on the maps of line detectors.

  Attributes:
    maps: maps [H, W, F] of the first image after ReLU.
    changed: {kind: [windows, N]} of the answers that are on before or after a shift by
      one pixel, the share that is not on both times; mean over the shifts.
    moved: {kind: [windows, N]} norm of the change by a shift over the norm of the map.
    thin: {kind: [N]} the highest answer to a thin line of 1s after windows of 2.
  """

  maps: np.ndarray
  changed: dict[str, np.ndarray]
  moved: dict[str, np.ndarray]
  thin: dict[str, np.ndarray]


def measure(random: np.random.Generator, images: np.ndarray, count: int) -> Found:
  """Measures on the first `count` of images [n, H, W] and on `count` random lines."""
  images = padded(images[:count])
  before = answers(images)
  after = [answers(np.roll(images, shift, axis=(1, 2))) for shift in SHIFTS]
  changed: dict[str, Any] = {}
  moved: dict[str, Any] = {}
  for kind in KINDS:
    pairs = [
      [(pooled(before, kind, size), pooled(each, kind, size)) for each in after]
      for size in WINDOWS
    ]
    changed[kind] = np.array([[flipped(*p) for p in row] for row in pairs]).mean(axis=1)
    moved[kind] = np.array([[apart(*p) for p in row] for row in pairs]).mean(axis=1)
  drawn = thin_lines(random, count)
  thin = {
    kind: np.asarray(pooled(drawn[..., None], kind, 2)).max(axis=(1, 2, 3))
    for kind in KINDS
  }
  return Found(np.asarray(before[0]), changed, moved, thin)


def padded(images: np.ndarray) -> np.ndarray:
  """Pads images [N, H, W] with their darkest value to sides that 4 divides."""
  wide = lines.SIDE + 1
  ends = [
    (wide, wide + (lines.SIDE - 1 - side - 2 * wide) % 4) for side in images.shape[1:]
  ]
  return np.pad(images, ((0, 0), *ends), constant_values=images.min())


def answers(images: np.ndarray) -> Array:
  """Returns the maps of the line detectors after ReLU."""
  return nn.relu(lines.maps(images, lines.detectors()))


def flipped(before: Array, after: Array) -> np.ndarray:
  """Returns the share [N] of the answers on in any map that are not on in both."""
  most = jnp.max(before, axis=(1, 2, 3), keepdims=True)
  a, b = before > LOUD * most, after > LOUD * most
  both, any_ = (jnp.sum(each, axis=(1, 2, 3)) for each in (a & b, a | b))
  return np.asarray(1 - both / any_)


def apart(before: Array, after: Array) -> np.ndarray:
  """Returns the norm of the difference of two maps over the norm of the first, [N]."""
  norm = lambda maps: jnp.sqrt(jnp.sum(maps**2, axis=(1, 2, 3)))
  return np.asarray(norm(before - after) / norm(before))


def thin_lines(random: np.random.Generator, count: int) -> np.ndarray:
  """Draws images [N, H, W] of one line of 1s each, in a random direction."""
  side = lines.ROOM
  shapes = lines.drawn(lines.LENGTH)[random.integers(len(lines.DIRECTIONS), size=count)]
  images = np.zeros((count, side, side), np.float32)
  for image, shape, (row, column) in zip(
    images, shapes, random.integers(0, side - lines.LENGTH + 1, (count, 2)), strict=True
  ):
    image[row : row + lines.LENGTH, column : column + lines.LENGTH] = shape
  return images


def picture(found: Found) -> Picture:
  """Draws a map, both poolings of it, and the effect of a shift."""
  most, mean = found.changed['max'], found.changed['average']
  listed = lambda values: ' → '.join(f'{value:.0%}' for value in values.mean(axis=1))
  claims = (
    Claim(
      'Max-pooling keeps the peak of a thin line; average pooling at least halves it',
      np.all(found.thin['max'] == 1) and np.all(found.thin['average'] <= 0.5),
      f'{found.thin["max"].mean():.2f} and {found.thin["average"].mean():.2f} of 1, '
      f'{len(found.thin["max"]):,} lines, windows of 2 × 2',
    ),
    Claim(
      'A shift by one pixel turns fewer answers on or off after max-pooling, and fewer '
      'still with a larger window',
      np.all(np.diff(most.mean(axis=1)) < 0),
      f'{listed(most)} of them, windows of {", ".join(map(str, WINDOWS))}; fewer than '
      f'without pooling in {np.mean(most[1] < most[0]):.0%} of {most.shape[1]} images; '
      f'average pooling {listed(mean)}',
    ),
  )
  norms = [listed(found.moved[kind]) for kind in ('average', 'max')]
  rest = (
    f'The norm of the change over the norm of the map is {norms[0]} with average '
    f'pooling and {norms[1]} with max-pooling.'
  )

  def show():
    number = int(found.maps.max(axis=(0, 1)).argmax())
    shown = {'ReLU of a map': found.maps[..., number]}
    for kind, (label, _) in LOOKS.items():
      shown[label] = np.asarray(pooled(found.maps[None], kind, 2))[0, ..., number]
    titles = [*shown, 'after a shift by one pixel']
    figure, panels = draw.panels(
      8.6, 2.6, 4, titles=titles, width_ratios=(1, 1, 1, 1.5)
    )
    *panels, right = panels
    for axes, values in zip(panels, shown.values(), strict=True):
      draw.signed(axes, values, float(found.maps.max()))
      axes.set_xlabel(f'highest: {values.max():.2f}', fontsize=9)
    for kind, (label, colour) in LOOKS.items():
      shares = 100 * found.changed[kind].mean(axis=1)
      right.plot(WINDOWS, shares, 'o-', color=colour, label=label)
    right.set(
      xlabel='window, pixels a side', ylabel='answers changed, %', ylim=(0, None)
    )
    right.set_xticks(WINDOWS)
    draw.legend(right, loc='lower left')
    return figure

  return Picture(
    'Max- and average pooling',
    'The map of a line detector for a digit after ReLU, and the map pooled over '
    'windows of 2 × 2. Right: the share of its answers that a shift of the image by '
    'one pixel turns on or off (on: above a quarter of the highest); a window of 1 is '
    f'no pooling. {rest}',
    show,
    claims,
  )
