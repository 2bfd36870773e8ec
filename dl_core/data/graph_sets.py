"""Data of many small graphs, each with a class: molecules, digits, cycles and stars.

Matrices are dense: a batch is one batched product. `edges` is A, which layers normalise
themselves, since pooling leaves graphs whose degrees are others.

Shapes: B graphs of up to N nodes, F features of a node.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from dl_core import graphs
from dl_core.config import Config
from dl_core.data import batches, pixels, shapes, sources
from dl_core.data.images import most_frequent
from dl_core.types import Batch, Data, Key, Spec, UserError

FOLDS = 10
PROTOCOLS = ('validation', 'gin')


def load(c: Config, fold: int = 0, protocol: str = 'validation') -> Data:
  """Makes the Data of a set of graphs.

  Batches hold x `graphs.Graphs` with edges A, y int32 [B], weight float32 [B].

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used. The dataset is `digits`, whose
      pixels become nodes, one of `shapes.SETS`, or a set of graphs in ten folds.
    fold: of such a set: the fold that tests.
    protocol: 'validation': the fold before it validates, eight train. 'gin': it
      validates, too, and nine train, as in Xu et al. 2019: there is no test set.

  Raises:
    UserError: there is no such set, or its examples are no graphs.
  """
  if c.dataset == pixels.SOURCE:
    return pixels.load(c)
  if c.dataset in shapes.SETS:
    return computed(c)
  declaration = sources.declare(c.dataset, c.data_dir)
  kinds = {name: each.kind for name, each in declaration.features.items()}
  wanted = {'tags': 'Sequence', 'edges': 'Tensor', 'label': 'ClassLabel'}
  if any(
    kinds.get(name) != kind for name, kind in (wanted | {'fold': 'Scalar'}).items()
  ):
    held = ', '.join(f'{name} ({kind})' for name, kind in kinds.items())
    raise UserError(
      f'--dataset={c.dataset} was given, whose examples hold {held}; wanted are tags '
      '(Sequence), edges (Tensor), label (ClassLabel) and fold (Scalar), give a set '
      f'that has them, or one of {", ".join((pixels.SOURCE, *shapes.SETS))}'
    )
  tags = len(declaration.features['tags'].parts[''].names)
  n, classes = declaration.sizes['nodes'], declaration.features['label'].names
  before = (fold - 1) % FOLDS
  parts = {'test': [fold], 'validation': [fold if protocol == 'gin' else before]}
  used = {*parts['test'], *parts['validation']}

  @functools.cache
  def read():
    found = list(sources.examples(declaration, 'train'))
    folds = np.array([example['fold'] for example in found])
    rows = {name: np.isin(folds, own) for name, own in parts.items()}
    rows['train'] = ~np.isin(folds, list(used))
    x, y = stacked(found, n), np.array([each['label'] for each in found], np.int32)
    return x, y, rows

  def split(name):
    x, y, rows = read()
    return jax.tree.map(lambda leaf: leaf[rows[name]], x), y[rows[name]]

  tag = f'{declaration.source}, fold {fold}, {protocol}'
  notes = (
    f'Fold {fold} tests and validates: the figure of an epoch that was chosen by it is '
    'no test result.'
    if protocol == 'gin'
    else f'Fold {fold} tests, fold {before} validates.',
  )
  return batches.resident(
    declared(c.batch_size, n, tags, tag, classes),
    split,
    prepare=functools.partial(prepared, tags),
    baseline=most_frequent,
    notes=declaration.notes + notes,
  )._replace(sample=functools.partial(sample, c.batch_size, n, tags, len(classes)))


def computed(c: Config) -> Data:
  """Makes the Data of one of `shapes.SETS`; nodes have the one feature 1."""
  found = shapes.SETS[c.dataset]
  spec = declared(c.batch_size, shapes.NODES, 1, f'{c.dataset}/1', found.classes)
  return batches.resident(
    spec,
    functools.partial(shapes.split, c.dataset),
    prepare=lambda x: graphs.Graphs(*(leaf.astype(np.float32) for leaf in x)),
    baseline=most_frequent,
    notes=(found.note,),
  )


def declared(
  size: int, n: int, features: int, source: str, classes: Sequence[str]
) -> Spec:
  """Returns the Spec of batches of graphs."""
  each = lambda *shape: jax.ShapeDtypeStruct((size, *shape), np.float32)
  y = jax.ShapeDtypeStruct((size,), np.int32)
  x = graphs.Graphs(each(n, features), each(n, n), each(n))
  return Spec(Batch(x, y, each()), source, tuple(classes))


def stacked(found: Sequence[Any], n: int) -> graphs.Graphs:
  """Returns graphs as they are stored: tags [B, N] in place of features, uint8."""
  count = len(found)
  x = graphs.Graphs(*(np.zeros((count, n, *s), np.uint8) for s in ((), (n,), ())))
  for number, example in enumerate(found):
    tags = np.asarray(example['tags'])
    x.nodes[number, : len(tags)] = tags
    x.mask[number, : len(tags)] = 1
    x.edges[number] = graphs.undirected(example['edges'], n)
  return x


def prepared(tags: int, x: graphs.Graphs) -> graphs.Graphs:
  """Returns stored graphs with the tags one-hot, in float32."""
  kinds = np.arange(tags, dtype=np.uint8)[None, None]
  mask = x.mask.astype(np.float32)
  nodes = (x.nodes[..., None] == kinds).astype(np.float32) * mask[..., None]
  return graphs.Graphs(nodes, x.edges.astype(np.float32), mask)


def sample(size: int, n: int, tags: int, classes: int, key: Key) -> Batch:
  """Draws a host batch of trees of n nodes; see `Data.sample`."""
  draw = np.random.default_rng(np.asarray(jax.random.key_data(key)))
  found = [
    {
      'tags': draw.integers(tags, size=n),
      'edges': [(node, draw.integers(node)) for node in range(1, n)],
    }
    for _ in range(size)
  ]
  y = draw.integers(classes, size=size).astype(np.int32)
  return Batch(prepared(tags, stacked(found, n)), y, np.ones(size, np.float32))
