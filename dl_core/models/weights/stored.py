"""How a layer's arrays are stored in a file, where each is not one transposed array.

A row of a table of names is the layer's name there, or a `Stored`, made by one of the
functions below:

  'fc'                          one array there for each one here
  plain('c_proj')               matrices are not transposed there
  fused('q', 'k', 'v')          three layers there, one here, side by side
  part('c_attn', 0, 3)          one layer there, three here; this is the first
  ordered('lstm', (0, 2, 1, 3)) the same gates in another order
  summed('bias_a', 'bias_b')    two arrays there that are only ever added
  stacked('h.{n}.mlp')          L layers there, here one whose first axis is L
"""

from collections.abc import Sequence
from typing import NamedTuple


class Term(NamedTuple):
  """One of the equal parts, along the last axis here, of an array there.

  Attributes:
    name: of the array.
    part: number of the part, from 0.
    parts: number of parts.
  """

  name: str
  part: int = 0
  parts: int = 1


Parts = tuple[tuple[Term, ...], ...]


class Stored(NamedTuple):
  """How the arrays of a layer are stored.

  Attributes:
    parts: for each of the equal parts of the last axis here, the terms of the sum that
      it is.
    plain: whether matrices have the layout there that they have here.
    stacked: whether the first axis here counts layers that have names of their own
      there, with {N} or {n} for the number of a layer.
  """

  parts: Parts
  plain: bool = False
  stacked: bool = False


Row = str | Stored


def of(row: Row) -> Stored:
  """Returns a row of a table of names as a `Stored`."""
  return Stored(((Term(row),),)) if isinstance(row, str) else row


def plain(row: Row) -> Stored:
  """Stores matrices as they are here: embeddings, Hugging Face's Conv1D."""
  return of(row)._replace(plain=True)


def stacked(row: Row) -> Stored:
  """Stores apart the layers that are stacked along the first axis here."""
  return of(row)._replace(stacked=True)


def fused(*names: str) -> Stored:
  """Stores apart what is side by side along the last axis here."""
  return Stored(tuple((Term(name),) for name in names))


def part(name: str, number: int, count: int) -> Stored:
  """Stores a layer here as one of the equal parts of a layer there."""
  return Stored(((Term(name, number, count),),))


def ordered(name: str, order: Sequence[int]) -> Stored:
  """Stores parts in another order: part k here is part order[k] there."""
  return Stored(tuple((Term(name, k, len(order)),) for k in order))


def summed(*names: str) -> Stored:
  """Stores a sum as its terms: the first is written whole, the others as zeros."""
  return Stored((tuple(Term(name) for name in names),))
