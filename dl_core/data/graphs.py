"""Data of one graph: it is the only example, and each split weighs nodes of its own.

Training sees all nodes and edges, and the labels of few nodes ("transductive"). So the
objective is the same as for every classifier: the weighted loss of each labelled place.

Shapes: B = 1 graph, N nodes, F features of a node, E entries of a matrix, K classes.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core import graphs
from dl_core.config import Config
from dl_core.data import batches, own_graph, sources
from dl_core.data.declarations import Declaration, Feature
from dl_core.data.images import most_frequent
from dl_core.types import Batch, Data, Key, Spec, UserError

SPLITS = ('train', 'validation', 'test')


class Whole(NamedTuple):
  """A graph and the labels of its nodes.

  Attributes:
    x: the graph, B = 1.
    y: int32 [1, N].
    masks: {split: float32 [1, N], 1 at its nodes}.
  """

  x: graphs.Graphs
  y: np.ndarray
  masks: Mapping[str, np.ndarray]


def load(c: Config, labels: int = 0) -> Data:
  """Makes the Data of a set whose examples are the nodes of one graph.

  Batches hold x `graphs.Graphs` with edges Â (`graphs.normalised`), y int32 [1, N] and
  weight float32 [1, N]. Words of a node are a row that sums to 1; where a node has
  neither words nor features, x.nodes is the identity. The matrices are `graphs.Entries`
  where the declaration counts them; `Spec.limits.x.nodes.column` is then F.

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used.
    labels: training labels of each class that are kept, drawn by a fixed seed; 0: all.

  Raises:
    UserError: there is no such set, it is none of nodes, or a batch is not one graph.
  """
  if c.dataset == 'edges':
    found = own_graph.read(c.data_dir)
    spec = declared(c, found.source, found.classes, *found.sizes)
    whole = lambda: Whole(graphs.normalised(found.graph), found.labels, found.masks)
    return one(spec, functools.partial(kept, whole, labels, found.source), found.notes)
  declaration = sources.declare(c.dataset, c.data_dir)
  of = lambda name: declaration.features.get(name, Feature('')).kind
  if (of('neighbours'), of('label')) != ('Tensor', 'ClassLabel'):
    held = ', '.join(f'{key} ({f.kind})' for key, f in declaration.features.items())
    raise UserError(
      f'--dataset={c.dataset} was given, whose examples hold {held}; wanted are the '
      'nodes of a graph, with neighbours (Tensor) and label (ClassLabel), give a set '
      'that has them'
    )
  classes = declaration.features['label'].names
  spec = declared(c, declaration.source, classes, *sizes_of(declaration))
  whole = functools.partial(assembled, declaration)
  make = functools.partial(kept, whole, labels, declaration.source)
  return one(spec, make, declaration.notes)


def sizes_of(declaration: Declaration) -> tuple[int, int, int, int]:
  """Returns the numbers N, F, E of the features and E of Â; E = 0 where dense."""
  n = sum(declaration.counts.values())
  words, features = (declaration.features.get(name) for name in ('words', 'features'))
  columns = (
    len(words.parts[''].names) if words
    else int(features.shape[0] or 0) if features
    else n
  )  # fmt: skip
  given = declaration.sizes
  edges = given['neighbours'] + n if given else 0
  return n, columns, given.get('words', 0), edges


def declared(
  c: Config, source: str, classes: tuple[str, ...], n: int, f: int, e: int, edges: int
) -> Spec:
  """Returns the Spec of a graph; the sizes are those of `sizes_of`."""
  if c.batch_size != 1:
    raise UserError(
      f'--batch_size={c.batch_size} was given, but {source} is one graph; '
      'take --batch_size=1'
    )
  each = lambda *shape: jax.ShapeDtypeStruct((1, *shape), np.float32)
  whole = lambda *shape: jax.ShapeDtypeStruct((1, *shape), np.int32)
  matrix = lambda columns, count: (
    graphs.Entries(whole(count), whole(count), each(count))
    if count
    else each(n, columns)
  )
  most = lambda columns, count: graphs.Entries(n, columns, 0) if count else 0
  x = graphs.Graphs(matrix(f, e), matrix(n, edges), each(n))
  limits = Batch(graphs.Graphs(most(f, e), most(n, edges), 0), len(classes), 0)
  return Spec(Batch(x, whole(n), each(n)), source, classes, limits=limits)


def assembled(declaration: Declaration) -> Whole:
  """Reads all nodes of a set and puts their graph together.

  An example is {'number': of the node, 'neighbours': their numbers, 'label'}, and
  perhaps 'words' (numbers) or 'features'; what is in another split than `SPLITS` has no
  label to learn or to be tested on.
  """
  n, columns, sparse, joined = sizes_of(declaration)
  y, masks, pairs = np.zeros((1, n), np.int32), {}, []
  words: list[Any] = [()] * n
  features = np.zeros((n, columns), np.float32)
  for split in declaration.counts:
    mask = np.zeros((1, n), np.float32)
    for node in sources.examples(declaration, split):
      number = int(node['number'])
      mask[0, number], y[0, number] = 1, node['label']
      pairs += [(number, int(other)) for other in node['neighbours']]
      words[number] = node.get('words', ())
      features[number] = node.get('features', 0)
    if split in SPLITS:
      masks[split] = mask
  kinds = declaration.features.keys()
  if 'words' in kinds:
    row = np.repeat(np.arange(n), [len(each) for each in words])
    share = 1 / np.array([max(len(each), 1) for each in words])
    bag = graphs.listed(row, np.concatenate(words), share[row], n)
    nodes = bag if sparse else graphs.dense(bag, n, columns)
  else:
    nodes = (features if 'features' in kinds else np.eye(n, dtype=np.float32))[None]
  edges = graphs.both_ways(pairs, n) if joined else graphs.undirected(pairs, n)[None]
  graph = graphs.Graphs(nodes, edges, np.ones((1, n), np.float32))
  return Whole(graphs.normalised(graph), y, masks)


def kept(whole: Callable[[], Whole], labels: int, source: str) -> Whole:
  """Returns a graph with `labels` training labels of each class; 0: all of them."""
  found = whole()
  if not labels:
    return found
  random, mask = np.random.RandomState(0), np.zeros_like(found.masks['train'])
  given = found.masks['train'][0] > 0
  for number in np.unique(found.y[0, given]):
    own = random.permutation(np.flatnonzero(given & (found.y[0] == number)))
    if len(own) < labels:
      raise UserError(
        f'--labels={labels} was given, but class {number} of {source} has {len(own)} '
        f'training labels; give {len(own)} or fewer, or 0 for all'
      )
    mask[0, own[:labels]] = 1
  return found._replace(masks={**found.masks, 'train': mask})


def one(spec: Spec, load: Callable[[], Whole], notes: tuple[str, ...] = ()) -> Data:
  """Makes the Data of one graph: every batch of a split is all of it.

  Args:
    spec: its batch has B = 1.
    load: () -> the graph; called once, when it is first needed.
    notes: see `Data`.
  """
  whole = functools.cache(load)
  train = functools.cache(lambda: batch('train'))

  def batch(split):
    found = whole()
    return Batch(found.x, found.y, found.masks[split])

  def labels(split):
    found = batch(split)
    return found.y[found.weight > 0]

  return Data(
    spec=spec,
    feed=lambda key, step: train(),
    take=lambda arrays, key, step: Batch(*arrays),
    splits={
      name: functools.partial(lambda split: iter([batch(split)]), name)
      for name in SPLITS
    },
    rows=lambda key, step: np.zeros(1, np.int32),
    baseline=lambda: most_frequent(labels('train'), labels('test')),
    digests=lambda: {'graph': batches.digest(tuple(whole()))},
    notes=notes,
    sample=functools.partial(sample, spec),
  )


def sample(spec: Spec, key: Key) -> Batch:
  """Draws a host batch like a graph's: rows of entries in order; see `Data.sample`."""
  draw = np.random.default_rng(np.asarray(jax.random.key_data(key)))
  x, y, weight = spec.batch

  def matrix(like, most):
    if not isinstance(like, graphs.Entries):
      return np.float32(draw.random(like.shape) / like.shape[-1])
    row, column = (draw.integers(m, size=like.row.shape) for m in most[:2])
    each = np.full(like.row.shape, most.row / like.row.size, np.float32)
    return graphs.Entries(np.int32(np.sort(row)), np.int32(column), each)

  nodes, edges = (matrix(*both) for both in zip(x[:2], spec.limits.x[:2], strict=True))
  labels = draw.integers(max(2, len(spec.classes)), size=y.shape).astype(np.int32)
  ones = np.ones(weight.shape, np.float32)
  return Batch(graphs.Graphs(nodes, edges, ones), labels, ones)
