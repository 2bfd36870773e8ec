"""Finds sets of labelled texts: prepared ones, or a user's own.

A user's own texts are files DIR/train/CLASS/*.txt, and val and test alike; or lines of
a text, a tab and its class: a file, or DIR/train.tsv, DIR/val.tsv and DIR/test.tsv. An
example may consist of two texts: they have a tab between them, here and in a line.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dl_core import config
from dl_core.data import (
  declarations,
  encodings,
  forms,
  listing,
  sources,
  splits,
  stored,
  walked,
)
from dl_core.data.declarations import Declaration, Feature
from dl_core.types import UserError

HEADS = ('label', 'class')  # over the second column, if the columns have names
MEND = 'save it as UTF-8'


class Labelled(NamedTuple):
  texts: list[str]  # two texts of one example are joined by `forms.PAIR`
  labels: np.ndarray  # int32 [n]


class Phrases(NamedTuple):
  """A set of labelled texts.

  Attributes:
    source: its name and version.
    classes: the label names.
    read: ('train' | 'validation' | 'test') -> its examples.
    alphabet: the characters that it declares; '' where none are declared.
    declaration: of a prepared set or a stored one; None of a user's own.
    notes: see `Data`.
  """

  source: str
  classes: tuple[str, ...]
  read: Callable[[str], Labelled]
  alphabet: str
  declaration: Declaration | None
  notes: tuple[str, ...]

  @property
  def features(self) -> dict[str, Feature]:
    """What an example holds."""
    label = Feature('ClassLabel', names=self.classes)
    return {'text': Feature('Text'), 'label': label}


def named(name: str, data_dir: str = '', most: int = 1) -> Phrases:
  """Finds the set `name`; 'folder' is a user's own.

  Args:
    name, data_dir: see `sources.declare`.
    most: texts of an example, at most.

  Raises:
    UserError: there is no such set, or its examples are no labelled texts.
  """
  own = name == 'folder'
  if own and not stored.declaration(name, data_dir):
    return users(data_dir)
  declaration = sources.declare(name, data_dir)
  kinds = {key: feature.kind for key, feature in declaration.features.items()}
  texts = [key for key, kind in kinds.items() if kind == 'Text']
  labels = [key for key, kind in kinds.items() if kind == 'ClassLabel']
  if not 0 < len(texts) <= most or len(labels) != 1:
    held = ', '.join(f'{key} ({kind})' for key, kind in kinds.items())
    raise UserError(
      f'--dataset={name} was given, whose examples hold {held}; wanted are '
      f'{"one text" if most == 1 else "one text or two"} (Text) and one label '
      '(ClassLabel), give a set that has them'
    )
  (label,) = labels
  classes = declaration.features[label].names

  @functools.cache
  def given(split):
    found = list(sources.examples(declaration, split))
    where = f'in {split} of {declaration.folder}'
    mend = 'delete it and prepare the set again'
    return Labelled(
      [
        forms.PAIR.join(
          encodings.decoded(each[text], f'text {row} {where}', mend) for text in texts
        )
        for row, each in enumerate(found)
      ],
      declarations.checked(
        declaration.source,
        split,
        classes,
        np.array([each[label] for each in found], np.int32),
      ),
    )

  counts = {name: n for name, n in declaration.counts.items() if name in listing.ORDER}
  return divided(
    Phrases(
      declaration.source,
      classes,
      given,
      declaration.vocabulary,
      declaration,
      declaration.notes,
    ),
    splits.parts(declaration.source, counts),
  )


def labelled(name: str, data_dir: str = '') -> bool:
  """Returns whether the set `name` has labels, as 'folder' and sets of classes have."""
  if name in sources.USERS and not stored.declaration(name, data_dir):
    return name == 'folder'
  features = sources.declare(name, data_dir).features.values()
  return any(feature.kind == 'ClassLabel' for feature in features)


def users(data_dir: str) -> Phrases:
  """Reads a user's own texts; nothing is written beside them.

  Raises:
    UserError: they are laid out in another way, or are not in UTF-8.
  """
  root = config.path(data_dir)
  tables = {
    split: root / f'{name}.tsv'
    for name, split in listing.SPLITS.items()
    if data_dir and (root / f'{name}.tsv').is_file()
  }
  if data_dir and root.is_file():
    tables = {'train': root}
  if 'train' in tables:
    classes, parts = tabulated(tables)
    notes: tuple[str, ...] = ()
  else:
    found = listing.listed(data_dir, kind=walked.TEXTS)
    classes, notes = found.classes, found.notes
    parts = {
      split: Labelled(
        [text_of(path).strip() for path, _ in files],
        np.array([label for _, label in files], np.int32),
      )
      for split, files in found.files.items()
    }
  total = hashlib.sha256()
  for split, (texts, labels) in sorted(parts.items()):
    total.update('\0'.join([split, *texts]).encode() + labels.tobytes())
  source = f'folder/{total.hexdigest()[:12]}'
  counts = {split: len(part.texts) for split, part in parts.items()}
  return divided(
    Phrases(source, classes, lambda split: parts[split], '', None, notes),
    splits.parts(source, counts, own=True),
  )


def tabulated(
  tables: Mapping[str, Path],
) -> tuple[tuple[str, ...], dict[str, Labelled]]:
  """Reads files of a text, a tab and its class in a line.

  Args:
    tables: {split: its file}.

  Returns:
    The classes of train in the order of their names, and {split: its examples}.

  Raises:
    UserError: a line has another form, or a class that train lacks.
  """
  rows = {split: lines_of(path) for split, path in tables.items()}
  classes = tuple(sorted({label for _, label in rows['train']}))
  if len(classes) < 2:
    raise UserError(
      f'{tables["train"]} has {len(classes)} classes, at least 2 are wanted; give '
      'lines of a text, a tab and its class'
    )
  for split, found in rows.items():
    if unknown := {label for _, label in found} - set(classes):
      raise UserError(
        f'{tables[split]} has the class {min(unknown)}, which {tables["train"]} '
        'lacks; remove it, or add texts of that class there'
      )
  return classes, {
    split: Labelled(
      [text for text, _ in found],
      np.array([classes.index(label) for _, label in found], np.int32),
    )
    for split, found in rows.items()
  }


def lines_of(path: Path) -> list[tuple[str, str]]:
  """Reads (text, class) of each line of a file; empty lines are passed over."""
  found = []
  for number, line in enumerate(text_of(path).split('\n'), 1):
    text, tab, label = line.strip('\r').rpartition('\t')
    if not line.strip() or (number == 1 and label.strip().lower() in HEADS):
      continue
    if not tab or not label.strip():
      raise UserError(
        f'line {number} of {path} has no tab with a class after it; give lines of a '
        'text, a tab and its class'
      )
    found.append((text.strip(), label.strip()))
  return found


def text_of(path: Path) -> str:
  """Reads a text file. Raises UserError where that fails."""
  try:
    content = path.read_bytes()
  except OSError as error:
    raise UserError(
      f'{path} cannot be read ({error.strerror}); give another one'
    ) from error
  return encodings.decoded(content, str(path), MEND)


def divided(phrases: Phrases, parts: splits.Parts) -> Phrases:
  """Returns the set in three splits, carved from train where it lacks one."""

  @functools.cache
  def carved():
    return splits.carved(phrases.source, parts, phrases.read('train').labels)

  @functools.cache
  def read(name):
    if given := parts.given.get(name):
      return phrases.read(given)
    texts, labels = phrases.read('train')
    rows = carved()[name]
    return Labelled([texts[row] for row in rows], labels[rows])

  return phrases._replace(read=read, notes=phrases.notes + parts.notes)
