"""Dates written in six languages, by the locale data of Unicode (CLDR) in Babel."""

import datetime
import functools
import importlib.metadata
import re

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data.builders import pairs

INSTALLED = importlib.metadata.version('babel')
LANGUAGES = ('ko', 'en', 'de', 'fr', 'es', 'ja')
FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
MOST = 3  # dates of an example
JOINT = '; '
HELD = 20  # one day in so many is in the test split alone, and one in validation alone
STYLES = ('full', 'long', 'medium', 'yMMMEd')  # of CLDR; the first and last have days


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """22,000 lines of one to three dates from 1900 to 2099.

  Each date is in one of four styles: full and long, medium, and a short one with the
  day of the week. A text has that day in all languages or in none, so no calendar has
  to be learnt. CLDR's style `short` is left out, as its years have two digits.
  """

  VERSION = tfds.core.Version('.'.join(re.findall(r'\d+', f'{INSTALLED}.0')[:3]))
  COUNTS = {'train': 20_000, 'validation': 1_000, 'test': 1_000}  # noqa: RUF012

  def _info(self):
    return pairs.info(
      self,
      LANGUAGES,
      ('ko', 'en'),
      'https://cldr.unicode.org',
      [
        f'The dates are written as in CLDR, in Babel {INSTALLED}.',
        f'One day in {HELD} of 1900 to 2099 is in the test split alone, and another '
        'one in validation alone, drawn by a fixed seed.',
      ],
      alphabet=alphabet(),
    )

  def _split_generators(self, dl_manager):
    del dl_manager
    days = divided()
    return {split: self._generate_examples(split, days[split]) for split in self.COUNTS}

  def _generate_examples(self, split, days):
    draw = np.random.RandomState(list(self.COUNTS).index(split))
    for number in range(self.COUNTS[split]):
      chosen = days[draw.randint(len(days), size=1 + draw.randint(MOST))]
      styles = [STYLES[place] for place in draw.randint(len(STYLES), size=len(chosen))]
      dates = [FIRST + datetime.timedelta(int(day)) for day in chosen]
      yield number, texts(dates, styles)


def divided() -> dict[str, np.ndarray]:
  """Divides the days since FIRST among the splits."""
  count = (LAST - FIRST).days + 1
  order = np.random.RandomState(0).permutation(count)
  held = count // HELD
  return {
    'test': order[:held],
    'validation': order[held : 2 * held],
    'train': order[2 * held :],
  }


def texts(dates: list[datetime.date], styles: list[str]) -> dict[str, str]:
  """Returns {language: the dates, each in its style}."""
  told = [apart(day.month, style) for day, style in zip(dates, styles, strict=True)]
  return {
    code: JOINT.join(
      written(code, day, style) for day, style in zip(dates, told, strict=True)
    )
    for code in LANGUAGES
  }


@functools.cache
def apart(month: int, style: str) -> str:
  """Returns the style of a date in a month: `long` where `medium` may read the same.

  French writes 9 mars in both, and English May 9; which of both it is could not be told
  from there.
  """
  day = datetime.date(2000, month, 9)
  same = any(written(c, day, 'medium') == written(c, day, 'long') for c in LANGUAGES)
  return 'long' if style == 'medium' and same else style


def written(code: str, day: datetime.date, style: str) -> str:
  """Writes a date in a language and style."""
  return pattern(code, style).apply(day, locale(code))


@functools.cache
def locale(code: str):
  from babel import Locale

  return Locale(code)


@functools.cache
def pattern(code: str, style: str):
  from babel import dates

  skeletons = locale(code).datetime_skeletons
  if style in skeletons:
    return dates.parse_pattern(skeletons[style])
  return locale(code).date_formats[style]


def alphabet() -> str:
  """Returns all characters that dates are written with."""
  days = [FIRST + datetime.timedelta(days) for days in range(0, 400)]
  found = {
    letter
    for code in LANGUAGES
    for style in STYLES
    for day in days
    for letter in written(code, day, style)
  }
  return ''.join(sorted(found | set('0123456789' + JOINT)))
