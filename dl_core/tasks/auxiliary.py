"""Supervised learning with more than logits: auxiliary classifiers, penalties."""

import jax
from flax import linen as nn

from dl_core.tasks import measures
from dl_core.tasks.supervised import Measure, supervised
from dl_core.types import Array, Task


def auxiliary(
  model: nn.Module,
  loss: Measure = measures.cross_entropy,
  *,
  share: float,
  **reported: Measure,
) -> Task:
  """Makes the task of saying `batch.y`, in which auxiliary classifiers are asked too.

  Section 5 of Szegedy et al. 2015, https://arxiv.org/abs/1409.4842.

  Args:
    model: returns logits, in training perhaps a tuple: these and those of auxiliary
      classifiers.
    loss: of each; what is minimised is the first one's and `share` of all others'.
    share: see above; 0.3 in the paper.
    **reported: of the first, reported under these names.
  """

  def joined(output: Array | tuple[Array, ...], labels: Array) -> Array:
    first, *others = jax.tree.leaves(output)
    return loss(first, labels) + share * sum(loss(each, labels) for each in others)

  def of_first(measure: Measure) -> Measure:
    return lambda output, labels: measure(jax.tree.leaves(output)[0], labels)

  own = {name: of_first(measure) for name, measure in reported.items()}
  return supervised(model, joined, **own)


def charged(
  model: nn.Module,
  loss: Measure = measures.cross_entropy,
  *,
  share: float,
  **reported: Measure,
) -> Task:
  """Makes the task of saying `batch.y` with a model that may return a penalty, too.

  Args:
    model: returns logits [B, K], in training perhaps a tuple: these and a penalty [B].
    loss: of the logits; what is minimised is it and `share` of the penalty.
    share: see above.
    **reported: of the logits, reported under these names.
  """

  def joined(output: Array | tuple[Array, ...], labels: Array) -> Array:
    first, *penalties = jax.tree.leaves(output)
    return loss(first, labels) + share * sum(penalties)

  def of_first(measure: Measure) -> Measure:
    return lambda output, labels: measure(jax.tree.leaves(output)[0], labels)

  own = {name: of_first(measure) for name, measure in reported.items()}
  return supervised(model, joined, **own)
