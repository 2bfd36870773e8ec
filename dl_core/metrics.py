"""Losses and measures: (output, label) -> one number for every labelled place.

Metrics travel as {name: (total, weight)}. They are summed over batches and steps, and
divided once, by `mean`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from dl_core import information
from dl_core.types import Array, Metrics

# Higher is better for these; lower for every other name.
RISING = frozenset(
  [
    'accuracy',
    'top5',
    'bleu',
    'exact',
    'map',
    'iou',
    'real_accuracy',
    'fake_accuracy',
    'classes',
    'confidence',
    'r2',
  ]
)
PEAK = 'peak'  # beside the metrics: the highest loss of a step, and which step
FRACTIONS = RISING - {'bleu', 'classes', 'r2'} | {'largest_share'}  # shown in per cent


def cross_entropy(logits: Array, labels: Array) -> Array:
  """-log softmax(logits)[label]. Shapes: [..., K], integers [...] -> [...], nats."""
  return information.softmax_cross_entropy(logits, labels)


def smoothed(share: float) -> Callable[[Array, Array], Array]:
  """Makes the cross-entropy of labels of which a share is spread over all K classes.

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


def squared_error(answer: Array, wanted: Array) -> Array:
  """½(answer - wanted)², whose gradient is answer - wanted. Shapes: [...] -> [...].

  The lectures sum it over the examples; here as everywhere the mean is taken, so that
  a rate of learning means the same for every number of them.
  """
  return optax.squared_error(answer, wanted) / 2


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


def weighted(values: Array, weight: Array) -> tuple[Array, Array]:
  """Sums values with weights of the same shape; what weighs 0 may be anything."""
  return jnp.sum(jnp.where(weight > 0, values, 0) * weight), jnp.sum(weight)


def add(a: Metrics, b: Metrics) -> Metrics:
  """Adds two sets of (total, weight); of two peaks, it keeps the higher."""
  found = {name: jax.tree.map(jnp.add, a[name], b[name]) for name in a if name != PEAK}
  if PEAK in a:
    higher = b[PEAK][0] > a[PEAK][0]
    pick = lambda x, y: jnp.where(higher, y, x)  # noqa: E731
    found[PEAK] = jax.tree.map(pick, a[PEAK], b[PEAK])
  return found


def peak(sums: Metrics, step: Any) -> Metrics:
  """Returns the peak of one step's metrics: (mean loss, the step)."""
  total, weight = sums['loss']
  return {PEAK: (total / jnp.maximum(weight, 1e-30), jnp.int32(step))}


def mean(sums: Metrics) -> dict[str, float]:
  """Divides each total by its weight: the only place where metrics are divided.

  The loss comes first, the others by name; the peak is left out.
  """
  added = {name: pair for name, pair in sums.items() if name != PEAK}
  host = sorted(
    jax.device_get(added).items(), key=lambda item: (item[0] != 'loss', item)
  )
  return {
    name: float(total) / float(weight) if weight else float('nan')
    for name, (total, weight) in host
  }


def reached(figures: Mapping[str, Any], name: str, value: float) -> bool:
  """Tells whether a figure is as good as `value` or better."""
  if figures[name] is None:  # not finite
    return False
  return figures[name] >= value if name in RISING else figures[name] <= value
