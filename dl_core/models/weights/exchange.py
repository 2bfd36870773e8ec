"""Converts the arrays of a weight file to a model's variables, and back."""

import collections
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dl_core import trees
from dl_core.models.weights import files, layouts, origins, parts, places, spelling
from dl_core.models.weights.places import Place
from dl_core.types import Names, UserError, Variables


class Taken(NamedTuple):
  """The variables that a file holds for a model.

  Attributes:
    leaves: {path of a variable: array}, without a head of other classes.
    notes: sentences for the user about what was chosen, replaced or left out.
  """

  leaves: dict[str, np.ndarray]
  notes: list[str]


def load(
  path: Path,
  names: Names | None,
  like: Mapping[str, Any],
  chosen: Collection[str] = (),
) -> Taken:
  """Reads a model's variables from a file.

  Args:
    path: of the file.
    names: of the model's layers in such files.
    like: {path of a variable: what has its shape}.
    chosen: the parts of the model to read; see `Experiment.taken`.

  Raises:
    UserError: the file cannot be read, or is of another model.
  """
  if names is None or not names.tables:
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
  found = taken(str(path), arrays, names, like, chosen)
  if names.unlike and not told:
    file.notes.append(
      'the file does not name its architecture, and these weights are right only if it '
      f"is none of timm's {', '.join(f'{part}*' for part in names.unlike)}"
    )
  return found._replace(notes=[*file.notes, *found.notes])


def taken(
  file: str,
  arrays: Mapping[str, np.ndarray],
  names: Names,
  like: Mapping[str, Any],
  chosen: Collection[str] = (),
) -> Taken:
  """Finds the variables of a model among the arrays of a file; see `load`."""
  paths = [name.partition('.')[2] for name in like]
  if chosen:
    inside = lambda name: parts.inside(name.partition('.')[2], chosen)
    like = {name: leaf for name, leaf in like.items() if inside(name)}
  where, arrays, untied = nearest(names, arrays, like)
  laid, faults = compared(where, arrays, like)
  known = {term.name for place in where.values() for term in place.terms}
  rest = sorted(arrays.keys() - known)
  spare = [name for name in rest if chosen or spelling.spare(name, names.spare)]
  problems = [
    f'{words} {parts.listed(each)}'
    for words, each in (
      ('lacks', faults.lacking),
      ('has other shapes:', faults.wrong),
      ('has arrays that are not finite floating-point numbers:', faults.broken),
      ('has arrays that differ from those that they are tied to here:', untied),
      ('has arrays that this model has no place for:', sorted({*rest} - {*spare})),
    )
    if each
  ]
  if problems:
    raise UserError(
      f'--init_from={file} was given, which is of another model: it '
      f'{", it ".join(problems)}; use the settings that it was trained with, or '
      'another file'
    )
  # A head is taken whole or not at all.
  kept = {n: place for n, place in where.items() if not (faults.heads and place.head)}
  notes = [parts.described(paths, chosen)] if chosen else []
  if faults.heads:
    layers = {name.rpartition('.')[0]: words for name, words in faults.heads.items()}
    words = [f'{layer} is {words} there' for layer, words in layers.items()]
    notes.append(f'the head begins anew: {parts.listed(words)}')
  if spare:
    notes.append(parts.left_out(spare))
  return Taken({path: place.ours(laid) for path, place in kept.items()}, notes)


class Faults(NamedTuple):
  """What keeps the arrays of a file from being those of a model.

  Attributes:
    lacking, wrong, broken: names of arrays; of `wrong` ones with their shapes.
    heads: {array of a head: in words, why the head begins anew}.
  """

  lacking: list[str]
  wrong: list[str]
  broken: list[str]
  heads: dict[str, str]


def compared(
  where: Mapping[str, Place], arrays: Mapping[str, np.ndarray], like: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], Faults]:
  """Converts the arrays of a file that fit to our layout, by their names there."""
  laid: dict[str, np.ndarray] = {}
  faults, seen = Faults([], [], [], {}), set[str]()
  for path, place in where.items():
    for name, shape in place.shapes(like[path].shape).items():
      if name in seen:  # several of our arrays are parts of it
        continue
      seen.add(name)
      array = arrays.get(name)
      if array is None and place.head:
        faults.heads[name] = 'absent'
      elif array is None:
        faults.lacking.append(name)
      elif array.dtype.kind != 'f' or not np.isfinite(array).all():
        faults.broken.append(name)
      else:
        try:
          laid[name] = layouts.ours(array, shape, place.sides, place.plain)
        except ValueError:
          wanted = places.shape_there(shape, place)
          if place.head and array.ndim == len(wanted) and array.shape[1:] == wanted[1:]:
            faults.heads[name] = f'of {len(array)} classes'
          else:
            sides = ('x'.join(map(str, each)) for each in (array.shape, wanted))
            faults.wrong.append('{} ({}, {} is wanted)'.format(name, *sides))
  return laid, faults


def nearest(
  names: Names, arrays: Mapping[str, np.ndarray], like: Mapping[str, Any]
) -> tuple[dict[str, Place], dict[str, np.ndarray], list[str]]:
  """Chooses the table that has most names in common with a file.

  Returns:
    The places by it, and what `spelling.spelled` makes of the arrays.
  """
  found = []
  for table in names.tables.values():
    where = places.placed(names, table, like)
    known = {term.name for place in where.values() for term in place.terms}
    own, untied = spelling.spelled(arrays, known, names)
    found.append((len(known & own.keys()), where, own, untied))
  return max(found, key=lambda each: each[0])[1:]


def given(variables: Variables, names: Names) -> dict[str, np.ndarray]:
  """Returns the variables of a model as the arrays of a file, by the first table.

  Raises:
    KeyError: the table has no row for a layer, or no layer is some part of an array.
  """
  table = next(iter(names.tables.values()))
  own = trees.flatten(variables)
  pieces: dict[str, dict[int, np.ndarray]] = collections.defaultdict(dict)
  homes: dict[str, tuple[Place, int]] = {}
  for path, place in places.placed(names, table, own).items():
    for term, piece, first in place.theirs(np.asarray(own[path])):
      homes[term.name] = place, term.parts
      if first or term.part not in pieces[term.name]:
        pieces[term.name][term.part] = piece if first else np.zeros_like(piece)
  found = {}
  for name, (place, count) in homes.items():
    if pieces[name].keys() != {*range(count)}:
      raise KeyError(f'{name} has {count} parts, and only {[*pieces[name]]} are known')
    array = places.joined([pieces[name][part] for part in range(count)])
    found[name] = layouts.theirs(array, place.sides, place.pointwise, place.plain)
  twins = {name: found[twin] for name, twin in names.tied.items() if twin in found}
  return found | twins
