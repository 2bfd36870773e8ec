"""Finds pairs of texts, a source and its target, as they are written.

They are a set of `sources` whose examples have several texts, in two languages or more;
or a user's own file, `--dataset=pairs --data_dir=FILE`, with a source, a tab and its
target in each line.
"""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dl_core import config
from dl_core.data import declarations, encodings, sources, splits, stored
from dl_core.data.declarations import Declaration
from dl_core.types import UserError


class Texts(NamedTuple):
  """The pairs of a split: equally many sources and targets."""

  sources: list[str]
  targets: list[str]


class Translations(NamedTuple):
  """A set of pairs.

  Attributes:
    source: its name and version.
    languages: of the sources and of the targets.
    read: ('train' | 'validation' | 'test') -> its pairs.
    alphabet: the characters that it declares; '' where none are declared.
    declaration: of a prepared set or a stored one; None of a user's own.
    notes: see `Data`.
  """

  source: str
  languages: tuple[str, str]
  read: Callable[[str], Texts]
  alphabet: str
  declaration: Declaration | None
  notes: tuple[str, ...]

  @property
  def stored(self) -> bool:
    """Whether a workdir is all that is there of the set."""
    return self.declaration is not None and self.declaration.stored


def named(name: str, data_dir: str = '', pair: str = '') -> Translations:
  """Finds the set `name`; 'pairs' is a user's own.

  Args:
    name, data_dir: see `sources.declare`.
    pair: the names of two of its texts, 'ko-en' for example; '': as the set declares,
      else the first two.

  Raises:
    UserError: there is no such set, or its examples do not have these texts.
  """
  if name == 'pairs' and not stored.declaration(name, data_dir):
    return users(data_dir, pair)
  declaration = sources.declare(name, data_dir)
  languages = chosen(declaration, pair)

  @functools.cache
  def given(split):
    found = list(sources.examples(declaration, split))
    where = f'in {split} of {declaration.folder}'
    mend = 'delete it and prepare the set again'
    written = (
      [
        encodings.decoded(each[code], f'text {row} {where}', mend).strip()
        for row, each in enumerate(found)
      ]
      for code in languages
    )
    return Texts(*written)

  order = ('train', 'validation', 'test')
  counts = {one: declaration.counts[one] for one in order if one in declaration.counts}
  found = Translations(
    declaration.source,
    languages,
    given,
    declaration.vocabulary,
    declaration,
    declaration.notes,
  )
  return divided(found, splits.parts(declaration.source, counts, classes=False))


def chosen(declaration: Declaration, pair: str) -> tuple[str, str]:
  """Returns the names of the source and the target."""
  texts = [key for key, each in declaration.features.items() if each.kind == 'Text']
  pairs = {f'{a}-{b}': (a, b) for a in texts for b in texts if a != b}
  if not pairs:
    held = ', '.join(
      f'{key} ({each.kind})' for key, each in declaration.features.items()
    )
    raise UserError(
      f'--dataset={declaration.name} was given, whose examples hold {held}; wanted are '
      'two texts (Text), give a set of translations'
    )
  declared = f'{declaration.given}-{declaration.target}'
  found = pair or (declared if declared in pairs else next(iter(pairs)))
  if found not in pairs:
    raise UserError(
      f'--pair={pair} was given, but the examples of {declaration.source} hold the '
      f'texts {", ".join(texts)}; give two of them, such as --pair={next(iter(pairs))}'
    )
  return pairs[found]


def users(data_dir: str, pair: str = '') -> Translations:
  """Reads a user's own file; nothing is written beside it.

  Raises:
    UserError: it cannot be read, or a line has another form.
  """
  wanted = 'give --data_dir=FILE, a source, a tab and its target in each line'
  path = config.path(data_dir)
  if not data_dir or not path.is_file():
    raise UserError(
      f'--dataset=pairs was given with --data_dir={data_dir or "(empty)"}, which is no '
      f'file; {wanted}'
    )
  rows = lines_of(path)
  total = hashlib.sha256('\n'.join(map('\t'.join, rows)).encode())
  source, target = pair.split('-', 1) if '-' in pair else ('source', 'target')
  texts = Texts([one for one, _ in rows], [other for _, other in rows])
  origin = f'pairs/{total.hexdigest()[:12]}'
  found = Translations(origin, (source, target), lambda split: texts, '', None, ())
  counts = {'train': len(rows)}
  return divided(found, splits.parts(origin, counts, classes=False, own=True))


def lines_of(path: Path) -> list[tuple[str, str]]:
  """Reads the source and the target of each line; empty lines are passed over.

  What follows a second tab is passed over, too: the authors in files of Tatoeba.
  """
  try:
    content = path.read_bytes()
  except OSError as error:
    raise UserError(
      f'{path} cannot be read ({error.strerror}); give another file'
    ) from error
  found = []
  text = encodings.decoded(content, str(path), 'save it as UTF-8')
  for number, line in enumerate(text.split('\n'), 1):
    cells = [cell.strip() for cell in line.split('\t')]
    if not line.strip():
      continue
    if len(cells) < 2 or not all(cells[:2]):
      raise UserError(
        f'line {number} of {path} is no pair; give a source, a tab and its target in '
        'each line'
      )
    found.append((cells[0], cells[1]))
  return found


def divided(found: Translations, parts: splits.Parts) -> Translations:
  """Returns the set in three splits, carved from train where it lacks one."""

  @functools.cache
  def carved():
    count = len(found.read('train').sources)
    return splits.carved(found.source, parts, np.zeros(count, int))

  @functools.cache
  def read(name):
    if given := parts.given.get(name):
      return found.read(given)
    texts = found.read('train')
    rows = carved()[name]
    return Texts(*([each[row] for row in rows] for each in texts))

  return found._replace(read=read, notes=found.notes + parts.notes)


def features(found: Translations) -> dict[str, declarations.Feature]:
  """Returns what a workdir declares of the examples."""
  return {code: declarations.Feature('Text') for code in found.languages}
