"""Reads the files of Planetoid (Yang et al., 2016), which are pickles of Python 2.

A pickle may name any function there is and call it. Those of Planetoid name six, which
are admitted, and nothing else is.

Shapes: N nodes, F words.
"""

import collections
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dl_core.types import UserError

TRAIN, VALIDATION = 140, 500


class Planetoid(NamedTuple):
  """A graph of documents.

  Attributes:
    words: [N] arrays, the numbers of the words of each document.
    cites: [N] arrays, the numbers of the documents that are joined to each.
    labels: int [N].
    splits: {split: numbers of its nodes}.
  """

  words: list[np.ndarray]
  cites: list[np.ndarray]
  labels: np.ndarray
  splits: Mapping[str, np.ndarray]


def admitted() -> dict[tuple[str, str], Any]:
  """Returns what a pickle of Planetoid may name: {(module, name): object}.

  The names are those of the time when the files were written.
  """
  import scipy.sparse

  rebuild = np.ndarray(0).__reduce__()[0]  # NumPy keeps it in a private module
  return {
    ('numpy', 'ndarray'): np.ndarray,
    ('numpy', 'dtype'): np.dtype,
    ('numpy.core.multiarray', '_reconstruct'): rebuild,
    ('scipy.sparse.csr', 'csr_matrix'): scipy.sparse.csr_matrix,
    ('collections', 'defaultdict'): collections.defaultdict,
    ('__builtin__', 'list'): list,
  }


def unpickled(path: Path) -> Any:
  """Reads a pickle that names nothing but what is `admitted`.

  Raises:
    UserError: it names something else, or is damaged.
  """
  known = admitted()

  class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
      if (module, name) not in known:
        raise UserError(
          f'{path} names {module}.{name}, but a file of Planetoid names only '
          f'{", ".join(".".join(key) for key in known)}; put the original file in its '
          'place'
        )
      return known[module, name]

  try:
    with path.open('rb') as file:
      return Unpickler(file, encoding='latin1').load()
  except UserError:
    raise
  except Exception as error:  # a damaged pickle raises nearly anything
    raise UserError(
      f'{path} cannot be read ({type(error).__name__}: {error}); put the original file '
      'in its place'
    ) from error


def read(paths: Mapping[str, Path], name: str) -> Planetoid:
  """Puts a graph together.

  The test documents are stored in the order of ind.NAME.test.index and are put back
  into the order of their numbers.

  Args:
    paths: {'ind.NAME.x': its path, ...}.
    name: of the graph, 'cora' for example.
  """
  parts = {key: unpickled(paths[f'ind.{name}.{key}']) for key in PICKLES}
  index = np.loadtxt(paths[f'ind.{name}.test.index'], dtype=int)
  first = parts['allx'].shape[0]
  if sorted(index) != list(range(first, first + len(index))):
    raise UserError(
      f'{paths[f"ind.{name}.test.index"]} has gaps between its numbers; put the '
      'original file of Cora in its place'
    )
  order = np.argsort(np.concatenate([np.arange(first), index]))
  words = [row for key in ('allx', 'tx') for row in rows(parts[key])]
  labels = np.concatenate([parts['ally'], parts['ty']]).argmax(1)
  nodes = np.arange(first + len(index))
  graph = parts['graph']
  joined: list[set[int]] = [set() for _ in nodes]
  for node, others in graph.items():
    for other in others:
      if node != other:
        joined[node].add(other)
        joined[other].add(node)
  return Planetoid(
    [words[place] for place in order],
    [np.array(sorted(each), np.int32) for each in joined],
    labels[order],
    {
      'train': nodes[:TRAIN],
      'validation': nodes[TRAIN : TRAIN + VALIDATION],
      'test': np.sort(index),
      'rest': nodes[TRAIN + VALIDATION : first],
    },
  )


PICKLES = ('allx', 'tx', 'ally', 'ty', 'graph')


def rows(matrix: Any) -> list[np.ndarray]:
  """Returns the columns of the ones in each row of a sparse matrix of 0 and 1."""
  starts = zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
  return [np.sort(matrix.indices[start:end]) for start, end in starts]
