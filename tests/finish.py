"""The runs of a study of linear classifiers, finished without a workdir."""

import dataclasses
import functools

import numpy as np

from dl_core import train
from dl_core.data import splits
from dl_core.launch import studies
from dl_core.layers import polynomial
from dl_core.lessons.boundaries import linear, separation
from dl_core.train import compiled, evaluate


def finished(module, c, seeds):
  """Trains a run for each seed, side by side: [Finished]."""
  first = module.build(c)
  each = [
    first._replace(config=dataclasses.replace(c, seed=seed)) for seed in range(seeds)
  ]
  shared = compiled.make(first, compiled.layout_of(first), seeds)
  runs = train.fit_together(each, [None] * seeds, shared=shared)
  return [
    studies.Finished(
      first,
      run.lines,
      run.observed,
      functools.partial(evaluate.variables, first, run.state),
    )
    for run in runs
  ]


def solved(study, seeds):
  """Has scikit-learn finish all runs: {label: [Finished]}, as `draw` gets it.

  What it minimises is what our descent does, and it takes a tenth of the time.
  """
  return {
    label: [_solved(module, c, seed) for seed in range(seeds)]
    for label, (module, c) in study.runs.items()
  }


def _solved(module, c, seed):
  e = module.build(c)
  x, y = separation.training_set(e.data)
  rows = np.random.default_rng(seed).permutation(len(y))[: c.batch_size]
  phi = np.asarray(polynomial.products(x[rows], c.degree))
  machine = linear.reference(linear.Examples(phi, y[rows], y[rows]), c.loss, c.l2)
  machines = getattr(machine, 'estimators_', [machine])
  seen = {
    'w': np.concatenate([each.coef_ for each in machines]).T.astype(np.float32),
    'b': np.concatenate([each.intercept_ for each in machines]).astype(np.float32),
    'rows': rows,
  }
  found = linear.fitted(e.task, e.data, seen)
  x, y = splits.examples(e.data, 'validation')
  right = float(np.mean(found.logits(x).argmax(axis=-1) == y))
  lines = [{'step': 1, 'split': 'validation', 'accuracy': right}]
  return studies.Finished(e, lines, {1: seen})


def held(pictures):
  """Returns {sentence: whether it holds} of all claims."""
  return {claim.sentence: claim.holds for p in pictures for claim in p.claims}


def claimed(study, seeds=3):
  """Trains the runs of a study for several seeds; returns `held` of its pictures."""
  results = {
    label: finished(module, c, seeds) for label, (module, c) in study.runs.items()
  }
  return held(study.draw(results))
