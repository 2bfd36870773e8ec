"""Measures whether maps mark the evidence for a class.

The pointing game (Zhang et al. 2016, https://arxiv.org/abs/1608.00507) asks whether the
peak of a map lies in the box of the object. Deletion and insertion (Petsiuk et al.
2018, https://arxiv.org/abs/1806.07421) need no box: hiding the pixels that a map ranks
first should lower the probability of the class quickly, and showing them restore it.

Shapes: B images, H x W pixels, C channels, T steps.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array, Key


def pointing(maps: Any, boxes: Any) -> np.ndarray:
  """Returns whether the peak of each map [B, H, W] lies in its box [B, 4].

  Of equal peaks the first counts. Boxes are left, top, right, bottom in pixels.
  """
  maps, boxes = np.asarray(maps), np.asarray(boxes)
  row, column = np.divmod(maps.reshape(len(maps), -1).argmax(1), maps.shape[2])
  left, top, right, bottom = boxes.T
  across = (left <= column + 0.5) & (column + 0.5 < right)
  return across & (top <= row + 0.5) & (row + 0.5 < bottom)


def order(maps: Array) -> Array:
  """Returns the rank [B, H, W] of each pixel of maps: 0 has the largest value."""
  flat = maps.reshape(len(maps), -1)
  ranks = jnp.argsort(jnp.argsort(-flat, axis=1, stable=True), axis=1)
  return ranks.reshape(maps.shape)


def at_random(key: Key, shape: tuple[int, ...]) -> Array:
  """Returns random maps [B, H, W], the baseline of all others."""
  return jax.random.uniform(key, shape)


def curve(
  score: Callable[[Array], Array], start: Array, end: Array, ranks: Array, steps: int
) -> np.ndarray:
  """Returns the scores [T + 1, B] as pixels of `start` become those of `end`.

  Deletion goes from the images to a single colour, insertion from blurred images to
  the images.

  Args:
    score: images [B, H, W, C] -> [B].
    start, end: images [B, H, W, C].
    ranks: order in which pixels are exchanged, [B, H, W]; see `order`.
    steps: T; equally many pixels are exchanged in each.
  """
  size = ranks[0].size

  @jax.jit
  def at(start: Array, end: Array, ranks: Array, count: Array) -> Array:
    return score(jnp.where((ranks < count)[..., None], end, start))

  counts = [jnp.int32(round(size * step / steps)) for step in range(steps + 1)]
  return np.stack([np.asarray(at(start, end, ranks, count)) for count in counts])


def area(curves: np.ndarray) -> np.ndarray:
  """Returns the area [B] below curves [T + 1, B] over a width of 1."""
  return np.trapezoid(curves, dx=1 / (len(curves) - 1), axis=0)


def blurred(x: Array, deviation: float) -> Array:
  """Returns images [B, H, W, C] blurred by a Gaussian; edges are repeated outwards.

  Args:
    x: images.
    deviation: of the Gaussian, in pixels.
  """
  for axis in (1, 2):
    places = jnp.arange(x.shape[axis])
    reach = jnp.arange(-int(4 * deviation + 0.5), int(4 * deviation + 0.5) + 1)
    weights = jnp.exp(-0.5 * (reach / deviation) ** 2)
    source = jnp.clip(places[:, None] + reach[None], 0, x.shape[axis] - 1)
    rows = jnp.repeat(places[:, None], len(reach), axis=1)
    shares = jnp.broadcast_to((weights / weights.sum())[None], source.shape)
    table = jnp.zeros((len(places), len(places))).at[rows, source].add(shares)
    x = jnp.moveaxis(jnp.tensordot(table, x, axes=(1, axis)), 0, axis)
  return x


def box(found: np.ndarray, share: float = 0.2) -> np.ndarray:
  """Returns the box [4] of the largest region of a map [H, W] above a threshold.

  Zhou et al. 2016, section 3.2: above a share of the maximum; the largest connected
  component. It is empty, all 0, where no value is positive.
  """
  from scipy import ndimage

  regions, count = ndimage.label(found > share * max(float(found.max()), 0.0))
  if not count:
    return np.zeros(4, int)
  largest = np.argmax(np.bincount(regions.ravel())[1:]) + 1
  rows, columns = ndimage.find_objects(regions)[largest - 1]
  return np.array([columns.start, rows.start, columns.stop, rows.stop])


def iou(a: Any, b: Any) -> np.ndarray:
  """Returns intersection over union [B] of boxes [B, 4] and [B, 4]."""
  a, b = np.asarray(a, float), np.asarray(b, float)
  sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
  common = np.prod(np.maximum(sides, 0), axis=1)
  areas = [np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (a, b)]
  return common / (areas[0] + areas[1] - common)


def agreement(one: Any, other: Any) -> np.ndarray:
  """Returns Spearman's rank correlation [B] of maps [B, H, W] with other ones.

  A map that is the same for every pixel has no ranks; its correlation is 0.
  """
  from scipy import stats

  ranked = [
    stats.rankdata(np.asarray(each).reshape(len(each), -1), axis=1)
    for each in (one, other)
  ]
  a, b = (each - each.mean(axis=1, keepdims=True) for each in ranked)
  size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
  return (a * b).sum(axis=1) / np.where(size > 0, size, 1)
