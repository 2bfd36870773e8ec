"""Several heads: a model that answers several questions about the same input."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax.numpy as jnp
from flax import linen as nn

from dl_core import metrics
from dl_core.tasks import measures
from dl_core.tasks.supervised import Measure, judged
from dl_core.types import Array, Batch, Metrics, Task


class Head(NamedTuple):
  """How the answer to one question is judged.

  Attributes:
    loss: (output, label) -> a number for each place.
    share: what its mean is multiplied by in the loss of the task.
    reported: measures beside the loss.
  """

  loss: Measure = measures.cross_entropy
  share: float = 1.0
  reported: Mapping[str, Measure] = MappingProxyType({})


def several(model: nn.Module, heads: Mapping[str, Head]) -> Task:
  """Makes the task whose loss is the sum of the weighted means of several heads.

  Outputs, labels and weights are dicts with an entry for each head, and each mean is
  divided by the weights of its own head: BERT's masked words and next sentences, a
  detector's classes and boxes.

  Each head's loss is reported as HEAD_loss, and its measures as HEAD_NAME, exactly over
  all batches. `loss`, their sum, is a mean over batches: each counts by its examples
  that have a label. It is exact where all batches have as many labels an example.

  Args:
    model: called as model(x, train=...); returns {head: its output}.
    heads: {head: how it is judged}.

  Raises:
    ValueError: there are no heads.
  """
  if not heads:
    raise ValueError(f'{heads=} has no head; at least one is wanted')
  for head, (_, _, reported) in heads.items():
    for name in reported:
      metrics.declare(f'{head}_{name}', **metrics.kind(name)._asdict())

  def judge(output: Mapping[str, Array], batch: Batch) -> Metrics:
    found: Metrics = {}
    loss = jnp.zeros(())
    for head, (measure, share, reported) in heads.items():
      said, label, weight = output[head], batch.y[head], batch.weight[head]
      total, count = found[f'{head}_loss'] = metrics.weighted(
        measure(said, label), weight
      )
      loss += share * total / jnp.where(count > 0, count, 1)
      for name, each in reported.items():
        found[f'{head}_{name}'] = metrics.weighted(each(said, label), weight)
    examples = jnp.sum(metrics.labelled({head: batch.weight[head] for head in heads}))
    return {'loss': (loss * examples, examples), **found}

  return judged(model, judge)
