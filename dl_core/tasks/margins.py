"""R-CNN's second stage: linear support vector machines on the network's features.

Girshick et al. 2014 (https://arxiv.org/abs/1311.2524), section 2.3 and appendix B. One
machine a class: its positives are the objects themselves, its negatives the proposals
that overlap every object of the class by less than 0.3; those between are left out.
Hard negatives, whose margins are above -1, are mined among all of them.
Settings are those of rbgirshick/rcnn.

Shapes: B images, R regions, D features, M regions in all, K classes with background.
"""

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.tasks import average_precision, detection, judging
from dl_core.tasks.apply import untrained
from dl_core.tasks.detection import Run, System
from dl_core.types import Batch, Variables

NEGATIVE = 0.3  # overlap below which a proposal is a negative
COST, POSITIVE = 1e-3, 2.0  # C of the machines; weight of a positive
NORM = 20.0  # mean norm that the features are scaled to
HARD = -1.0  # margin above which a negative is mined
ROUNDS = 3
FIRST = 2_000  # negatives before any is mined


class Machines(NamedTuple):
  """Linear machines: margins are scale · features @ weights + biases.

  Attributes:
    weights: [D, K], zeros for the background.
    biases: [K].
    scale: of the features.
  """

  weights: np.ndarray
  biases: np.ndarray
  scale: float


class Examples(NamedTuple):
  """Regions to learn from.

  Attributes:
    features: [M, D].
    labels: [M], the class of an object, from 1; 0 for a proposal.
    overlaps: [M, K], the most that a proposal overlaps any object of a class.
  """

  features: np.ndarray
  labels: np.ndarray
  overlaps: np.ndarray


def fitted(
  system: System,
  variables: Variables,
  batches: Iterable[Batch],
  classes: int,
  most: int,
) -> Machines:
  """Fits the machines on training images.

  Args:
    system, variables: a trained detector that is given its regions.
    batches: of the training split.
    classes: K.
    most: images that are read.
  """
  return mined(examples(system, variables, batches, classes, most), classes)


def examples(
  system: System,
  variables: Variables,
  batches: Iterable[Batch],
  classes: int,
  most: int,
) -> Examples:
  """Returns the features of objects and proposals; see `fitted`."""
  found, count = [], 0
  read = _features(system)
  for batch in batches:
    both = np.concatenate([batch.x['proposals'], batch.y['boxes']], axis=1)
    features = np.asarray(read(variables, batch.x['image'], both))
    proposals = batch.x['proposals'].shape[1]
    for n in np.flatnonzero(batch.weight['image']):
      real = np.concatenate([batch.x['proposed'][n], batch.weight['boxes'][n]]) > 0
      objects = batch.weight['boxes'][n] > 0
      names = batch.y['labels'][n][objects] + 1
      shared = average_precision.overlap(both[n], batch.y['boxes'][n][objects])
      overlaps = np.stack(
        [shared[:, names == k].max(axis=1, initial=0) for k in range(classes)], axis=1
      )
      labels = np.zeros(len(real), int)
      labels[proposals:] = batch.y['labels'][n] + 1
      found.append(Examples(features[n][real], labels[real], overlaps[real]))
      count += 1
      if count == most:
        break
    if count == most:
      break
  return Examples(*(np.concatenate(each) for each in zip(*found, strict=True)))


def mined(given: Examples, classes: int) -> Machines:
  """Fits a machine for each class, mining its hard negatives."""
  norm = float(np.mean(np.linalg.norm(given.features, axis=1)))
  scale = NORM / max(norm, 1e-6)
  features = given.features * scale
  weights = np.zeros((features.shape[1], classes))
  biases = np.full(classes, -1e3)  # of a class without objects
  for k in range(1, classes):
    positive = given.labels == k
    negative = np.flatnonzero((given.labels == 0) & (given.overlaps[:, k] < NEGATIVE))
    if positive.any() and len(negative):
      weights[:, k], biases[k] = _one(features, np.flatnonzero(positive), negative)
  return Machines(weights, biases, scale)


def _one(
  features: np.ndarray, positive: np.ndarray, negative: np.ndarray
) -> tuple[np.ndarray, float]:
  """Returns weights and bias of one class, given the numbers of its examples."""
  from sklearn import svm

  kept = np.random.RandomState(0).permutation(negative)[:FIRST]
  for number in range(ROUNDS):
    rows = np.concatenate([positive, kept])
    signs = np.repeat([1, -1], [len(positive), len(kept)])
    machine = svm.LinearSVC(
      C=COST, class_weight={1: POSITIVE}, intercept_scaling=10, dual=True,
      max_iter=20_000, random_state=0, loss='hinge',
    ).fit(features[rows], signs)  # fmt: skip
    margins = machine.decision_function(features[negative])
    hard = negative[margins > HARD]
    grown = np.union1d(kept, hard)
    if number == ROUNDS - 1 or len(grown) == len(kept):
      break
    kept = grown
  return machine.coef_[0], float(machine.intercept_[0])


def outputs(system: System, machines: Machines) -> Any:
  """Makes (variables, x) -> detections whose scores are sigmoids of the margins."""
  settings = system.judging._replace(score=float(jax.nn.sigmoid(HARD)))
  apart: Any = functools.partial(judging.apart, settings=settings)
  weights, biases = map(jnp.asarray, machines[:2])

  @jax.jit
  def said(variables, x):
    run = Run(variables['params'], untrained(variables))
    seen, found, run = detection.looked(system, run, x)
    boxes = found.regions.boxes
    features, run = detection.judged(system, run, seen, boxes, 'features')
    (_, changes), _ = detection.judged(system, run, seen, boxes)
    scores = jax.nn.sigmoid(machines.scale * features @ weights + biases[None, None])
    return jax.vmap(apart)(scores, changes, found.regions, x['extent'])

  return said


def _features(system: System) -> Any:
  """Makes (variables, images, boxes [B, R, 4]) -> features [B, R, D]."""

  @jax.jit
  def read(variables, images, boxes):
    run = Run(variables['params'], untrained(variables))
    if system.crop is None:
      images, run = run.apply(system.model, 'maps', images)
    return detection.judged(system, run, images, boxes, 'features')[0]

  return read
