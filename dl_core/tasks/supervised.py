"""Supervised learning: the weighted loss of the output at every labelled place.

This one objective serves a perceptron, a classifier of images, a tagger, a language
model: they differ in the shape of the labels, and in nothing else.
"""

from collections.abc import Callable

import jax.numpy as jnp
from flax import linen as nn

from dl_core import metrics
from dl_core.tasks import measures
from dl_core.tasks.apply import apply
from dl_core.types import Array, Batch, Task

Measure = Callable[[Array, Array], Array]  # (output, label) -> a number for each place


def supervised(
  model: nn.Module, loss: Measure = measures.cross_entropy, **reported: Measure
) -> Task:
  """Makes the task of saying `batch.y`.

  Args:
    model: called as model(x, train=...); returns logits (or whatever `loss` reads).
    loss: what is minimised: its mean over all places, weighted.
    **reported: what is reported beside it, under these names.
  """
  reported = {'loss': loss, **reported}

  def judge(output: Array, batch: Batch):
    return {
      name: metrics.weighted(measure(output, batch.y), batch.weight)
      for name, measure in reported.items()
    }

  def init(key, batch):
    return model.init(key, batch.x, train=False)

  def mean_loss(params, extra, batch, key):
    output, extra = apply(model, params, extra, batch.x, key=key)
    sums = judge(output, batch)
    total, weight = sums['loss']
    return total / jnp.where(weight > 0, weight, 1), (extra, sums)

  def outputs(variables, x):
    extra = {name: tree for name, tree in variables.items() if name != 'params'}
    return apply(model, variables['params'], extra, x)[0]

  def evaluate(variables, batch, key):
    del key  # nothing is drawn in evaluation
    return judge(outputs(variables, batch.x), batch)

  return Task(init, (mean_loss,), evaluate, outputs)
