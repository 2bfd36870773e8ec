"""Semantic segmentation: a class for every pixel.

The objective is supervised learning's: the weighted loss at every labelled place. What
is added are means over the classes, such as the mean intersection over union: their
totals and weights are vectors with an entry a class, which add up over batches like
those of any metric, so a figure is that of the whole set and not a mean over images.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.tasks import measures
from dl_core.tasks.supervised import Measure, See, directly, judged
from dl_core.types import Array, Batch, Metrics, Task

REACH = 2  # pixels from an edge, of those that `boundary_iou` counts


def segmentation(
  model: nn.Module,
  loss: Measure = measures.cross_entropy,
  *,
  share: float = 0.0,
  see: See = directly,
) -> Task:
  """Makes the task of saying the class of every pixel.

  Reported are `loss`, `accuracy`, the share of pixels, and means over the classes:
  `class_accuracy`, the share of the pixels of a class; `iou`, intersection over union;
  `boundary_iou`, that of the pixels within `REACH` of another class, in evaluation
  alone. Weights shade the loss; for the others a pixel counts if it weighs anything.

  Args:
    model: maps images to logits [B, H, W, K]; in training perhaps to a tuple, these and
      those of auxiliary classifiers. `batch.y` holds integers [B, H, W], and
      `batch.weight` is 0 at pixels that do not count.
    loss: what is minimised.
    share: of the losses of auxiliary classifiers that is added.
    see: how the model is applied to images in evaluation; see `judged`.
  """

  def judge(output: Any, batch: Batch) -> Metrics:
    logits, *others = jax.tree.leaves(output)
    values = loss(logits, batch.y)
    if others:
      values += share * sum(loss(each, batch.y) for each in others)
    counted = (batch.weight > 0).astype(jnp.float32)
    right = measures.accuracy(logits, batch.y)
    return {
      'loss': summed(values, batch.weight),
      'accuracy': summed(right, counted),
      'class_accuracy': measures.recalled(logits, batch.y, counted),
      'iou': measures.overlap(logits, batch.y, counted),
    }

  def evaluated(output: Any, batch: Batch) -> Metrics:
    edges = measures.near_edges(batch.y, REACH) & (batch.weight > 0)
    near = measures.overlap(output, batch.y, edges.astype(jnp.float32))
    return judge(output, batch) | {'boundary_iou': near}

  return judged(model, judge, evaluated, see)


def summed(values: Array, weight: Array) -> tuple[Array, Array]:
  """Sums values [B, H, W] with weights of that shape, as `metrics.weighted` does.

  The pixels of each image are summed first: one float32 sum over all pixels of a batch,
  term by term, is off by 2e-5.
  """
  each = jnp.where(weight > 0, values, 0) * weight
  by_image = lambda x: jax.lax.optimization_barrier(jnp.sum(x, axis=(1, 2)))
  return jnp.sum(by_image(each)), jnp.sum(by_image(weight))
