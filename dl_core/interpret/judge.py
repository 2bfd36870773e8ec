"""Scores generated images by how a classifier of the real images classifies them.

A collapsed generator makes only one class of images, an untrained one no recognisable
class. The classifier is a LeNet trained on the same training images; its figures
compare runs on one data set and cannot be compared with published ones.

Shapes: N images, K classes, F = 84 features.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from dl_core import config, tasks, train
from dl_core.models import lenet
from dl_core.tasks import measures
from dl_core.types import Data, Experiment, UserError

SHARE, CONFIDENCE = 2.5, 0.8  # times 1 / K at most, and at least; see `convincing`


class Names(NamedTuple):
  """The predictions of the classifier for images.

  Attributes:
    said: [N] predicted classes, those of the highest probability.
    confidence: [N] their probabilities.
    features: [N, F] of its last hidden layer.
    classes: K.
  """

  said: np.ndarray
  confidence: np.ndarray
  features: np.ndarray
  classes: int


class Judge(NamedTuple):
  """A classifier that is trained at its first call.

  Attributes:
    name: images [N, H, W, C], prepared as the training images are -> Names.
    real, test: () -> the Names of the training images, and of the test images.
    accuracy: () -> its accuracy on the test split.
  """

  name: Callable[[Any], Names]
  real: Callable[[], Names]
  test: Callable[[], Names]
  accuracy: Callable[[], float]


def make(data: Data, steps: int = 600) -> Judge:
  """Makes the judge of a set of labelled images; it reads data at its first call.

  Args:
    data: its batches hold images of 16 pixels a side or more.
    steps: training steps. The seed is fixed: all runs of an experiment have one judge.

  Raises:
    UserError: the images have no labels.
  """
  classes = len(data.spec.classes)
  if not classes:
    raise UserError(
      f'{data.spec.source} was given, which has no classes for a classifier of samples '
      'to learn; give a set whose images have labels'
    )
  model = lenet.LeNet(classes)
  task = tasks.supervised(model, accuracy=measures.accuracy)
  c = config.Config(
    steps=steps, batch_size=data.spec.batch.x.shape[0], eval_every=steps
  )
  rate = optax.cosine_decay_schedule(2e-3, steps)

  @functools.cache
  def trained() -> train.Run:
    optimizers = (optax.adamw(rate, weight_decay=0.1),)
    return train.fit(Experiment(c, task, optimizers, data))

  @jax.jit
  def answers(params, x):
    keep = lambda module, _: module.name == 'F6'
    logits, seen = model.apply(
      {'params': params}, x, train=False, capture_intermediates=keep
    )
    (features,) = seen['intermediates']['F6']['__call__']
    return jax.nn.softmax(logits), jax.nn.relu(features)

  def name(images: Any) -> Names:
    probabilities, features = map(np.asarray, answers(trained().state.params, images))
    said = probabilities.argmax(-1)
    return Names(said, probabilities.max(-1), features, classes)

  @functools.cache
  def named(split: str) -> Names:
    parts = []
    for batch in data.splits[split]():
      found = name(batch.x)
      there = np.asarray(batch.weight) > 0
      parts.append([column[there] for column in found[:3]])
    said, confidence, features = map(np.concatenate, zip(*parts, strict=True))
    return Names(said, confidence, features, classes)

  return Judge(
    name,
    lambda: named('train'),
    lambda: named('test'),
    lambda: trained().lines[-1]['accuracy'],
  )


def figures(names: Names, real: Names) -> dict[str, float]:
  """Scores generated images.

  Returns:
    frechet: `frechet` distance of the features to those of the real images.
    classes: the number of the K classes that are predicted at all.
    largest_share: the share of images in the class that is predicted most often.
    confidence: mean probability of the predicted class.
  """
  counts = np.bincount(names.said, minlength=names.classes)
  return {
    'frechet': frechet(names.features, real.features),
    'classes': float((counts > 0).sum()),
    'largest_share': float(counts.max() / counts.sum()),
    'confidence': float(names.confidence.mean()),
  }


def first(names: Names, count: int) -> Names:
  """Returns the Names of the first `count` images."""
  said, confidence, features, classes = names
  return Names(said[:count], confidence[:count], features[:count], classes)


def convincing(found: dict[str, float], classes: int) -> bool:
  """Returns whether all classes are predicted, none too often, with confidence."""
  return (
    found['classes'] == classes
    and found['largest_share'] <= SHARE / classes
    and found['confidence'] >= CONFIDENCE
  )


def frechet(a: np.ndarray, b: np.ndarray) -> float:
  """Returns |μ_a - μ_b|² + tr(Σ_a + Σ_b - 2 (Σ_a Σ_b)^½) of features [N or M, F].

  The squared Fréchet distance of two Gaussians of these means and covariances (Heusel
  et al. 2017, https://arxiv.org/abs/1706.08500, equation 6).
  """
  mean_a, mean_b = a.mean(0, dtype=np.float64), b.mean(0, dtype=np.float64)
  cov_a, cov_b = (np.cov(each, rowvar=False, dtype=np.float64) for each in (a, b))
  values, vectors = np.linalg.eigh(cov_a)
  root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
  # Σ_a Σ_b and Σ_a^½ Σ_b Σ_a^½ have the same eigenvalues, and this one is symmetric.
  shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0)).sum()
  apart = np.sum((mean_a - mean_b) ** 2)
  return float(apart + np.trace(cov_a) + np.trace(cov_b) - 2 * shared)
