"""Data of one graph: it is the only example, and each split weighs nodes of its own.

Training sees all nodes and edges, and the labels of few nodes ("transductive"). So the
objective is the same as for every classifier: the weighted loss of each labelled place.

Shapes: B = 1 graph, N nodes, F features of a node, K classes.
"""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import numpy as np

from dl_core import graphs
from dl_core.config import Config
from dl_core.data import batches, sources
from dl_core.data.declarations import Declaration, Feature
from dl_core.data.images import most_frequent
from dl_core.types import Batch, Data, Spec, UserError

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


def load(c: Config) -> Data:
  """Makes the Data of a set whose examples are the nodes of one graph.

  Batches hold x `graphs.Graphs` with edges Â (`graphs.normalised`), y int32 [1, N] and
  weight float32 [1, N]. A node has no features of its own: x.nodes is the identity.

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used.

  Raises:
    UserError: there is no such set, it is none of nodes, or a batch is not one graph.
  """
  declaration = sources.declare(c.dataset, c.data_dir)
  of = lambda name: declaration.features.get(name, Feature('')).kind
  if (of('neighbours'), of('label')) != ('Tensor', 'ClassLabel'):
    held = ', '.join(f'{key} ({f.kind})' for key, f in declaration.features.items())
    raise UserError(
      f'--dataset={c.dataset} was given, whose examples hold {held}; wanted are the '
      'nodes of a graph, with neighbours (Tensor) and label (ClassLabel), give a set '
      'that has them'
    )
  if c.batch_size != 1:
    raise UserError(
      f'--batch_size={c.batch_size} was given, but {declaration.source} is one graph; '
      'take --batch_size=1'
    )
  n = sum(declaration.counts.values())
  each = lambda *shape: jax.ShapeDtypeStruct((1, *shape), np.float32)
  x = graphs.Graphs(each(n, n), each(n, n), each(n))
  y = jax.ShapeDtypeStruct((1, n), np.int32)
  classes = declaration.features['label'].names
  spec = Spec(Batch(x, y, each(n)), declaration.source, classes)
  return one(spec, lambda: assembled(declaration), declaration.notes)


def assembled(declaration: Declaration) -> Whole:
  """Reads all nodes of a set and puts their graph together.

  An example is {'number': of the node, 'neighbours': their numbers, 'label'}; what is
  in another split than `SPLITS` has no label to learn or to be tested on.
  """
  n = sum(declaration.counts.values())
  y, masks, pairs = np.zeros((1, n), np.int32), {}, []
  for split in declaration.counts:
    mask = np.zeros((1, n), np.float32)
    for node in sources.examples(declaration, split):
      number = int(node['number'])
      mask[0, number], y[0, number] = 1, node['label']
      pairs += [(number, int(other)) for other in node['neighbours']]
    if split in SPLITS:
      masks[split] = mask
  edges, nodes = graphs.undirected(pairs, n)[None], np.eye(n, dtype=np.float32)[None]
  graph = graphs.Graphs(nodes, edges, np.ones((1, n), np.float32))
  return Whole(graphs.normalised(graph), y, masks)


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
  )
