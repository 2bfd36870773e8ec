"""What builders of text share: one text, cut by position into train, validation, test.

Each split is one example, so that how many there are is known before the text is made.
"""

import ast
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import tensorflow_datasets as tfds

from dl_core.data import corpus
from dl_core.types import UserError

ASCII = '\n' + ''.join(map(chr, range(ord(' '), ord('~') + 1)))  # 96 tokens
QUOTES = str.maketrans('‘’“”–—', '\'\'""--')  # what NFKD leaves as it is
SKIPPED = frozenset({'test', 'tests', 'site-packages'})


class TextBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """One text in three examples, one a split: {'text': str}; `corpus.PARTS` cuts it.

  A set gives its VERSION, HOMEPAGE, VOCABULARY (in the order of code points), NOTES and
  the method `_text`: (TFDS's DownloadManager) -> the whole text.
  """

  COUNTS = dict.fromkeys(corpus.SPLITS, 1)
  HOMEPAGE: str
  VOCABULARY: str = ASCII
  NOTES: tuple[str, ...] = ()

  def _info(self):
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict({'text': tfds.features.Text()}),
      disable_shuffling=True,
      homepage=self.HOMEPAGE,
      metadata=tfds.core.MetadataDict(
        notes=[*self.NOTES, corpus.NOTE], alphabet=self.VOCABULARY
      ),
    )

  def _split_generators(self, dl_manager):
    whole = self._text(dl_manager)
    return {
      split: self._generate_examples(whole[corpus.span(part, len(whole))])
      for split, part in corpus.PARTS.items()
    }

  def _generate_examples(self, piece):
    yield 0, {'text': piece}


def made_from(what: str) -> tuple[str, ...]:
  """Returns the notes of a text that is made of what is installed, in ASCII."""
  return (
    f'The text is made from {what}.',
    'Tabs are expanded, quotes and dashes are those of ASCII, other characters are '
    'decomposed (NFKD), and what is then not printable ASCII is dropped.',
  )


def ascii_only(text: str) -> str:
  """Writes a text in the 96 tokens of `ASCII`."""
  text = text.replace('\r\n', '\n').expandtabs().translate(QUOTES)
  return ''.join(filter(set(ASCII).__contains__, unicodedata.normalize('NFKD', text)))


def files(root: Path, names: Iterable[str] = ('',)) -> Iterator[tuple[str, str]]:
  """Reads Python source in the order of its paths, no tests.

  Args:
    root: a folder.
    names: modules and packages in it; '' is all of it.

  Yields:
    A path under `root`, with '/', and the source.

  Raises:
    UserError: there is no such module, or its source cannot be read.
  """
  found = set()
  for name in names:
    paths = {root / f'{name}.py'} if (root / f'{name}.py').is_file() else set()
    paths |= set(root.joinpath(name).rglob('*.py'))
    if not paths:
      raise UserError(
        f'{root} holds no source of {name or "any module"}, which the text is made '
        'from; install it whole, or give another --dataset'
      )
    found |= {path.relative_to(root) for path in paths}
  for path in sorted(found, key=Path.as_posix):
    if SKIPPED.isdisjoint(path.parts):
      try:
        yield path.as_posix(), (root / path).read_text('utf-8')
      except (OSError, UnicodeDecodeError) as error:
        raise UserError(
          f'{root / path} cannot be read ({error}); install it again, or give another '
          '--dataset'
        ) from error


def parsed(source: str) -> ast.Module:
  """Parses Python source, whatever its compiler would warn of."""
  with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    return ast.parse(source)
