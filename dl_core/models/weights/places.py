"""The places of a model's arrays in the files of a library, by its table of names."""

import functools
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dl_core.models.weights import layouts, stored
from dl_core.models.weights.stored import Parts, Row, Term
from dl_core.types import Names

NUMBER = 'n'  # the letter that counts stacked layers


class Place(NamedTuple):
  """The place of one of our arrays in the file of a library.

  Attributes:
    layers: one, or as many as are stacked here: see `Stored.parts`, with the names of
      arrays.
    head: whether the array belongs to a classification head.
    sides, pointwise, plain: see `layouts`.
    stacked: whether the first axis here counts the layers.
  """

  layers: tuple[Parts, ...]
  head: bool
  sides: tuple[int, int]
  pointwise: bool
  plain: bool = False
  stacked: bool = False

  @property
  def name(self) -> str:
    """The name of the first array there."""
    return self.layers[0][0][0].name

  @property
  def terms(self) -> list[Term]:
    """The arrays there, and parts of arrays, that ours is made of."""
    return [t for parts in self.layers for terms in parts for t in terms]

  def shapes(self, shape: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Returns {name there: the shape that the array would have here}.

    Args:
      shape: of our array.

    Raises:
      ValueError: our array cannot be cut into such parts.
    """
    inner = tuple(shape[1:] if self.stacked else shape)
    found = {}
    for parts in self.layers:
      for term in itertools.chain(*parts):
        found[term.name] = inner
        if len(parts) > 1 or term.parts > 1:
          width, rest = divmod(inner[-1], len(parts))
          if rest:
            raise ValueError(f'{inner} cannot be cut into {len(parts)} equal parts')
          found[term.name] = (*inner[:-1], width * term.parts)
    return found

  def ours(self, laid: Mapping[str, np.ndarray]) -> np.ndarray:
    """Puts our array together from those of a file.

    Args:
      laid: {name there: array, in our layout}.
    """
    rows = [
      joined(
        [added([cut(laid[t.name], t.parts)[t.part] for t in terms]) for terms in p]
      )
      for p in self.layers
    ]
    return np.stack(rows) if self.stacked else rows[0]

  def theirs(self, array: np.ndarray) -> Iterator[tuple[Term, np.ndarray, bool]]:
    """Cuts our array into the parts of those of a file.

    Yields:
      A part there; the part of ours, in our layout, that it is a term of; whether it is
      the first term and holds the whole sum, the others being zero.
    """
    rows = array if self.stacked else [array]
    for row, parts in zip(rows, self.layers, strict=True):
      for piece, terms in zip(cut(row, len(parts)), parts, strict=True):
        for number, term in enumerate(terms):
          yield term, piece, not number


def cut(array: np.ndarray, count: int) -> list[np.ndarray]:
  """Cuts an array into equal parts along its last axis."""
  return [array] if count == 1 else np.split(array, count, axis=-1)


def joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
  """Joins arrays along the last axis."""
  return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=-1)


def added(arrays: Sequence[np.ndarray]) -> np.ndarray:
  return functools.reduce(np.add, arrays)


def placed(
  names: Names, table: Mapping[str, Row], like: Mapping[str, Any]
) -> dict[str, Place]:
  """Returns the place of every variable in a file: {path: place}.

  Args:
    names: of the layers of a model.
    table: one of its tables.
    like: {path of a variable: what has its shape}.

  Raises:
    KeyError: the table has no row for a layer.
  """
  found = {}
  for path, leaf in like.items():
    whole = path.partition('.')[2]
    layer, _, kind = whole.rpartition('.')
    row, ending = matching(table, whole), ''
    if row is None:
      row, ending = matching(table, layer), f'.{layouts.NAMES.get(kind, "")}'
    if row is None or ending == '.':
      raise KeyError(f'no table of names has a row for {whole if row else layer}')
    how = stored.of(table[row])
    numbers = counted(row, whole if not ending else layer)
    each: list[dict[str, int]] = [{}]
    if how.stacked:
      each = [both(NUMBER, number) for number in range(leaf.shape[0])]
    found[path] = Place(
      tuple(named(how.parts, ending, numbers | more) for more in each),
      row in names.heads or layer in names.heads,
      names.maps.get(row, layouts.POINT),
      row in names.pointwise and kind == 'kernel',
      how.plain or kind in layouts.PLAIN,
      how.stacked,
    )
  return found


def named(parts: Parts, ending: str, numbers: Mapping[str, int]) -> Parts:
  """Returns parts with the names of arrays in place of those of a layer."""
  name = lambda term: term._replace(name=f'{term.name.format(**numbers)}{ending}')
  return tuple(tuple(map(name, terms)) for terms in parts)


def matching(table: Mapping[str, Row], path: str) -> str | None:
  """Returns the first row that names a path, None if none does."""
  return next((row for row in table if pattern(row).fullmatch(path)), None)


@functools.cache
def pattern(row: str) -> re.Pattern:
  """Compiles 'stage_{S}_block_{B}' to a regular expression with groups S and B."""
  return re.compile(re.sub(r'\\\{(\w)\\\}', r'(?P<\1>\\d+)', re.escape(row)))


def counted(row: str, path: str) -> dict[str, int]:
  """Returns the numbers in a path by letter: {S} counts from 1, {s} from 0."""
  match = pattern(row).fullmatch(path)
  assert match is not None, (row, path)
  found: dict[str, int] = {}
  for letter, number in match.groupdict().items():
    found |= both(letter.lower(), int(number) - letter.isupper())
  return found


def both(letter: str, number: int) -> dict[str, int]:
  """Returns a number from 0 under a letter, and from 1 under the capital letter."""
  return {letter: number, letter.upper(): number + 1}


def shape_there(shape: Sequence[int], place: Place) -> tuple[int, ...]:
  """Returns the shape in a file of an array that has a shape in our layout."""
  like = np.broadcast_to(np.float32(0), shape)  # takes no memory
  return layouts.theirs(like, place.sides, place.pointwise, place.plain).shape
