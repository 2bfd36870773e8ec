"""What builders of translations share: how they are declared, and original files."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow_datasets as tfds


def info(
  builder,
  languages: Sequence[str],
  supervised: tuple[str, str],
  homepage: str,
  notes: Sequence[str] = (),
  alphabet: str = '',
) -> tfds.core.DatasetInfo:
  """Declares a set of texts in several languages, in the order of its examples.

  Args:
    builder: of the set.
    languages: the names of its texts.
    supervised: the source and the target, unless asked otherwise.
    homepage, notes: see `Data`.
    alphabet: all characters of all texts, in the order of their code points; '' where
      they are not known beforehand.
  """
  return tfds.core.DatasetInfo(
    builder=builder,
    description=builder.__doc__,
    features=tfds.features.Translation(languages=list(languages)),
    supervised_keys=supervised,
    disable_shuffling=True,
    homepage=homepage,
    metadata=tfds.core.MetadataDict(notes=list(notes), alphabet=alphabet),
  )


def lines(path: Path) -> list[str]:
  """Reads the lines of a file in UTF-8, which may be compressed (.gz)."""
  content = path.read_bytes()
  plain = gzip.decompress(content) if path.suffix == '.gz' else content
  return plain.decode('utf-8').rstrip('\n').split('\n')


def examples(texts: Mapping[str, Sequence[str]]):
  """Yields numbered examples from {language: its texts}, all equally many."""
  for number, row in enumerate(zip(*texts.values(), strict=True)):
    yield number, dict(zip(texts, row, strict=True))
