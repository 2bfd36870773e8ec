"""Semantic segmentation: a class for every pixel.

The objective is supervised learning's: the weighted loss at every labelled place;
what is added is the mean intersection over union, whose totals are one intersection and
whose weights are one union a class, so that it adds up over batches like any metric.
"""

from flax import linen as nn

from dl_core import metrics
from dl_core.tasks import measures
from dl_core.tasks.supervised import Measure, judged
from dl_core.types import Array, Batch, Metrics, Task


def segmentation(model: nn.Module, loss: Measure = measures.cross_entropy) -> Task:
  """Makes the task of saying the class of every pixel.

  Reported are `loss`, `accuracy`, the share of pixels, and `iou`, a mean over classes.

  Args:
    model: maps images [B, H, W, C] to logits [B, H, W, K]; `batch.y` holds integers
      [B, H, W], `batch.weight` is 0 at pixels that do not count.
    loss: what is minimised.
  """

  def judge(logits: Array, batch: Batch) -> Metrics:
    weighted = lambda measure: metrics.weighted(measure(logits, batch.y), batch.weight)
    return {
      'loss': weighted(loss),
      'accuracy': weighted(measures.accuracy),
      'iou': measures.overlap(logits, batch.y, batch.weight),
    }

  return judged(model, judge)
