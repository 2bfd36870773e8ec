"""Max- and average pooling: what they keep of a map, and what a shift changes in it.

Pooling says of every window of a map its largest answer, or its mean, and forgets where
in the window that was.

Shapes: N images, H × W pixels, F maps, p × p the window.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.lessons.convolutions import lines
from dl_core.types import Array, Claim, Picture

MAX, MEAN, NONE = '#2f7fb8', '#cf7a24', '#808080'  # for light and dark pages
KINDS = {'max': nn.max_pool, 'average': nn.avg_pool}
LOOKS = {'max': ('max-pooling', MAX), 'average': ('average pooling', MEAN)}
WINDOWS = (1, 2, 4)  # 1 leaves the map as it is
SHIFTS = ((0, 1), (1, 0), (0, -1), (-1, 0))
LOUD = 0.25  # an answer is on above so much of the highest of its image


@functools.partial(jax.jit, static_argnames=('kind', 'size'))
def pooled(maps: Array, kind: str, size: int) -> Array:
  """Pools maps [N, H, W, F] over windows of `size` × `size`, side by side."""
  return KINDS[kind](maps, (size, size), (size, size))


class Found(NamedTuple):
  """What pooling was seen to do to the maps of line detectors.

  Attributes:
    maps: [H, W, F], after ReLU, of the first image.
    changed: {kind: [windows, N]} the share of the answers that are on before a shift
      by one pixel or after it, and not both; mean over the shifts.
    moved: {kind: [windows, N]} the norm of what the shift changes, over the map's.
    thin: {kind: [N]} the highest answer that windows of 2 leave of a thin line of 1s.
  """

  maps: np.ndarray
  changed: dict[str, np.ndarray]
  moved: dict[str, np.ndarray]
  thin: dict[str, np.ndarray]


def measure(random: np.random.Generator, images: np.ndarray, count: int) -> Found:
  """Measures on the first `count` of images [n, H, W], and on as many drawn lines."""
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
  """Gives images [N, H, W] a wide border of their darkest, to sides that 4 divides."""
  wide = lines.SIDE + 1
  ends = [
    (wide, wide + (lines.SIDE - 1 - side - 2 * wide) % 4) for side in images.shape[1:]
  ]
  return np.pad(images, ((0, 0), *ends), constant_values=images.min())


def answers(images: np.ndarray) -> Array:
  """Returns what ReLU lets pass of the maps of the line detectors."""
  return nn.relu(lines.maps(images, lines.detectors()))


def flipped(before: Array, after: Array) -> np.ndarray:
  """Returns the share [N] of answers that are on in one of two maps and not in both."""
  most = jnp.max(before, axis=(1, 2, 3), keepdims=True)
  a, b = before > LOUD * most, after > LOUD * most
  both, any_ = (jnp.sum(each, axis=(1, 2, 3)) for each in (a & b, a | b))
  return np.asarray(1 - both / any_)


def apart(before: Array, after: Array) -> np.ndarray:
  """Returns the norm of the difference of two maps over that of the first, [N]."""
  norm = lambda maps: jnp.sqrt(jnp.sum(maps**2, axis=(1, 2, 3)))
  return np.asarray(norm(before - after) / norm(before))


def thin_lines(random: np.random.Generator, count: int) -> np.ndarray:
  """Draws images [N, H, W] of one line each, of 1s on 0, in any of four directions."""
  side = lines.ROOM
  shapes = lines.drawn(lines.LENGTH)[random.integers(len(lines.DIRECTIONS), size=count)]
  images = np.zeros((count, side, side), np.float32)
  for image, shape, (row, column) in zip(
    images, shapes, random.integers(0, side - lines.LENGTH + 1, (count, 2)), strict=True
  ):
    image[row : row + lines.LENGTH, column : column + lines.LENGTH] = shape
  return images


def picture(found: Found) -> Picture:
  """Draws a map, what is left of it pooled either way, and what a shift changes."""
  most, mean = found.changed['max'], found.changed['average']
  listed = lambda values: ' → '.join(f'{value:.0%}' for value in values.mean(axis=1))
  steadier = bool(np.all(np.diff(most.mean(axis=1)) < 0))
  claims = (
    Claim(
      'Max-pooling keeps the peak of a thin line, the average halves it at least',
      bool(np.all(found.thin['max'] == 1) and np.all(found.thin['average'] <= 0.5)),
      f'{found.thin["max"].mean():.2f} and {found.thin["average"].mean():.2f} of 1, '
      f'{len(found.thin["max"]):,} lines, windows of 2 × 2',
    ),
    Claim(
      'Of answers that are on, a shift by one pixel changes fewer after max-pooling, '
      'and the fewer the wider its window',
      steadier,
      f'{listed(most)} of them, windows of {", ".join(map(str, WINDOWS))}; fewer than '
      f'unpooled in {np.mean(most[1] < most[0]):.0%} of {most.shape[1]} images; '
      f'averages {listed(mean)}',
    ),
  )
  norms = [listed(found.moved[kind]) for kind in ('average', 'max')]
  rest = f"The norm of what changes falls more with averages: {norms[0]} of the map's, "
  rest += f'with the largest {norms[1]}.'

  def show():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, 2.6), layout='constrained')
    *panels, right = figure.subplots(1, 4, width_ratios=(1, 1, 1, 1.5))
    number = int(found.maps.max(axis=(0, 1)).argmax())
    shown = {'ReLU of a map': found.maps[..., number]}
    for kind, (label, _) in LOOKS.items():
      shown[label] = np.asarray(pooled(found.maps[None], kind, 2))[0, ..., number]
    for axes, (label, values) in zip(panels, shown.items(), strict=True):
      lines.signed(axes, values, float(found.maps.max()))
      axes.set_title(label, fontsize=10)
      axes.set_xlabel(f'highest: {values.max():.2f}', fontsize=9)
    for kind, (label, colour) in LOOKS.items():
      shares = 100 * found.changed[kind].mean(axis=1)
      right.plot(WINDOWS, shares, 'o-', color=colour, label=label)
    right.set(
      xlabel='window, pixels a side', ylabel='answers changed, %', ylim=(0, None)
    )
    right.set_xticks(WINDOWS)
    right.set_title('after a shift by one pixel', fontsize=10)
    right.legend(fontsize=8, loc='lower left')
    return figure

  return Picture(
    'Max- and average pooling',
    "A detector's map of a digit after ReLU, and what windows of 2 × 2 leave of it. "
    'Right: how many of its answers (those on, above a quarter of the highest) a shift '
    f'of the image by one pixel changes; a window of 1 is no pooling. {rest}',
    show,
    claims,
  )
