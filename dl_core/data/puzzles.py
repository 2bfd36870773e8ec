"""Jigsaw puzzles: tiles of an image, shuffled; the permutation is the label.

What would give the answer away without a look at what is on the tiles is taken away
(Noroozi & Favaro 2016, https://arxiv.org/abs/1603.09246, section 3): a tile lies
anywhere in its cell, so that lines do not run on from tile to tile; the image is moved
before it is cut, so that a blank border does not say where a tile was; brightness and
contrast of a tile are standardised by the encoder that reads it.

Shapes: B images, S x S pixels, C channels, n x n cells, T = n² tiles of t x t pixels, P
permutations.
"""

import functools
import itertools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import augment
from dl_core.types import Array, Batch, Key, UserError


@functools.cache
def permutations(tiles: int, count: int) -> np.ndarray:
  """Returns permutations [P, T] that are far from each other, the first in order.

  One after another is chosen greedily: of all permutations the one whose least Hamming
  distance to those before is largest, of equals the one of the largest sum of
  distances, of equals the first in lexicographic order. (The paper maximises the sum
  alone, which admits near neighbours.)

  Args:
    tiles: T.
    count: P.

  Raises:
    UserError: there are fewer.
  """
  if count > math.factorial(tiles):
    raise UserError(
      f'--permutations={count} was given, but {tiles} tiles have '
      f'{math.factorial(tiles)}; give as many or fewer, or more --tiles'
    )
  every = np.array(list(itertools.permutations(range(tiles))), np.uint8)
  chosen, least = [0], np.full(len(every), tiles + 1)
  total = np.zeros(len(every), np.int64)
  while len(chosen) < count:
    distance = (every != every[chosen[-1]]).sum(axis=1)
    least, total = np.minimum(least, distance), total + distance
    chosen.append(int(np.argmax(least * (tiles * count + 1) + total)))
  return every[chosen].astype(np.int32)


def distance(permutations: np.ndarray) -> int:
  """Returns the least Hamming distance of two of [P, T] permutations."""
  pairs = (permutations[:, None] != permutations[None]).sum(axis=2)
  return int(pairs[np.triu_indices(len(permutations), 1)].min())


def shuffle(
  size: int, across: int, count: int, gap: int, shift: int
) -> Callable[[Key, Batch], Batch]:
  """Makes the change of a batch that turns its images into puzzles.

  The change maps a batch of images [B, S, S, C] and weights [B] to one whose x is the
  tiles [B, T, t, t, C], shuffled, and whose y is the number of the permutation: of the
  tiles in their order, the one at place k of x is `permutations(T, count)[y, k]`.

  Args:
    size: S.
    across: n; pixels that do not divide are left out at the right and below.
    count: P.
    gap: pixels by which a tile is smaller than its cell, where it lies at random.
    shift: most pixels by which the image is moved before it is cut.

  Raises:
    UserError: a tile has no pixel, or there are fewer permutations.
  """
  cell = size // across
  side = cell - gap
  if side < 1:
    raise UserError(
      f'--gap={gap} was given, but the cells of {size} pixels in {across} have {cell}; '
      'give a smaller gap, or larger images by --size'
    )
  orders = permutations(across**2, count)

  def shuffled(key: Key, batch: Batch) -> Batch:
    move_key, place_key, order_key = jax.random.split(key, 3)
    moved = augment.shift(shift)(move_key, jnp.asarray(batch.x))
    offsets = jax.random.randint(place_key, (len(moved), across**2, 2), 0, gap + 1)
    tiles = cut(moved, across, side, offsets)
    y = jax.random.randint(order_key, (len(moved),), 0, count)
    order = jnp.asarray(orders)[y][:, :, None, None, None]
    return Batch(jnp.take_along_axis(tiles, order, axis=1), y, batch.weight)

  return shuffled


def cut(images: Array, across: int, side: int, offsets: Array) -> Array:
  """Cuts images [B, S, S, C] into tiles [B, T, t, t, C], row by row.

  Args:
    images: to be cut into `across` x `across` cells.
    across: n.
    side: t.
    offsets: [B, T, 2], where a tile begins in its cell, in pixels from the top and from
      the left.
  """
  batch, size = images.shape[:2]
  cell = size // across
  number = jnp.arange(across**2)
  corner = jnp.stack([number // across, number % across], axis=1) * cell  # [T, 2]
  start = corner[None] + offsets
  reach = jnp.arange(side)[None, None]
  rows = (start[..., :1] + reach)[..., :, None]  # [B, T, t, 1]
  columns = (start[..., 1:] + reach)[..., None, :]
  return jnp.asarray(images)[jnp.arange(batch)[:, None, None, None], rows, columns]
