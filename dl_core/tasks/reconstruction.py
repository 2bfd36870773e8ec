"""Reconstruction: the label of an image is the image itself.

Shapes: B images, H x W pixels, C channels.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.tasks import information
from dl_core.tasks.supervised import supervised
from dl_core.types import Array, Data, Task

CROSS_ENTROPY, SQUARED_ERROR = LOSSES = ('cross_entropy', 'squared_error')


def reconstruction(model: nn.Module, loss: str = CROSS_ENTROPY) -> Task:
  """Makes the task of reconstructing `batch.y`, images in [0, 1].

  With 'cross_entropy', outputs are logits of ink, and `loss` is the cross entropy in
  nats (Hinton & Salakhutdinov 2006). With 'squared_error', outputs are the pixels, and
  `loss` is the squared error. `error` is always the squared error. All are sums over
  pixels.

  Args:
    model: maps `batch.x` to [B, H, W, C].
    loss: one of `LOSSES`.
  """
  if loss == CROSS_ENTROPY:
    return supervised(model, cross_entropy, error=squared_error)
  return supervised(model, summed_squares, error=summed_squares)


def pixels(outputs: Array, loss: str) -> Array:
  """Converts outputs [B, H, W, C] to pixels; see `reconstruction`."""
  return jax.nn.sigmoid(outputs) if loss == CROSS_ENTROPY else outputs


def cross_entropy(logits: Array, image: Array) -> Array:
  """-Σ x log σ(logits) + (1 - x) log(1 - σ(logits)) over the pixels x, in nats.

  Shapes: [B, H, W, C] twice -> [B].
  """
  return jnp.sum(information.sigmoid_cross_entropy(logits, image), axis=(1, 2, 3))


def squared_error(logits: Array, image: Array) -> Array:
  """Σ (sigmoid(logits) - pixel)². Shapes: [B, H, W, C] twice -> [B]."""
  return summed_squares(jax.nn.sigmoid(logits), image)


def summed_squares(pixels: Array, image: Array) -> Array:
  """Σ (pixels - image)². Shapes: [B, H, W, C] twice -> [B]."""
  return jnp.sum(jnp.square(pixels - image), axis=(1, 2, 3))


def constant(data: Data, loss: str = CROSS_ENTROPY) -> Mapping[str, float]:
  """Scores the best constant answer on test: the mean of the training images."""

  def images(split):
    batches = list(data.splits[split]())
    return np.concatenate([np.asarray(b.y)[b.weight > 0] for b in batches])

  mean, test = images('train').mean(axis=0), images('test')
  p = np.clip(mean.astype(np.float64), 1e-6, 1 - 1e-6)
  nats = -(test * np.log(p) + (1 - test) * np.log1p(-p))
  squares = (test - mean) ** 2
  summed = {'loss': nats if loss == CROSS_ENTROPY else squares, 'error': squares}
  return {name: float(each.sum() / len(test)) for name, each in summed.items()}
