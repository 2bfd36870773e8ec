"""Loads tables: standardised numbers in columns, and a class or a number to predict.

`--dataset=NAME` is one of ours, or any set of TensorFlow Datasets that is prepared and
whose examples hold numbers and one target. Shapes: B batch, F columns, n examples.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import batches, cache, declarations, sources, splits, stored
from dl_core.data.declarations import Declaration, Feature
from dl_core.data.images import most_frequent
from dl_core.types import Array, Batch, Data, Spec, UserError

Measure = Callable[[Array, Array], Array]  # (answer [n], y [n]) -> [n]

NUMBERS = ('bool', 'int', 'uint', 'float', 'bfloat')  # how their types' names begin


class Table(NamedTuple):
  """A table as it is declared, before any example is read.

  Attributes:
    declaration: the set.
    columns: {name: Feature}, in the order of x.
    target: the name of the feature to predict.
  """

  declaration: Declaration
  columns: Mapping[str, Feature]
  target: str

  @property
  def classes(self) -> tuple[str, ...]:
    """The label names; () where the target is a number."""
    return self.declaration.features[self.target].names

  @property
  def names(self) -> tuple[str, ...]:
    """The name of each of the F numbers in x; 'pixels[0]' ... of a 1-D column."""
    named: list[str] = []
    for name, feature in self.columns.items():
      places = range(feature.shape[0] or 0) if feature.shape else ()
      named += [f'{name}[{place}]' for place in places] if feature.shape else [name]
    return tuple(named)


def load(
  c: Config, *, columns: Sequence[str] = (), loss: Measure | None = None
) -> Data:
  """Makes the Data of `c.dataset`; no example is read before the first batch.

  Batches hold x float32 [B, F], y int32 [B] for classes or float32 [B] for a number,
  weight float32 [B]. Each column, and a y that is a number, has the training split's
  mean taken off and is divided by its deviation; a constant column becomes 0. The
  whole set is resident on the device; `resident_bytes` does not count.

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used.
    columns: names of the columns of x; all of them, by name, if empty.
    loss: of the best constant answer where y is a number, for the baseline; None:
      there is no baseline then.

  Raises:
    UserError: there is no such set or column, or they are not numbers.
  """
  table = declared(c.dataset, c.data_dir, columns)
  classes, source = table.classes, table.declaration.source
  parts = splits.parts(source, table.declaration.counts, classes=bool(classes))
  x = jax.ShapeDtypeStruct((c.batch_size, len(table.names)), np.float32)
  number = functools.partial(jax.ShapeDtypeStruct, (c.batch_size,))
  y = number(np.int32 if classes else np.float32)
  return batches.resident(
    Spec(Batch(x, y, number(np.float32)), source, classes),
    _standardised(table, _divided(table, parts)),
    baseline=most_frequent if classes else functools.partial(constant, loss),
    notes=table.declaration.notes + parts.notes,
    declaration=stored.packed(
      {key: table.declaration.features[key] for key in (*table.columns, table.target)},
      table.target,
    ),
  )


def declared(name: str, data_dir: str, columns: Sequence[str] = ()) -> Table:
  """Finds a table among the sets of `sources`, reading no example; see `load`.

  Its target is the second of the supervised keys, or else its only ClassLabel.
  """
  declaration = sources.declare(name, data_dir)
  features = declaration.features
  labels = [key for key, feature in features.items() if feature.kind == 'ClassLabel']
  target = declaration.target or (labels[0] if len(labels) == 1 else '')
  others = sorted(set(features) - {target})
  if unknown := [column for column in columns if column not in others]:
    raise UserError(
      f'the column {unknown[0]} was asked for, which {declaration.source} lacks; its '
      f'columns are {", ".join(others)}'
    )
  chosen = tuple(columns) or others
  predicted = features.get(target, Feature(''))
  numbers = all(_numeric(features[key]) for key in chosen) and bool(chosen)
  if not numbers or not (
    predicted.names or (_numeric(predicted) and not predicted.shape)
  ):
    kind = lambda f: f.dtype if f.dtype and f.kind != 'Image' else f.kind
    held = ', '.join(f'{key} ({kind(f)})' for key, f in features.items())
    raise UserError(
      f'--dataset={name} was given, whose examples hold {held}, with '
      f'{target or "nothing"} as the target; '
      'wanted are numbers in columns of a fixed size, and a class or a number to '
      'predict from them, give a set that has them'
    )
  return Table(declaration, {key: features[key] for key in chosen}, target)


def constant(
  loss: Measure | None, train: np.ndarray, test: np.ndarray
) -> dict[str, float]:
  """Scores the constant answer: the better of training's mean and its median.

  Without a loss there is nothing to score.
  """
  if loss is None:
    return {}
  score = lambda answer, y: float(np.mean(loss(np.full_like(y, answer), y)))
  best = min((np.mean(train), np.median(train)), key=lambda each: score(each, train))
  return {'loss': score(best, test)}


def _numeric(feature: Feature) -> bool:
  """Returns whether a feature is a number, or a fixed number of numbers."""
  return (
    feature.kind in ('Scalar', 'Tensor')
    and feature.dtype.startswith(NUMBERS)
    and len(feature.shape) < 2
    and None not in feature.shape
  )


def _divided(
  table: Table, parts: splits.Parts
) -> Callable[[str], tuple[np.ndarray, np.ndarray]]:
  """Makes (split) -> x [n, F] and y [n] as they were written."""
  source, classes = table.declaration.source, table.classes

  @functools.cache
  def read(split):
    x, y = _read(table, split)
    if classes:
      return x, declarations.checked(source, split, classes, y)
    return x, y

  @functools.cache
  def carved():
    _, y = read('train')
    return splits.carved(source, parts, y if classes else np.zeros(len(y), int))

  def load(name):
    if given := parts.given.get(name):
      return read(given)
    rows = carved()[name]
    x, y = read('train')
    return x[rows], y[rows]

  return load


def _read(table: Table, split: str) -> tuple[np.ndarray, np.ndarray]:
  """Reads a split that the set comes with: x float64 [n, F], y [n] int32 or float64."""
  whole = sources.prepare(table.declaration)
  wanted = [*table.columns, table.target]

  def make():
    found = list(sources.examples(whole, split))
    kept = [key for key, feature in whole.features.items() if _numeric(feature)]
    return {key: np.array([each[key] for each in found]) for key in {*kept, *wanted}}

  arrays = cache.cached(whole.folder / 'decoded' / f'{split}-table.npz', make)
  n = len(arrays[table.target])
  columns = [arrays[key].reshape(n, -1).astype(np.float64) for key in table.columns]
  x, y = np.concatenate(columns, axis=1), arrays[table.target]
  if not (np.isfinite(x).all() and np.isfinite(y).all()):
    raise UserError(
      f'the {split} split of {whole.source} has values that are no numbers; '
      'give a set without gaps, or other columns'
    )
  return x, y.astype(np.int32 if table.classes else np.float64)


def _standardised(
  table: Table, load: Callable[[str], tuple[np.ndarray, np.ndarray]]
) -> Callable[[str], tuple[np.ndarray, np.ndarray]]:
  """Makes (split) -> x and y in the training split's units, see `load`."""

  def scaled(values, of):
    deviation = of.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1)
    return ((values - of.mean(axis=0)) / deviation).astype(np.float32)

  def standardised(name):
    (x, y), (train_x, train_y) = load(name), load('train')
    return scaled(x, train_x), y if table.classes else scaled(y, train_y)

  return standardised
