"""Supervised learning: the weighted loss of the output at every labelled place.

This one objective serves a perceptron, a classifier of images, a tagger, a language
model: they differ in the shape of the labels, and in nothing else.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core import metrics
from dl_core.tasks import measures
from dl_core.tasks.apply import apply, untrained
from dl_core.types import Array, Batch, Metrics, Task

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

  def judge(output: Array, batch: Batch) -> Metrics:
    return {
      name: metrics.weighted(measure(output, batch.y), batch.weight)
      for name, measure in reported.items()
    }

  return judged(model, judge)


def judged(model: nn.Module, judge: Callable[[Any, Batch], Metrics]) -> Task:
  """Makes the task of a model with one loss.

  Args:
    model: called as model(x, train=...). It may draw from the stream `draw`, in
      evaluation too.
    judge: (output, batch) -> metrics, of which `loss` is minimised.
  """

  def init(key, batch):
    dropout_key, draw_key = jax.random.split(jax.random.fold_in(key, 1))
    keys = {'params': key, 'dropout': dropout_key, 'draw': draw_key}
    return model.init(keys, batch.x, train=False)

  def mean_loss(params, extra, batch, key):
    output, extra = apply(model, params, extra, batch.x, key=key)
    sums = judge(output, batch)
    total, weight = sums['loss']
    return total / jnp.where(weight > 0, weight, 1), (extra, sums)

  def said(variables, x, key):
    params = variables['params']
    return apply(model, params, untrained(variables), x, key=key, train=False)[0]

  @jax.jit  # for calls outside of a step, each of which would compile every scan anew
  def outputs(variables, x):
    return said(variables, x, jax.random.key(0))  # of a model that draws: always alike

  def evaluate(variables, batch, key):
    return judge(said(variables, batch.x, key), batch)

  return Task(init, (mean_loss,), evaluate, outputs)
