"""The Stanford Sentiment Treebank in two classes, from the files of GLUE."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data.builders import originals

VALIDATION = 0.05  # of the training phrases, at least


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """68,221 phrases of film reviews, good or bad (Socher et al. 2013, GLUE's SST-2).

  GLUE's dev is the test split here, as its own test has no labels. The training phrases
  are parts of sentences, down to single words, and the set does not name the sentence
  of a phrase. So validation has whole phrases that no other phrase contains, with all
  phrases that these contain: a random choice would have parts of what is trained on.
  """

  VERSION = tfds.core.Version('2.0.0')  # the stock set, 1.0.0, has no such validation
  COUNTS = {'train': 63_978, 'validation': 3_371, 'test': 872}  # noqa: RUF012
  ORIGINALS = originals.listed(__file__)

  def _info(self):
    features = {
      'text': tfds.features.Text(),
      'label': tfds.features.ClassLabel(names=['negative', 'positive']),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      supervised_keys=('text', 'label'),
      disable_shuffling=True,
      homepage='https://nlp.stanford.edu/sentiment/',
      metadata=tfds.core.MetadataDict(
        notes=[
          "The test split is GLUE's dev; the validation set is 5 % of its training "
          'phrases: some that no other phrase contains, drawn by a fixed seed, and all '
          'that they contain.'
        ]
      ),
    )

  def _split_generators(self, dl_manager):
    wanted = tuple(self.ORIGINALS.values())
    paths = originals.obtain(self.name, Path(self.data_dir_root), dl_manager, wanted)
    rows, test = rows_of(paths['train.tsv']), rows_of(paths['dev.tsv'])
    chosen = carved([text for text, _ in rows])
    return {
      'train': self._generate_examples(
        row for row, own in zip(rows, chosen, strict=True) if not own
      ),
      'validation': self._generate_examples(
        row for row, own in zip(rows, chosen, strict=True) if own
      ),
      'test': self._generate_examples(test),
    }

  def _generate_examples(self, rows):
    for number, (text, label) in enumerate(rows):
      yield number, {'text': text, 'label': label}


def rows_of(path: Path) -> list[tuple[str, int]]:
  """Reads the phrases of a file and their labels, 0 or 1, after a line of names."""
  lines = path.read_text('utf-8').split('\n')[1:]
  cells = (line.split('\t') for line in lines if line)
  return [(text.strip(), int(label)) for text, label in cells]


def carved(phrases: Sequence[str]) -> np.ndarray:
  """Chooses phrases that no other one contains, and all phrases that they contain.

  Args:
    phrases: words with single spaces between them; some are there twice.

  Returns:
    Booleans [n]: the chosen ones, VALIDATION of all or a few more.
  """
  places: dict[tuple[str, ...], list[int]] = {}
  for number, phrase in enumerate(phrases):
    places.setdefault(tuple(phrase.split()), []).append(number)
  inner = {whole: [part for part in parts(whole) if part in places] for whole in places}
  contained = {part for found in inner.values() for part in found}
  outermost = [whole for whole in places if whole not in contained]
  chosen = np.zeros(len(phrases), bool)
  for number in np.random.RandomState(0).permutation(len(outermost)):
    if chosen.sum() >= VALIDATION * len(phrases):
      break
    whole = outermost[number]
    for each in (whole, *inner[whole]):
      chosen[places[each]] = True
  return chosen


def parts(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
  """Yields all phrases inside a phrase, shorter than itself."""
  for size in range(1, len(words)):
    for start in range(len(words) - size + 1):
      yield words[start : start + size]
