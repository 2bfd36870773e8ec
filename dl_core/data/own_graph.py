"""Reads a user's own graph: `--dataset=edges --data_dir=DIR`, two tables.

DIR/nodes.tsv has a header: `node`, `label`, perhaps `split` (train, validation, test or
empty), and any number of columns of numbers, which are the features. A node without a
label belongs to the graph and counts nowhere. DIR/edges.tsv has no header: two nodes in
each line, in either order. Cells are separated by tabs; empty lines are passed over.

Shapes: N nodes, F features, K classes.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dl_core import config, graphs
from dl_core.data import encodings, splits
from dl_core.types import UserError

NODES, EDGES = 'nodes.tsv', 'edges.tsv'
OWN = ('node', 'label', 'split')  # columns of the nodes that are no features
SPLITS = ('train', 'validation', 'test')
DENSE = 1_000  # nodes up to which the matrices are dense
WANTED = (
  f'give --data_dir=DIR with {NODES} (a header with node, label, features) and {EDGES} '
  '(two nodes a line, with a tab between)'
)


class OwnGraph(NamedTuple):
  """A user's graph.

  Attributes:
    source: its name and digest.
    classes: K label names, in alphabetical order.
    sizes: see `data.graphs.sizes_of`.
    graph: with edges A, B = 1.
    labels: int32 [1, N]; 0 where there is none.
    masks: {split: float32 [1, N], 1 at its nodes}.
    notes: what was passed over, how splits were made.
  """

  source: str
  classes: tuple[str, ...]
  sizes: tuple[int, int, int, int]
  graph: graphs.Graphs
  labels: np.ndarray
  masks: Mapping[str, np.ndarray]
  notes: tuple[str, ...]


class Line(NamedTuple):
  """The cells of a line of a file; `place` names both."""

  place: str
  cells: list[str]


class Nodes(NamedTuple):
  """The table of nodes.

  Attributes:
    places: {name of a node: its number}.
    labels, splits: [N] names; '' where there is none.
    features: float64 [N, F].
    divided: whether the table has a column `split`.
  """

  places: dict[str, int]
  labels: list[str]
  splits: list[str]
  features: np.ndarray
  divided: bool


def read(data_dir: str) -> OwnGraph:
  """Reads both tables.

  Raises:
    UserError: one cannot be read, or a line is not as wanted.
  """
  folder = config.path(data_dir)
  if not data_dir or not folder.is_dir():
    raise UserError(
      f'--dataset=edges was given with --data_dir={data_dir or "(empty)"}, which is no '
      f'folder; {WANTED}'
    )
  rows, lines = (lines_of(folder / name) for name in (NODES, EDGES))
  nodes = nodes_of(folder / NODES, rows)
  pairs = pairs_of(lines, nodes.places)
  total = hashlib.sha256()
  for line in (*rows, *lines):
    total.update('\t'.join(line.cells).encode() + b'\n')
  n, source = len(nodes.places), f'edges/{total.hexdigest()[:12]}'
  classes = tuple(sorted(set(nodes.labels) - {''}))
  if len(classes) < 2:
    raise UserError(
      f'{folder / NODES} has the labels {", ".join(classes) or "(empty)"} and no '
      'other; two or more are wanted, fill the column label'
    )
  labels = np.array([classes.index(name) if name else 0 for name in nodes.labels])
  masks, notes = masks_of(source, nodes, labels)
  adjacency = graphs.both_ways(pairs, n)
  edges = int((adjacency.value > 0).sum())
  loops = sum(first == second for first, second in pairs)
  repeated = len(pairs) - loops - edges // 2
  passed = {'edges of a node to itself': loops, 'edges named before': repeated}
  notes += tuple(
    f'{count:,} {what} are passed over.' for what, count in passed.items() if count
  )
  x = standardised(nodes.features) if nodes.features.size else np.eye(n)
  sparse, width = n > DENSE, x.shape[1]
  matrix = x[None].astype(np.float32)
  features = graphs.entries(matrix) if sparse else matrix
  graph = graphs.Graphs(
    features,
    adjacency if sparse else graphs.dense(adjacency, n, n),
    np.ones((1, n), np.float32),
  )
  counts = (np.count_nonzero(matrix), edges + n) if sparse else (0, 0)
  return OwnGraph(
    source,
    classes,
    (n, width, *counts),
    graph,
    labels[None].astype(np.int32),
    masks,
    notes,
  )


def lines_of(path: Path) -> list[Line]:
  """Reads the cells of each line that is not empty."""
  try:
    content = path.read_bytes()
  except OSError as error:
    raise UserError(f'{path} cannot be read ({error.strerror}); {WANTED}') from error
  text = encodings.decoded(content, str(path), 'save it as UTF-8')
  return [
    Line(f'line {number} of {path}', [cell.strip() for cell in line.split('\t')])
    for number, line in enumerate(text.split('\n'), 1)
    if line.strip()
  ]


def nodes_of(path: Path, lines: Sequence[Line]) -> Nodes:
  """Reads the table of nodes, whose first line is the header."""
  header = lines[0].cells if lines else []
  if not {'node', 'label'} <= set(header) or len(set(header)) < len(header):
    raise UserError(
      f'{path} begins with {", ".join(header) or "nothing"}; a header with node, label '
      'and other names, each once, is wanted, with tabs between'
    )
  columns = [place for place, name in enumerate(header) if name not in OWN]
  found = Nodes({}, [], [], np.zeros((len(lines) - 1, len(columns))), 'split' in header)
  for row, (place, cells) in enumerate(lines[1:]):
    if len(cells) != len(header):
      raise UserError(
        f'{place} has {len(cells)} cells; {len(header)} are wanted, one for each of '
        f'{", ".join(header)}'
      )
    own = dict(zip(header, cells, strict=True))
    if not own['node'] or own['node'] in found.places:
      raise UserError(
        f'{place} names the node {own["node"]!r}, which is empty or was named before; '
        'give each node a name of its own'
      )
    split = own.get('split', '')
    if split not in ('', *SPLITS):
      raise UserError(
        f'{place} has the split {split!r}; give one of {", ".join(SPLITS)}, or nothing'
      )
    if split and not own['label']:
      raise UserError(f'{place} has the split {split} and no label; give it a label')
    for column, cell in enumerate(columns):
      found.features[row, column] = number(place, header[cell], cells[cell])
    found.places[own['node']] = row
    found.labels.append(own['label'])
    found.splits.append(split)
  return found


def number(place: str, name: str, cell: str) -> float:
  """Reads a feature."""
  try:
    value = float(cell)
  except ValueError:
    value = math.nan
  if not math.isfinite(value):
    raise UserError(f'{place} has {cell!r} as {name}; give a finite number')
  return value


def pairs_of(lines: Sequence[Line], places: Mapping[str, int]) -> list[tuple[int, int]]:
  """Reads the numbers of the nodes of each edge."""
  found = []
  for place, cells in lines:
    if len(cells) != 2:
      raise UserError(
        f'{place} has {len(cells)} cells; two nodes with a tab between are wanted'
      )
    for cell in cells:
      if cell not in places:
        raise UserError(
          f'{place} names the node {cell!r}, which {NODES} lacks; add it there'
        )
    found.append((places[cells[0]], places[cells[1]]))
  return found


def masks_of(
  source: str, nodes: Nodes, labels: np.ndarray
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
  """Returns the masks of the splits and notes; without a column they are carved."""
  n, given = len(labels), np.array(nodes.labels) != ''
  if nodes.divided:
    found = {name: np.flatnonzero(np.array(nodes.splits) == name) for name in SPLITS}
    for name, own in found.items():
      if not len(own):
        raise UserError(
          f'{NODES} has no node of the split {name}; give some, or drop the column '
          'split'
        )
    notes: tuple[str, ...] = ()
  else:
    own = np.flatnonzero(given)
    parts = splits.parts(source, {'train': len(own)}, own=True)
    carved = splits.carved(source, parts, labels[own])
    found, notes = {name: own[rows] for name, rows in carved.items()}, parts.notes
  masks = {name: np.zeros((1, n), np.float32) for name in SPLITS}
  for name, rows in found.items():
    masks[name][0, rows] = 1
  return masks, notes


def standardised(x: np.ndarray) -> np.ndarray:
  """Returns columns of mean 0 and deviation 1; a constant column becomes 0."""
  deviation = x.std(axis=0)
  return (x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
