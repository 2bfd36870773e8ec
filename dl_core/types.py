"""The contracts: what a batch, a task, a data set and an experiment are.

Everything else in `dl_core` either makes one of these values or takes one. They are
tuples of arrays and of pure functions; nothing here computes.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax

Array = jax.Array
Key = jax.Array  # a typed PRNG key, made by `jax.random.key`
Params = Any  # the pytree that the optimizer moves
Extra = Mapping[str, Any]  # linen's other collections: running statistics and the like
Variables = Mapping[str, Any]  # {'params': Params, **Extra}
Metrics = dict[str, tuple[Any, Any]]  # {name: (total, weight)}, summed, divided once


class UserError(Exception):
  """What the user can mend: one sentence (given, wanted, what to do), exit code 2."""


class Batch(NamedTuple):
  x: Any  # what the model reads: an array or any pytree of arrays
  y: Any  # what it should say; None where there is nothing to say
  weight: Any  # like y: 0 where a label does not count (padding)


class Task(NamedTuple):
  """A learning problem as pure functions about a model.

  Attributes:
    init: (key, batch) -> variables.
    losses: one per player, in the order of their turns, nearly always one:
      (params, extra, batch, key) -> (scalar, (extra, metrics)).
    metrics: (variables, batch, key) -> metrics, in evaluation mode.
    outputs: (variables, x) -> what the model says in evaluation mode, for pictures and
      predictions.
  """

  init: Callable[[Key, Batch], Variables]
  losses: tuple[Callable, ...]
  metrics: Callable[[Variables, Batch, Key], Metrics]
  outputs: Callable[[Variables, Any], Any] | None = None


class Spec(NamedTuple):
  """What is known of a data set before any example is read.

  Attributes:
    batch: a Batch of `jax.ShapeDtypeStruct`, the shapes and types of a training batch.
    source: name and version of the data, part of a run's identity ('digits/1.0.0').
    classes: the label names, in the order of the label numbers; () if there are none.
  """

  batch: Batch
  source: str
  classes: tuple[str, ...] = ()


class Data(NamedTuple):
  """Where batches come from.

  Attributes:
    spec: known from the config and the builder's declaration alone.
    feed: (step) -> arrays: the whole resident set, the same object at every step, or
      this step's host batch of a streamed one.
    take: (arrays, key, step) -> Batch: pure, runs inside the jitted step; `key` is the
      same at every step of a run.
    splits: 'train' (in order, as it is evaluated), 'validation', 'test' -> () ->
      padded and masked host Batches of one shape.
    rows: (key, step) -> the numbers of the examples in that step's batch.
    baseline: () -> {metric: value}: what the best constant answer scores on the test
      split.
    read: (path) -> x of one example, for `--predict`; raises UserError.
    digests: () -> {file or array name: digest}, for the manifest.
    notes: sentences that belong beside the result (how the splits were made).
  """

  spec: Spec
  feed: Callable[[int], Any]
  take: Callable[[Any, Key, Any], Batch]
  splits: Mapping[str, Callable]
  rows: Callable[[Key, Any], Any] | None = None
  baseline: Callable[[], Mapping[str, float]] = dict
  read: Callable[[str], Any] | None = None
  digests: Callable[[], Mapping[str, str]] = dict
  notes: tuple[str, ...] = ()


class Figure(NamedTuple):
  """A published figure that a run is held against."""

  metric: str
  value: float
  dataset: str
  source: str


class Picture(NamedTuple):
  """One drawing of the report.

  Attributes:
    title: a short heading.
    caption: one or two sentences: what to see in it.
    draw: () -> a matplotlib figure.
  """

  title: str
  caption: str
  draw: Callable[[], Any]


class Experiment(NamedTuple):
  """What `build(config)` returns: all that launch, fit and report need to know.

  Attributes:
    config: the settings it was built from.
    task, optimizers, data: the problem; one optax transformation per loss.
    observe: (variables, data, key) -> arrays worth seeing over time, taken at step 0
      and at every evaluation, kept in workdir/observed/; `key` is `Data.take`'s.
    report: (variables, observed, data, key) -> Pictures.
    published: the figures that the result is held against.
  """

  config: Any
  task: Task
  optimizers: tuple
  data: Data
  observe: Callable | None = None
  report: Callable | None = None
  published: tuple[Figure, ...] = ()
