"""Points of a ring of Gaussians, as images of one pixel with two colours.

The density is known, so what a model says of it can be checked. As images the points
suit every model of images: a PixelCNN, a VAE, a GAN.

Shapes: N points, M Gaussians.
"""

import functools

import jax
import numpy as np

from dl_core.data import batches
from dl_core.types import Batch, Data, Spec

MODES, RADIUS, DEVIATION = 8, 0.35, 0.03
COUNTS = {'train': 20_000, 'validation': 2_000, 'test': 2_000}
SHAPE = (1, 1, 2)


def centres() -> np.ndarray:
  """Returns the means [M, 2] of the Gaussians, inside of the unit square."""
  angles = 2 * np.pi * np.arange(MODES) / MODES
  return 0.5 + RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def log_density(points: np.ndarray) -> np.ndarray:
  """Returns log p [N] of points [N, 2], in nats."""
  squares = np.sum(np.square(points[:, None] - centres()[None]), axis=2)
  constant = np.log(MODES * 2 * np.pi * DEVIATION**2)
  return np.logaddexp.reduce(-squares / (2 * DEVIATION**2), axis=1) - constant


@functools.cache
def points(split: str) -> np.ndarray:
  """Draws the points [N, 2] of a split, always the same ones."""
  random = np.random.default_rng(list(COUNTS).index(split))
  count = COUNTS[split]
  chosen = centres()[random.integers(MODES, size=count)]
  drawn = chosen + DEVIATION * random.normal(size=(count, 2))
  # The border is five deviations from the nearest mean.
  return drawn.clip(0, 1).astype(np.float32)


def load(batch_size: int, levels: int = 0, signed: bool = False) -> Data:
  """Makes the Data of the ring.

  Args:
    batch_size: B.
    levels: cells along each side of the square; y int32 [B, 1, 1, 2] is the cell of a
      point, and x is y / (levels - 1). 0: x is the point itself, y int32 [B] is 0.
    signed: whether x is in [-1, 1] instead of [0, 1]; only for points, not for cells.
  """

  def read(split):
    x = points(split).reshape(-1, *SHAPE)
    if levels:
      y = np.minimum((x * levels).astype(np.int32), levels - 1)
      return y.astype(np.float32) / (levels - 1), y, np.ones(len(x), np.float32)
    x = 2 * x - 1 if signed else x
    return x, np.zeros(len(x), np.int32), np.ones(len(x), np.float32)

  of = lambda kind, *shape: jax.ShapeDtypeStruct((batch_size, *shape), kind)
  y = of(np.int32, *SHAPE) if levels else of(np.int32)
  spec = Spec(Batch(of(np.float32, *SHAPE), y, of(np.float32)), 'ring/1')
  return batches.resident(spec, read)
