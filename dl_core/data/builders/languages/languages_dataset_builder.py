"""Names in sixteen languages, from the locale data of Unicode (CLDR) in Babel."""

import collections
from collections.abc import Mapping

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data import cldr
from dl_core.data.cldr import Concept
from dl_core.types import UserError

ALPHABET = ''.join(
  sorted(
    " '-’abcdefghijklmnopqrstuvwxyzßàáâãäåæçèéêëìíîïñòóôõöøùúûüýāăąćčďđęěğĩıłńňőœřśşšťů"
    'űźżžơưșțạảấầẩẫậắặếềểệỉịọỏốồổỗộớờợụủứừửữựỳỷỹ'
  )
)
SHORTEST, LONGEST = 3, 24  # characters of a name
EACH = {'test': 60, 'validation': 60, 'train': 400}  # names of a language in a split


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """8,320 names of countries, languages, scripts, currencies, units, months and days.

  A name is in lower case and belongs to one of the sixteen languages alone. No concept,
  such as Germany, is in two splits, so that its other names do not give it away.
  """

  VERSION = tfds.core.Version(cldr.VERSION)
  COUNTS = {split: len(cldr.LANGUAGES) * count for split, count in EACH.items()}  # noqa: RUF012

  def _info(self):
    features = {
      'text': tfds.features.Text(),
      'label': tfds.features.ClassLabel(names=list(cldr.LANGUAGES.values())),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      supervised_keys=('text', 'label'),
      disable_shuffling=True,
      homepage='https://cldr.unicode.org',
      metadata=tfds.core.MetadataDict(
        alphabet=ALPHABET,
        notes=[
          f'The names are those of CLDR in Babel {cldr.INSTALLED}, in lower case, of '
          f'{SHORTEST} to {LONGEST} letters; a name that two of the languages have is '
          'left out.',
          'No concept, such as a country, is in two splits.',
        ],
      ),
    )

  def _split_generators(self, dl_manager):
    return {
      split: self._generate_examples(rows) for split, rows in divided(own()).items()
    }

  def _generate_examples(self, rows):
    for number, (name, label) in enumerate(rows):
      yield number, {'text': name, 'label': label}


def own() -> dict[str, dict[Concept, str]]:
  """Returns {language: {concept: its name}}, of names that no other language has."""
  found = {code: cldr.names(code) for code in cldr.LANGUAGES}
  count = collections.Counter(
    name for named in found.values() for name in set(named.values())
  )
  wanted = lambda name: (
    SHORTEST <= len(name) <= LONGEST and count[name] == 1 and set(name) <= set(ALPHABET)
  )
  return {
    code: {concept: name for concept, name in named.items() if wanted(name)}
    for code, named in found.items()
  }


def divided(
  named: Mapping[str, Mapping[Concept, str]],
) -> dict[str, list[tuple[str, int]]]:
  """Divides names into {split: [(name, number of its language)]}, by concept.

  The concepts come in an order that a fixed seed draws. The first ones are for the test
  split, until every language has enough names there; then come those of validation.

  Raises:
    UserError: there are too few names.
  """
  every = sorted(set().union(*named.values()))
  left = [every[n] for n in np.random.RandomState(0).permutation(len(every))]
  used: dict[str, set[str]] = {code: set() for code in named}
  found = {}
  for split, count in EACH.items():
    rows: dict[str, list[str]] = {code: [] for code in named}
    while left and min(map(len, rows.values())) < count:
      concept = left.pop(0)
      for code, names in named.items():
        name = names.get(concept)
        # Two concepts may have one name; it stays where it was first.
        if name and name not in used[code]:
          used[code].add(name)
          rows[code].append(name)
    short = {code: len(names) for code, names in rows.items() if len(names) < count}
    if short:
      raise UserError(
        f'Babel {cldr.INSTALLED} has too few names for the {split} split of languages '
        f'({short}, {count} wanted); install the version that constraints.txt names'
      )
    found[split] = [
      (name, label)
      for label, names in enumerate(rows.values())
      for name in names[:count]
    ]
  return found
