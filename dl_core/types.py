"""The contracts: what a batch, a task, a data set and an experiment are.

Everything else in `dl_core` either makes one of these values or takes one. They are
tuples of arrays and of pure functions; nothing here computes.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import numpy as np

Array = jax.Array
Key = jax.Array  # a typed PRNG key, made by `jax.random.key`
Params = Any  # the pytree that the optimizer moves
Extra = Mapping[str, Any]  # linen's other collections: running statistics and the like
Variables = Mapping[str, Any]  # {'params': Params, **Extra}
# {end of the path of a leaf: for each of its dimensions 'tensor', 'batch' or None}
Partition = Mapping[str, tuple[str | None, ...]]
# (variables, key, N) -> N images float32 [N, H, W, C] in [0, 1]
Sample = Callable[[Variables, Key, int], np.ndarray]
Metrics = dict[str, tuple[Any, Any]]  # {name: (total, weight)}, summed, divided once


class UserError(Exception):
  """What the user can mend: one sentence (given, wanted, what to do), exit code 2."""


class Batch(NamedTuple):
  x: Any  # what the model reads: an array or any pytree of arrays
  y: Any  # what it should say; None where there is nothing to say
  weight: Any  # like y: 0 where a label does not count (padding)


class Marks(NamedTuple):
  """The tokens around a text; see `data.vocabulary.Vocabulary`."""

  start: int
  stop: int
  pad: int = 0
  unknown: int | None = None


class Decode(NamedTuple):
  """How a model writes: one token after another, all that it remembers in a state.

  Attributes:
    start: (variables, x, length) -> state of B sequences before their first token. x
      is what they are conditioned on: a source, an image, or [B, 0] tokens for nothing
      (None: one sequence, and nothing). `length` is the most tokens that the state will
      ever be advanced by.
    advance: (variables, state, tokens [B, T], last=False) -> (state, logits [B, T, V]):
      reads T tokens; the logits after each are those of the one that comes next. With
      `last`, only the logits [B, V] after the last of them are computed.
    axes: which axis of a leaf of the state is the batch: an integer, or a pytree of
      integers that is a prefix of the state's; None for leaves without a batch.
  """

  start: Callable[[Variables, Any, int], Any]
  advance: Callable[..., tuple[Any, Array]]
  axes: Any = 0


class Answer(NamedTuple):
  """What a model says about one example, for `--predict`.

  Attributes:
    words: one line.
    draw: () -> a matplotlib figure; None where there is nothing to see.
    mask: uint8 [H, W], the number of the class of each pixel, if that is the answer.
  """

  words: str
  draw: Callable[[], Any] | None = None
  mask: np.ndarray | None = None


class Task(NamedTuple):
  """A learning problem as pure functions about a model.

  Attributes:
    init: (key, batch) -> variables.
    losses: one per player, in the order of their turns, nearly always one:
      (params, extra, batch, key) -> (scalar, (extra, metrics)).
    metrics: (variables, batch, key) -> metrics, in evaluation mode.
    outputs: (variables, x) -> what the model says in evaluation mode, for pictures and
      predictions.
    decode: for models that generate.
    answer: (x, output, label names), of one example -> Answer; None: the output is
      logits, and the answer its likeliest classes.
  """

  init: Callable[[Key, Batch], Variables]
  losses: tuple[Callable, ...]
  metrics: Callable[[Variables, Batch, Key], Metrics]
  outputs: Callable[[Variables, Any], Any] | None = None
  decode: Decode | None = None
  answer: Callable[[Any, Any, tuple[str, ...]], Answer] | None = None


class Spec(NamedTuple):
  """What is known of a data set before any example is read.

  Attributes:
    batch: a Batch of `jax.ShapeDtypeStruct`, the shapes and types of a training batch.
    source: name and version of the data, part of a run's identity ('digits/1.0.0').
    classes: the label names, in the order of the label numbers; () if there are none.
    tokens: number of tokens in one example of text, with padding; 0 where it is no
      text.
    channels: of the images in x, 1 or 3; 0 where x holds no images.
    native: height and width of the set's images before they are resized; () where
      they vary or x holds no images.
    limits: like `batch`: how many values an integer leaf takes (the size of a
      vocabulary, the number of classes), 0 for other leaves; None: as many as there are
      classes. Read it through `data.limits.of`.
  """

  batch: Batch
  source: str
  classes: tuple[str, ...] = ()
  tokens: int = 0
  channels: int = 0
  native: tuple[int, ...] = ()
  limits: Any = None


class Data(NamedTuple):
  """Where batches come from.

  Attributes:
    spec: known from the config and the builder's declaration alone.
    feed: (key, step) -> arrays: the whole resident set, the same object at every step
      of every run, or this step's host batch of a streamed one.
    take: (arrays, key, step) -> Batch: pure, runs inside the jitted step; `key` is the
      same at every step of a run, here as in `feed` and `rows`.
    splits: 'train' (in order, as it is evaluated), 'validation' (if there is one),
      'test' -> () -> padded and masked host Batches of one shape.
    rows: (key, step) -> the numbers of the examples in that step's batch.
    baseline: () -> {metric: value}: what the best constant answer scores on the test
      split.
    read: (path, or text) -> x of one example, for `--predict` and `--prompt`; raises
      UserError.
    restore: (path, label map [H, W] of that image's x) -> the map in the size of the
      image; None where no label map is an answer.
    write: (tokens, decoder=None) -> the text that they spell, `read`'s other way. An
      incremental UTF-8 decoder (`codecs`) keeps the bytes of an incomplete character
      for the next call, so that tokens may be written one by one.
    digests: () -> {file or array name: digest}, for the manifest.
    notes: sentences that belong beside the result (how the splits were made).
    sample: (key) -> a host batch like the data's, computed, with no file read; None: it
      is drawn from the shapes and limits of the spec (`data.generated`).
    declaration: what a workdir stores beside the source and the classes, as JSON, so
      that its model can be built where the data are not; see `data.stored`.
    files: () -> {name: content}: text files that a workdir stores for the same reason,
      such as the vocabulary.
    spell: (tokens, 'source' or 'target') -> what each of them spells by itself.
    marks: () -> the marks of the texts that answer an x, such as translations; None
      where there are none: what a model writes goes on from the x that it reads.
    objects: () -> the boxes in training images, see `data.outlines.Objects`; it
      decodes no pixel. None where images have no boxes.
  """

  spec: Spec
  feed: Callable[[Key, Any], Any]
  take: Callable[[Any, Key, Any], Batch]
  splits: Mapping[str, Callable]
  rows: Callable[[Key, Any], Any] | None = None
  baseline: Callable[[], Mapping[str, float]] = dict
  read: Callable[[str], Any] | None = None
  restore: Callable[[str, Any], Any] | None = None
  write: Callable[..., str] | None = None
  digests: Callable[[], Mapping[str, str]] = dict
  notes: tuple[str, ...] = ()
  sample: Callable[[Key], Batch] | None = None
  declaration: Mapping[str, Any] = MappingProxyType({})
  files: Callable[[], Mapping[str, str]] = dict
  spell: Callable[..., list[str]] | None = None
  marks: Callable[[], Marks] | None = None
  objects: Callable[[], Any] | None = None


class Names(NamedTuple):
  """What the layers of a model are called in the files of other libraries.

  In a name, `{N}` stands for a number from 1 and `{n}` for the same number from 0, and
  so does every other letter.

  Attributes:
    tables: {library: {layers here: layers there}}; the first is the one to export to. A
      row may also name one array of a layer, as 'norm.scale', or say how arrays are
      stored there: see `models.weights.stored`.
    heads: the layers here that tell the classes apart.
    maps: {dense layers here that read a flattened map: its sides (h, w)}.
    pointwise: dense layers here that are 1 x 1 convolutions in what is exported.
    spare: how the names of arrays begin that a file may have and a model need not; or
      a pattern with '*' of their whole names.
    unlike: {part of an architecture's name: how it differs from this model}, where its
      files have the same names and shapes but other logits.
    settings: {what names and shapes do not tell of a network: its values in this one};
      a file that tells another value is refused, and an exported one tells the first.
    tied: {array there: another one there}: two that are one array here, so a file must
      have equal ones, and may lack either.
    prefixes: how the names in some files begin, and in others do not, all of those that
      could.
    aliases: {last word of a name in some files: that in the tables}.
  """

  tables: Mapping[str, Mapping[str, Any]]
  heads: tuple[str, ...] = ('output',)
  maps: Mapping[str, tuple[int, int]] = MappingProxyType({})
  pointwise: tuple[str, ...] = ()
  spare: tuple[str, ...] = ()
  unlike: Mapping[str, str] = MappingProxyType({})
  settings: Mapping[str, tuple] = MappingProxyType({})
  tied: Mapping[str, str] = MappingProxyType({})
  prefixes: tuple[str, ...] = ()
  aliases: Mapping[str, str] = MappingProxyType({})


class Figure(NamedTuple):
  """A published figure that a run is held against."""

  metric: str
  value: float
  dataset: str
  source: str


class Claim(NamedTuple):
  """A sentence that a lesson claims and what was measured.

  Attributes:
    sentence: the claim.
    holds: whether the measurements bear it out.
    measured: the measured figures, in a few words.
  """

  sentence: str
  holds: bool | np.bool_
  measured: str


class Picture(NamedTuple):
  """One drawing of the report.

  Attributes:
    title: a short heading.
    caption: one or two sentences: what to see in it.
    draw: () -> a matplotlib figure, or text.
    claims: what it bears out.
  """

  title: str
  caption: str
  draw: Callable[[], Any]
  claims: tuple[Claim, ...] = ()


class Experiment(NamedTuple):
  """What `build(config)` returns: all that launch, fit and report need to know.

  Attributes:
    config: the settings it was built from.
    task, optimizers, data: the problem; one optax transformation per loss.
    scores: (variables, data, key) -> {name: float}: what does not add up over batches,
      taken once, for the result on the test split.
    averaged: (state) -> the parameters to evaluate, where they are not the last ones.
    settled: (variables to evaluate) -> the same with other collections, such as running
      statistics of averaged parameters; see `tasks.standing`.
    observe: (variables, data, key) -> arrays worth seeing over time, taken at step 0
      and at every evaluation, kept in workdir/observed/; `key` is `Data.take`'s.
    report: (variables, observed, data, key) -> Pictures.
    remarks: (data) -> sentences about the data that are printed before a new run
      trains; a run that resumes does not compute them.
    published: the figures that the result is held against.
    names: of its layers in the files of other libraries, for `--init_from` and export.
    taken: paths of the parts of the model that `--init_from` gives, such as 'encoder',
      which another task's model has too; the others begin anew. (): the whole model.
    partition: which dimensions of parameters the axis `tensor` of a mesh splits, and
      which dimension of examples that the state holds is split as a batch's is.
    explain: (variables, x, label names), of one example -> Answer: what in x makes a
      classifier predict its class, for `--explain`.
    sample: samples images, for `--sample`; None: the model does not generate images.
    translate: (variables, x) -> {name: image [H, W, C] in [0, 1]}: translations of one
      image between two domains, for `--translate`.
    steps_per_call: {backend: updates in one dispatch}, where that is quicker than one
      (BUILD_NOTES.md has the figures); `--steps_per_call` wins.
  """

  config: Any
  task: Task
  optimizers: tuple
  data: Data
  scores: Callable[[Variables, Data, Key], Mapping[str, float]] | None = None
  averaged: Callable[[Any], Params] | None = None
  settled: Callable[[Variables], Variables] | None = None
  observe: Callable | None = None
  report: Callable | None = None
  remarks: Callable[[Data], Sequence[str]] | None = None
  published: tuple[Figure, ...] = ()
  names: Names | None = None
  taken: tuple[str, ...] = ()
  partition: Partition = MappingProxyType({})
  explain: Callable[[Variables, Any, tuple[str, ...]], Answer] | None = None
  sample: Sample | None = None
  translate: Callable[[Variables, Any], Mapping[str, Any]] | None = None
  steps_per_call: Mapping[str, int] = MappingProxyType({})


class Study(NamedTuple):
  """What `study(config)` returns: several runs, and the pictures that compare them.

  A module that only draws has `draw(config)` -> Pictures instead, and no `study`.

  Attributes:
    runs: {label: (module of the experiment, its config)}; each runs in workdir/label,
      or for several seeds in workdir/label-seed-SEED. A run whose config has
      init_from='study:LABEL' is made after the run LABEL and starts from it.
    draw: ({label: its finished run for each seed}) -> Pictures; see `studies.Finished`.
    sources: names and versions of the data that only `draw` reads, part of the study's
      identity.
  """

  runs: Mapping[str, tuple[Any, Any]]
  draw: Callable[[Mapping[str, Any]], list[Picture]] | None = None
  sources: tuple[str, ...] = ()
