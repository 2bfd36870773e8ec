"""Graphs that differ in one thing alone, so that it shows who can tell.

All nodes have the same feature. `cycles`: short and long ones, whose nodes all have two
neighbours; only the size differs. `stars`: a star and a path of the same size; only the
degrees differ. `rings`: one ring, and two of half its size; whoever asks neighbours,
however often, gets the same answers in both (Xu et al. 2019).

Shapes: n graphs, N nodes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dl_core import graphs

NODES = 20  # N
COUNTS = {'train': 400, 'validation': 100, 'test': 200}
SEEDS = {'train': 0, 'validation': 1, 'test': 2}

Pairs = list[tuple[int, int]]


class Kind(NamedTuple):
  """A set of graphs of two classes.

  Attributes:
    classes: their names.
    make: (random, class) -> the edges of a graph and its number of nodes.
    note: what differs.
  """

  classes: tuple[str, str]
  make: Callable[[np.random.RandomState, int], tuple[Pairs, int]]
  note: str


def cycle(size: int, first: int = 0) -> Pairs:
  """Returns the edges of a cycle of nodes from `first` on."""
  return [(first + n, first + (n + 1) % size) for n in range(size)]


def cycles(random: np.random.RandomState, label: int) -> tuple[Pairs, int]:
  size = random.randint(*((12, 21) if label else (4, 10)))
  return cycle(size), size


def stars(random: np.random.RandomState, label: int) -> tuple[Pairs, int]:
  size = random.randint(5, 21)
  return [(0 if label else n - 1, n) for n in range(1, size)], size


def rings(random: np.random.RandomState, label: int) -> tuple[Pairs, int]:
  half = random.randint(3, 11)
  return cycle(half) + cycle(half, half) if label else cycle(2 * half), 2 * half


SETS = {
  'cycles': Kind(('short', 'long'), cycles, 'The graphs differ in their size alone.'),
  'stars': Kind(('path', 'star'), stars, 'The graphs differ in their degrees alone.'),
  'rings': Kind(
    ('one', 'two'),
    rings,
    'The neighbours of neighbours of any node are alike in both classes.',
  ),
}


def split(name: str, part: str) -> tuple[graphs.Graphs, np.ndarray]:
  """Computes a split: graphs of uint8, nodes in random order, and their classes [n].

  Args:
    name: of `SETS`.
    part: of `COUNTS`.
  """
  random, count = np.random.RandomState(SEEDS[part]), COUNTS[part]
  y = np.arange(count, dtype=np.int32) % 2
  x = graphs.Graphs(
    *(np.zeros((count, NODES, *s), np.uint8) for s in ((1,), (NODES,), ()))
  )
  for number, label in enumerate(y):
    pairs, size = SETS[name].make(random, int(label))
    order = random.permutation(size)
    x.nodes[number, :size] = 1
    x.mask[number, :size] = 1
    x.edges[number] = graphs.undirected(order[np.array(pairs)], NODES)
  return x, y
