"""Losses and measures: (output, label) -> one number per labelled place."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from dl_core import metrics
from dl_core.tasks import information
from dl_core.types import Array

metrics.declare('accuracy', fraction=True)
metrics.declare('top5', fraction=True)
metrics.declare('iou', fraction=True)
metrics.declare('class_accuracy', fraction=True)
metrics.declare('boundary_iou', fraction=True)
metrics.declare('r2')  # the share of the variance that is explained; below 0 if worse


def cross_entropy(logits: Array, labels: Array) -> Array:
  """-log softmax(logits)[label]. Shapes: [..., K], integers [...] -> [...], nats."""
  return information.softmax_cross_entropy(logits, labels)


def smoothed(share: float) -> Callable[[Array, Array], Array]:
  """Makes the cross-entropy of smoothed labels: a share is spread over all K classes.

  Section 7 of Szegedy et al. 2016 (https://arxiv.org/abs/1512.00567). The loss maps
  logits [..., K] and integers [...] to [...], nats.
  """
  if not share:
    return cross_entropy

  def loss(logits: Array, labels: Array) -> Array:
    every = -jnp.mean(jax.nn.log_softmax(logits), axis=-1)
    return (1 - share) * cross_entropy(logits, labels) + share * every

  return loss


def binary_cross_entropy(logit: Array, label: Array) -> Array:
  """-log of what sigmoid(logit) gives the label, 0 or 1 or a probability between.

  Shapes: [...], [...] -> [...], nats.
  """
  return information.sigmoid_cross_entropy(logit, label)


def one_vs_rest(logits: Array, labels: Array) -> Array:
  """The losses of K classifiers together, each of its own class against the rest.

  Shapes: [..., K], integers [...] -> [...], nats. The logit of each is a logistic
  regression's, which learns as if there were no other.
  """
  own = jax.nn.one_hot(labels, logits.shape[-1])
  return jnp.sum(binary_cross_entropy(logits, own), axis=-1)


def accuracy(logits: Array, labels: Array) -> Array:
  """1 where the highest of [..., K] logits is the label, else 0."""
  return (jnp.argmax(logits, axis=-1) == labels).astype(jnp.float32)


def top5(logits: Array, labels: Array) -> Array:
  """1 where the label is among the five highest of [..., K] logits, else 0."""
  own = jnp.take_along_axis(logits, labels[..., None], axis=-1)
  # Of equals the first count as higher, as in argmax; what is no number is behind none.
  places = jnp.arange(logits.shape[-1]).reshape((1,) * labels.ndim + (-1,))
  after = (logits == own) & (places >= labels[..., None])
  behind = jnp.sum((logits < own) | after, axis=-1)
  return (behind > logits.shape[-1] - 5).astype(jnp.float32)


def overlap(logits: Array, labels: Array, weight: Array) -> tuple[Array, Array]:
  """Intersections and unions of predicted and true places of each class.

  Their quotient, averaged over the classes, is the mean intersection over union of
  Everingham et al. 2015 (https://doi.org/10.1007/s11263-014-0733-5), section 4.1.

  Shapes: [..., K], integers [...], weights [...] -> [K], [K].
  """
  both, said, true = agreed(logits, labels, weight)
  return both, said + true - both


def recalled(logits: Array, labels: Array, weight: Array) -> tuple[Array, Array]:
  """The places of each class that are predicted as it, and all of them.

  Their quotient, averaged over the classes, is the mean accuracy of Long et al. 2015
  (https://arxiv.org/abs/1411.4038), section 5. Shapes: see `overlap`.
  """
  both, _, true = agreed(logits, labels, weight)
  return both, true


def agreed(logits: Array, labels: Array, weight: Array) -> tuple[Array, Array, Array]:
  """Counts places of each class: predicted and true, predicted, true; [K] each."""
  classes = jnp.arange(logits.shape[-1])
  marked = lambda labels: (
    (labels[..., None] == jnp.expand_dims(classes, range(labels.ndim))).astype(
      jnp.float32
    )
    * weight[..., None]
  )
  said, true = marked(jnp.argmax(logits, axis=-1)), marked(labels)
  added = lambda maps: jnp.sum(maps.reshape(-1, len(classes)), axis=0)
  return added(jnp.minimum(said, true)), added(said), added(true)


def near_edges(labels: Array, reach: int) -> Array:
  """Marks the places of label maps within a distance of another label.

  Args:
    labels: integers [B, H, W].
    reach: the distance, in rows and in columns.

  Returns:
    Booleans [B, H, W].
  """
  extremes = []
  for pick in (jnp.maximum, jnp.minimum):
    found = labels
    for axis in (1, 2):
      pads = [(reach, reach) if axis == n else (0, 0) for n in range(3)]
      wide, side = jnp.pad(found, pads, mode='edge'), labels.shape[axis]
      shifted = (
        jax.lax.slice_in_dim(wide, n, n + side, axis=axis) for n in range(2 * reach + 1)
      )
      found = functools.reduce(pick, shifted)
    extremes.append(found)
  return extremes[0] != extremes[1]


def squared_error(answer: Array, wanted: Array) -> Array:
  """½(answer - wanted)², whose gradient is answer - wanted. Shapes: [...] -> [...].

  The lectures sum it over the examples; here as everywhere the mean is taken, so that
  a rate of learning means the same for every number of them.
  """
  return optax.squared_error(answer, wanted) / 2


def square(answer: Array, wanted: Array) -> Array:
  """(answer - wanted)²: its mean is the mean squared error. Shapes: [...] -> [...]."""
  return optax.squared_error(answer, wanted)


def absolute_error(answer: Array, wanted: Array) -> Array:
  """|answer - wanted|, whose gradient is ±1. Shapes: [...] -> [...]."""
  return jnp.abs(answer - wanted)


def perceptron_loss(activation: Array, label: Array) -> Array:
  """max(0, -y·f), counting y·f = 0 as a mistake. Shapes: [...], ±1 [...] -> [...].

  Its gradient is -y·x on a mistake and 0 elsewhere, so SGD on one example at a time is
  Rosenblatt's rule w += η·y·x.
  """
  return jnp.where(label * activation <= 0, -label * activation, 0.0)


def sign_accuracy(activation: Array, label: Array) -> Array:
  """1 where the activation has the sign of the label ±1; 0 on the boundary itself."""
  return (label * activation > 0).astype(jnp.float32)
