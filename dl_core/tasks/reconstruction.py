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


def reconstruction(model: nn.Module) -> Task:
  """Makes the task of saying `batch.y`, images in [0, 1], as probabilities of ink.

  Minimised is `loss`, the cross entropy of an image in nats, as in Hinton &
  Salakhutdinov 2006; `error` is its squared error. Both are summed over the pixels.

  Args:
    model: maps `batch.x` to the logits [B, H, W, C] of the pixels.
  """
  return supervised(model, cross_entropy, error=squared_error)


def cross_entropy(logits: Array, image: Array) -> Array:
  """-Σ log of what sigmoid(logits) gives the pixels, in nats.

  Shapes: [B, H, W, C] twice -> [B].
  """
  return jnp.sum(information.sigmoid_cross_entropy(logits, image), axis=(1, 2, 3))


def squared_error(logits: Array, image: Array) -> Array:
  """Σ (sigmoid(logits) - pixel)². Shapes: [B, H, W, C] twice -> [B]."""
  return jnp.sum(jnp.square(jax.nn.sigmoid(logits) - image), axis=(1, 2, 3))


def constant(data: Data) -> Mapping[str, float]:
  """Scores the best constant answer on test: the mean of the training images."""

  def images(split):
    batches = list(data.splits[split]())
    return np.concatenate([np.asarray(b.y)[b.weight > 0] for b in batches])

  mean, test = images('train').mean(axis=0), images('test')
  p = np.clip(mean.astype(np.float64), 1e-6, 1 - 1e-6)
  nats = -(test * np.log(p) + (1 - test) * np.log1p(-p))
  summed = {'loss': nats, 'error': (test - mean) ** 2}
  return {name: float(each.sum() / len(test)) for name, each in summed.items()}
