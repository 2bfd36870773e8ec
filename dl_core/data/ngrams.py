"""Naive Bayes over n-grams of tokens: what a classifier of sentences must beat.

It knows which few tokens stand side by side in a class, and nothing of their order
beyond that. It has a closed form, no settings that are tuned, and is hard to beat on
few examples.

Shapes: N sentences, T tokens of the longest, K classes, G n-grams of training.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from dl_core import metrics
from dl_core.types import Batch, Data, Key, Variables

metrics.declare('naive_bayes', fraction=True)
SMOOTHING = 1.0  # Laplace's: added to each count


class Bayes(NamedTuple):
  """A naive Bayes classifier, fitted.

  Attributes:
    n: tokens of an n-gram.
    grams: [G] codes of the n-grams of training, in rising order.
    weights: [G + 1, K] log-probability of each n-gram in each class; the last row, 0,
      is that of n-grams that training lacks.
    prior: [K] log-frequencies of the classes.
  """

  n: int
  grams: np.ndarray
  weights: np.ndarray
  prior: np.ndarray


def scores(n: int):
  """Makes the `scores` of an experiment on sentences: accuracy of naive Bayes on test.

  Args:
    n: tokens of an n-gram.
  """

  def measured(variables: Variables, data: Data, key: Key) -> dict[str, float]:
    del variables, key
    train, test = (joined(data.splits[name]()) for name in ('train', 'test'))
    model = fit(*train, n=n, classes=len(data.spec.classes))
    right = predicted(model, *test[:2]) == test[2]
    return {'naive_bayes': float(np.mean(right))}

  return measured


def joined(batches: Iterable[Batch]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Returns tokens [N, T], lengths [N] and labels [N] of a split, without padding."""
  rows = [
    tuple(leaf[batch.weight > 0] for leaf in (*leaves(batch), batch.y))
    for batch in batches
  ]
  tokens, lengths, labels = map(np.concatenate, zip(*rows, strict=True))
  return tokens, lengths, labels


def leaves(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
  """Returns the tokens and lengths of a batch of `sentences`."""
  return batch.x['tokens'], batch.x['lengths']


def fit(
  tokens: np.ndarray,
  lengths: np.ndarray,
  labels: np.ndarray,
  *,
  n: int,
  classes: int,
) -> Bayes:
  """Fits a naive Bayes classifier to sentences; `classes` is K."""
  codes, rows = coded(tokens, lengths, n)
  grams, which = np.unique(codes, return_inverse=True)
  counts = np.full((len(grams), classes), SMOOTHING)
  np.add.at(counts, (which, labels[rows]), 1)
  logs = np.log(counts / counts.sum(axis=0, keepdims=True))
  prior = np.log((np.bincount(labels, minlength=classes) + 1) / (len(labels) + classes))
  return Bayes(n, grams, np.concatenate([logs, np.zeros((1, classes))]), prior)


def predicted(model: Bayes, tokens: np.ndarray, lengths: np.ndarray) -> np.ndarray:
  """Returns the likeliest class [N] of each sentence."""
  codes, rows = coded(tokens, lengths, model.n)
  places = np.searchsorted(model.grams, codes).clip(max=len(model.grams) - 1)
  places = np.where(model.grams[places] == codes, places, len(model.grams))
  totals = np.tile(model.prior, (len(tokens), 1))
  np.add.at(totals, rows, model.weights[places])
  return totals.argmax(axis=1)


def coded(
  tokens: np.ndarray, lengths: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
  """Returns the codes of all n-grams of sentences, and the sentence of each.

  With n above 1 a mark stands before the first token and after the last one.
  """
  base, (count, longest) = 2**20, tokens.shape  # more than any vocabulary has
  marks = 1 if n > 1 else 0
  rows = np.zeros((count, longest + 2 * marks), np.int64)
  rows[:, marks : marks + longest] = tokens + 2
  ends = lengths + 2 * marks
  if marks:
    rows[:, 0] = 0
    rows[np.arange(count), lengths + 1] = 1
  places = rows.shape[1] - n + 1
  codes = sum(rows[:, k : k + places] * base ** (n - 1 - k) for k in range(n))
  real = np.arange(places)[None] + n <= ends[:, None]
  return codes[real], np.nonzero(real)[0]
