"""Reads what a workdir stores of its data, so that its model needs no data set.

config.json of a run has `source`, `classes` and `declaration` (`Data.declaration`); the
vocabulary of a text is a file beside it. They are enough to build the experiment again
and to read a file or a prompt as in training; a run that asks for examples is refused.
The config.json of an earlier run has no `declaration`; it is enough for a user's own
folder of images, or own text. An earlier run on text has its alphabet as `classes`, and
no vocabulary beside it.
"""

import json
from collections.abc import Mapping
from typing import Any

from dl_core import config
from dl_core.data import vocabularies
from dl_core.data import vocabulary as spelling
from dl_core.data.declarations import Declaration, Feature
from dl_core.data.vocabulary import Vocabulary
from dl_core.types import UserError

FILE = 'config.json'


def packed(
  features: Mapping[str, Feature], target: str = '', given: str = ''
) -> dict[str, Any]:
  """Returns the value of `Data.declaration`, which JSON can write.

  Args:
    features: what an example holds.
    target, given: see `Declaration`.
  """
  return {
    'features': {name: _written(feature) for name, feature in features.items()},
    'target': target,
  } | ({'given': given} if given else {})


def declaration(name: str, workdir: str) -> Declaration | None:
  """Returns the declaration of the set `name` that a workdir stores; None without.

  Args:
    name: of the set; a workdir of a run on another set stores none of it.
    workdir: any path.
  """
  folder = config.path(workdir)
  try:
    run = json.loads((folder / FILE).read_text('utf-8')) if workdir else {}
  except (OSError, ValueError):
    return None
  source = run.get('source', '') if isinstance(run, dict) else ''
  found, _, version = source.rpartition('/') if isinstance(source, str) else ('',) * 3
  classes = run.get('classes') if found == name else None
  if not isinstance(classes, list) or (not classes and not run.get('declaration')):
    return None
  kept = run.get('declaration') or _before(name, classes)
  if not kept:
    return None
  features = {key: _read(each) for key, each in kept['features'].items()}
  kinds = {feature.kind for feature in features.values()}
  text = 'Text' in kinds and 'ClassLabel' not in kinds  # else classes are labels
  return Declaration(
    name=name,
    version=version,
    features=features,
    counts={'train': 0},
    notes=(),
    folder=folder,
    prepared=False,
    vocabulary=''.join(classes) if text else '',
    target=kept['target'],
    given=kept.get('given', ''),
    stored=True,
  )


def vocabulary(declaration: Declaration, name: str = vocabularies.FILE) -> Vocabulary:
  """Returns the vocabulary of a text that a workdir stores, in the file `name`.

  Raises:
    UserError: it is missing or damaged.
  """
  if declaration.vocabulary:
    return spelling.characters(declaration.vocabulary)
  path = declaration.folder / name
  try:
    return vocabularies.read(path.read_text('utf-8'))
  except (OSError, ValueError, KeyError, TypeError) as error:
    raise UserError(
      f'{path}, the vocabulary of the run, cannot be read ({error}); restore it, or '
      'train again with --fresh'
    ) from error


def refused(declaration: Declaration) -> UserError:
  """Returns the error of a run that asks a stored declaration for examples."""
  return UserError(
    f'the examples of {declaration.source} were asked for, but '
    f'{declaration.folder / FILE} stores only their declaration; give the folder of '
    'the data as --data_dir'
  )


def _written(feature: Feature) -> dict[str, Any]:
  """Returns a feature as JSON; one without parts as it was before there were any."""
  written = feature._asdict()
  del written['parts']
  if feature.parts:
    written['parts'] = {name: _written(part) for name, part in feature.parts.items()}
  return written


def _read(written: Mapping[str, Any]) -> Feature:
  """Returns the feature that `_written` wrote."""
  return Feature(
    written['kind'],
    tuple(written['shape']),
    tuple(written['names']),
    written['dtype'],
    {name: _read(part) for name, part in written.get('parts', {}).items()},
  )


def _before(name: str, classes: list[str]) -> dict[str, Any] | None:
  """Returns the declaration of a run that stored none; None where it is not known."""
  if name == 'folder':
    label = Feature('ClassLabel', names=tuple(classes))
    return packed({'image': Feature('Image'), 'label': label})
  return packed({'text': Feature('Text')}) if name == 'text' else None
