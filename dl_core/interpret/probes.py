"""Linear probes: how much a linear classifier finds in the features of a layer.

Alain & Bengio, "Understanding intermediate layers using linear classifier probes",
2016, https://arxiv.org/abs/1610.01644. The features are standardised by their means and
deviations on the training examples, and the strength of the penalty is chosen on
validation. Both are refitted for every probe.

Shapes: N examples, F features.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

STRENGTHS = (1e-3, 1e-2, 1e-1)  # C of scikit-learn: small ones are penalised more
ITERATIONS = 100
Examples = tuple[np.ndarray, np.ndarray]  # features [N, F], labels [N]


def accuracy(parts: Mapping[str, Examples]) -> float:
  """Returns the test accuracy of a probe, logistic regression on fixed features.

  Args:
    parts: the examples of 'train', 'validation' and 'test'.
  """
  mean, deviation = moments(parts['train'][0])
  scaled = {
    name: ((features - mean) / deviation, labels)
    for name, (features, labels) in parts.items()
  }
  fitted = [fit(*scaled['train'], strength) for strength in STRENGTHS]
  # Of equally good ones the first, which is the most penalised.
  best = max(fitted, key=lambda probe: probe.score(*scaled['validation']))
  return float(best.score(*scaled['test']))


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Returns mean and deviation [F]; a feature that never changes has deviation 1."""
  deviation = features.std(axis=0)
  return features.mean(axis=0), np.where(deviation > 1e-6, deviation, 1)


def fit(features: np.ndarray, labels: np.ndarray, strength: float) -> Any:
  """Returns logistic regression fitted to examples, as scikit-learn has it.

  It need not have converged: after `ITERATIONS` more of them hardly change a choice.
  """
  import warnings

  from sklearn import exceptions, linear_model

  probe = linear_model.LogisticRegression(C=strength, max_iter=ITERATIONS)
  with warnings.catch_warnings():
    warnings.simplefilter('ignore', exceptions.ConvergenceWarning)
    return probe.fit(features, labels)
