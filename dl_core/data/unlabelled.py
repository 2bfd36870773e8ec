"""The texts of a labelled set without their labels, for BERT: nothing follows them.

Shapes: B texts, T tokens of the longest, N tokens of a split.
"""

import numpy as np

from dl_core.config import Config
from dl_core.data import (
  coded,
  forms,
  passages,
  phrases,
  sentence_tokens,
  sentences,
  vocabularies,
)
from dl_core.data.passages import Passages
from dl_core.types import Batch, Data


def load(c: Config, longest: int, vocabulary: str, pieces: int) -> Passages:
  """Makes the Data of `c.dataset`: [CLS] A [SEP], of the lengths that come together.

  Batches are those of `passages.load`, with segments 0 and next 0. The vocabulary is
  the one of `sentences.load`, so a classifier of these texts shares it.

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used.
    longest: T.
    vocabulary, pieces: see `vocabularies.choice`; it needs the marks of BERT.

  Raises:
    UserError: there is no such set, it holds no labelled texts, or the vocabulary will
      not do.
  """
  data, _ = sentences.load(c, longest, vocabulary, pieces, forms.BERT)
  found = phrases.named(c.dataset, c.data_dir, forms.BERT.texts)
  choice = sentence_tokens.chosen(found, vocabulary, pieces)
  marks = passages.marked(choice.kind, lambda: choice.given, vocabulary)
  batch, sample = data.spec.batch, data.sample
  assert sample, 'sentences can be drawn'

  def alone(batch: Batch) -> Batch:
    x, y, weight = batch
    return Batch(x, {'next': 0 * y}, {'next': weight})

  def read(written: str):
    given = vocabularies.read(data.files()[vocabularies.FILE])
    return passages.one(written, given, longest, marks)

  return Passages(
    data._replace(
      spec=data.spec._replace(
        batch=Batch(batch.x, {'next': batch.y}, {'next': batch.weight}),
        classes=(),
        limits=Batch(data.spec.limits.x, {'next': 2}, {'next': 0}),
      ),
      take=lambda arrays, key, step: alone(data.take(arrays, key, step)),
      splits={
        name: lambda read=read: map(alone, read()) for name, read in data.splits.items()
      },
      baseline=lambda: constant(data, choice.size, tuple(marks.values())),
      read=read,
      sample=lambda key: alone(sample(key)),
    ),
    marks,
  )


def constant(data: Data, size: int, marks: tuple[int, ...]) -> dict[str, float]:
  """Scores the best constant answer: the frequencies of tokens that are no marks."""

  def tokens(split: str) -> np.ndarray:
    rows = [
      batch.x['tokens'][batch.weight > 0].ravel() for batch in data.splits[split]()
    ]
    found = np.concatenate(rows)
    return found[~np.isin(found, marks)]

  found = coded.constant(tokens('train'), tokens('test'), size)
  return {'masked_loss': found['nats'], 'masked_accuracy': found['accuracy']}
