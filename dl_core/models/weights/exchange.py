"""Converts the arrays of a weight file to a model's variables, and back."""

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dl_core import trees
from dl_core.models.weights import files, layouts, origins
from dl_core.types import Names, UserError, Variables

SHOWN = 3  # names that a refusal lists


class Place(NamedTuple):
  """The place of one of our arrays in the file of a library.

  Attributes:
    name: of the array in the file.
    head: whether the array belongs to a classification head.
    sides, pointwise: see `layouts`.
  """

  name: str
  head: bool
  sides: tuple[int, int]
  pointwise: bool


class Taken(NamedTuple):
  """The variables that a file holds for a model.

  Attributes:
    leaves: {path of a variable: array}, without a head of other classes.
    notes: sentences for the user about what was chosen, replaced or left out.
  """

  leaves: dict[str, np.ndarray]
  notes: list[str]


def load(path: Path, names: Names | None, like: Mapping[str, Any]) -> Taken:
  """Reads a model's variables from a file.

  Args:
    path: of the file.
    names: of the model's layers in such files.
    like: {path of a variable: what has its shape}.

  Raises:
    UserError: the file cannot be read, or is of another model.
  """
  if names is None:
    raise UserError(
      f'--init_from={path} was given, but no table says what other libraries call the '
      'layers of this model; give the workdir of a run'
    )
  file = files.read(path)
  told = file.architecture or (origins.published(path) if names.unlike else '')
  for part, reason in names.unlike.items():
    if part in told.lower():
      raise UserError(
        f'--init_from={path} was given, which holds the weights of '
        f'{told}: that network {reason}, so its weights compute something '
        'else here; give the weights of this network'
      )
  if other := origins.unlike(file.settings, names.settings):
    raise UserError(
      f'--init_from={path} was given, whose network was trained with '
      f'{", ".join(other)}, so its weights compute something else here; give the '
      'weights of this network'
    )
  arrays = {
    name: array
    for name, array in file.arrays.items()
    if not name.endswith(layouts.COUNTERS)
  }
  found = taken(str(path), arrays, names, like)
  if names.unlike and not told:
    file.notes.append(
      'the file does not name its architecture, and these weights are right only if it '
      f"is none of timm's {', '.join(f'{part}*' for part in names.unlike)}"
    )
  return found._replace(notes=[*file.notes, *found.notes])


def taken(
  file: str, arrays: Mapping[str, np.ndarray], names: Names, like: Mapping[str, Any]
) -> Taken:
  """Finds the variables of a model among the arrays of a file; see `load`."""
  places = nearest(names, arrays, like)
  found: dict[str, np.ndarray] = {}
  lacking, wrong, broken, other = [], [], [], {}
  for path, place in places.items():
    array, shape = arrays.get(place.name), tuple(like[path].shape)
    if array is None:
      if place.head:
        other[place.name] = 'absent'
      else:
        lacking.append(place.name)
      continue
    if array.dtype.kind != 'f' or not np.isfinite(array).all():
      broken.append(place.name)
      continue
    try:
      found[path] = layouts.ours(array, shape, place.sides)
    except ValueError:
      if place.head and of_other_classes(array, shape, place):
        other[place.name] = f'of {len(array)} classes'
      else:
        wanted = 'x'.join(map(str, shape_there(shape, place)))
        given = 'x'.join(map(str, array.shape))
        wrong.append(f'{place.name} ({given}, {wanted} is wanted)')
  known = {place.name for place in places.values()}
  rest = sorted(arrays.keys() - known)
  spare = [name for name in rest if name.startswith(names.spare)] if names.spare else []
  strange = sorted(set(rest) - set(spare))
  problems = [
    f'{words} {listed(each)}'
    for words, each in (
      ('lacks', lacking),
      ('has other shapes:', wrong),
      ('has arrays that are not finite floating-point numbers:', broken),
      ('has arrays that this model has no place for:', strange),
    )
    if each
  ]
  if problems:
    raise UserError(
      f'--init_from={file} was given, which is of another model: it '
      f'{", it ".join(problems)}; use the settings that it was trained with, or '
      'another file'
    )
  notes = []
  if other:
    # A head is taken whole or not at all.
    found = {path: array for path, array in found.items() if not places[path].head}
    layers = {name.rpartition('.')[0]: words for name, words in other.items()}
    words = [f'{layer} is {words} there' for layer, words in layers.items()]
    notes.append(f'the head begins anew: {listed(words)}')
  if spare:
    notes.append(f'{listed(spare)} has no place here, and is left out')
  return Taken(found, notes)


def given(variables: Variables, names: Names) -> dict[str, np.ndarray]:
  """Returns the variables of a model as the arrays of a file, by the first table."""
  table = next(iter(names.tables.values()))
  own = trees.flatten(variables)
  return {
    place.name: layouts.theirs(np.asarray(own[path]), place.sides, place.pointwise)
    for path, place in placed(names, table, own).items()
  }


def nearest(
  names: Names, arrays: Mapping[str, Any], like: Mapping[str, Any]
) -> dict[str, Place]:
  """Returns the places by the table that has most names in common with a file."""
  every = [placed(names, table, like) for table in names.tables.values()]
  return max(every, key=lambda places: sum(p.name in arrays for p in places.values()))


def placed(
  names: Names, table: Mapping[str, str], like: Mapping[str, Any]
) -> dict[str, Place]:
  """Returns the place of every variable in a file: {path: place}.

  Raises:
    KeyError: the table has no row for a layer.
  """
  found = {}
  for path in like:
    layer, _, leaf = path.partition('.')[2].rpartition('.')
    row = next((row for row in table if pattern(row).fullmatch(layer)), None)
    if row is None:
      raise KeyError(f'no table of names has a row for {layer}')
    found[path] = Place(
      f'{there(row, table[row], layer)}.{layouts.NAMES[leaf]}',
      row in names.heads,
      names.maps.get(row, layouts.POINT),
      row in names.pointwise and leaf == 'kernel',
    )
  return found


@functools.cache
def pattern(row: str) -> re.Pattern:
  """Compiles 'stage_{S}_block_{B}' to a regular expression with groups S and B."""
  return re.compile(re.sub(r'\\\{(\w)\\\}', r'(?P<\1>\\d+)', re.escape(row)))


def there(row: str, name: str, layer: str) -> str:
  """Returns a layer's name in a file: {S} counts from 1, {s} from 0."""
  match = pattern(row).fullmatch(layer)
  assert match is not None, (row, layer)
  numbers = {letter: int(number) for letter, number in match.groupdict().items()}
  lower = {letter.lower(): number - 1 for letter, number in numbers.items()}
  return name.format(**numbers, **lower)


def shape_there(shape: Sequence[int], place: Place) -> tuple[int, ...]:
  like = np.broadcast_to(np.float32(0), shape)  # takes no memory
  return layouts.theirs(like, place.sides, place.pointwise).shape


def of_other_classes(array: np.ndarray, shape: Sequence[int], place: Place) -> bool:
  """Returns whether an array fits except for the number of classes."""
  wanted = shape_there(shape, place)
  return array.ndim == len(wanted) and array.shape[1:] == wanted[1:]


def listed(names: Sequence[str]) -> str:
  more = len(names) - SHOWN
  return ', '.join(names[:SHOWN]) + (f' and {more:,} more' if more > 0 else '')
