"""Korean and English sentences of Tatoeba, from their original file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data.builders import originals, pairs

HELD = 300  # pairs of validation, and of test


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """3,723 pairs of sentences, of 1 to 50 words (tatoeba.org, CC BY 2.0).

  Some sentences have several translations. All pairs that share a sentence, directly or
  through others, are in one split.
  """

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 3_123, 'validation': HELD, 'test': HELD}  # noqa: RUF012
  ORIGINALS = originals.listed(__file__)

  def _info(self):
    return pairs.info(
      self,
      ('ko', 'en'),
      ('ko', 'en'),
      'https://www.manythings.org/anki/',
      [
        f'Validation and test are {HELD} pairs each, drawn by a fixed seed; no split '
        'has a sentence of another one.'
      ],
    )

  def _split_generators(self, dl_manager):
    wanted = tuple(self.ORIGINALS.values())
    paths = originals.obtain(self.name, Path(self.data_dir_root), dl_manager, wanted)
    rows = [line.split('\t')[:2] for line in pairs.lines(paths['kor.txt'])]
    found = divided(rows)
    return {split: self._generate_examples(found[split]) for split in self.COUNTS}

  def _generate_examples(self, rows):
    yield from pairs.examples(
      {'ko': [korean for _, korean in rows], 'en': [english for english, _ in rows]}
    )


def divided(rows: Sequence[Sequence[str]]) -> dict[str, list[Sequence[str]]]:
  """Divides pairs by groups of them that share sentences."""
  group: dict[tuple[int, str], int] = {}
  members: dict[int, list[int]] = {}
  for number, row in enumerate(rows):
    keys = list(enumerate(row))
    known = {group[key] for key in keys if key in group}
    joined = [number, *(member for name in known for member in members.pop(name))]
    members[number] = sorted(joined)
    for member in joined:
      group |= dict.fromkeys(enumerate(rows[member]), number)
  names = sorted(members, key=lambda name: members[name][0])
  order = np.random.RandomState(0).permutation(len(names))
  found: dict[str, list[int]] = {'test': [], 'validation': [], 'train': []}
  for place in order:
    own = members[names[place]]
    split = next(
      (name for name in ('test', 'validation') if len(found[name]) + len(own) <= HELD),
      'train',
    )
    found[split] += own
  return {split: [rows[one] for one in sorted(own)] for split, own in found.items()}
