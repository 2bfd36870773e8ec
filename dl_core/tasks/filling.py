"""Filling holes: the squared error in the hole, and how much is left of the signal.

Shapes: B images, H x W pixels, C channels.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core import metrics
from dl_core.tasks import measures
from dl_core.tasks.supervised import judged
from dl_core.types import Array, Batch, Data, Metrics, Task

metrics.declare('psnr')
SMALLEST = 1e-10  # squared error of a pixel, at which the ratio is 100 dB


def filling(model: nn.Module) -> Task:
  """Makes the task of saying what is in the holes of images.

  Minimised is `loss`, the mean squared error of the pixels in the hole; nothing outside
  is judged. Reported is `psnr` too, see there.

  Args:
    model: maps `batch.x` to images [B, H, W, C]; `batch.y` holds whole images in
      [0, 1], `batch.weight` [B, H, W, C] is 0 outside the holes.
  """

  def judge(output: Array, batch: Batch) -> Metrics:
    return sums_of(measures.square(output, batch.y), batch.weight)

  return judged(model, judge)


def sums_of(square: Array, weight: Array) -> Metrics:
  """Returns the metrics of squared errors; see `psnr`."""
  return {'loss': metrics.weighted(square, weight), 'psnr': psnr(square, weight)}


def psnr(square: Array, weight: Array) -> tuple[Array, Array]:
  """Returns the sum of the peak signal-to-noise ratios of images and their number.

  That of an image is -10 log₁₀ of its mean squared error, in dB, for pixels in [0, 1].

  Args:
    square: squared errors [B, H, W, C].
    weight: [B, H, W, C], 0 where an error does not count.
  """
  axes = (1, 2, 3)
  total, count = jnp.sum(square * weight, axes), jnp.sum(weight, axes)
  error = total / jnp.where(count > 0, count, 1)
  ratio = -10 * jnp.log10(jnp.maximum(error, SMALLEST))
  return metrics.weighted(ratio, metrics.labelled(weight))


Fill = Callable[[Any, Any], Any]  # (images with holes, weight) -> filled images


def errors(fill: Fill, batches: Any) -> Mapping[str, float]:
  """Scores what fills the holes of batches without learning: `loss` and `psnr`.

  Args:
    fill: (x, weight) of a batch -> images [B, H, W, C].
    batches: as `filling` reads them.
  """
  sums: Metrics | None = None
  for batch in batches:
    square = np.square(np.asarray(fill(batch.x, batch.weight)) - batch.y)
    own = sums_of(square, batch.weight)
    sums = own if sums is None else metrics.add(sums, own)
  return metrics.mean(sums or {})


def mean_image(data: Data) -> np.ndarray:
  """Returns the mean [H, W, C] of the training images, x of `data`."""
  total: Any = 0.0
  count = 0.0
  for batch in data.splits['train']():
    weight = np.asarray(batch.weight).reshape(len(batch.x), -1)[:, 0]
    total = total + np.tensordot(weight, np.asarray(batch.x, np.float64), 1)
    count += weight.sum()
  return np.asarray(total / max(count, 1), np.float32)
