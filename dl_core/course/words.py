"""Figures and times in the words of a language."""

import re

from dl_core.course.texts import HOLE, Texts, expression, fill

PART = r'(?:[^,]|,(?! ))+?'  # no comma but that of thousands
WORDS = re.compile(r'[A-Za-z]{2,} [A-Za-z]{2,}')  # a phrase, not a value or a name
SEEDS = re.compile(r' \(seeds ([\d–, ]+)\)')


def duration(texts: Texts, seconds: float) -> str:
  """Returns a time in words: '1 h 5 min', '12 min', '40 s'."""
  if seconds < 90:
    return texts('page.seconds', n=max(1, round(seconds)))
  hours, minutes = divmod(round(seconds / 60), 60)
  if hours:
    return texts('page.hours', h=hours, m=minutes)
  return texts('page.minutes', n=minutes)


def figure(texts: Texts, name: str) -> str:
  """Returns the name of a figure, as it is where the language has no word for it."""
  return texts.get(f'figures.{name}') or name.replace('_', ' ')


def value(texts: Texts, measured: str) -> str:
  """Returns a measured value; its seeds are named in the language."""
  return SEEDS.sub(lambda found: ' ' + texts('page.seeds', seeds=found[1]), measured)


class Phrases:
  """Translates what was measured for a claim, as far as its phrases are known.

  The parts between semicolons, and then those between commas, are matched with the
  patterns under `phrases`; a part that no pattern matches stays in English.
  """

  def __init__(self, english: Texts, texts: Texts):
    patterns = english.under('phrases')
    order = sorted(patterns, key=lambda key: -len(HOLE.sub('', patterns[key])))
    own = texts.under('phrases')
    self.patterns = [
      (re.compile(expression(patterns[key], PART)), own[key]) for key in order
    ]
    self.same = english.language == texts.language

  def __call__(self, measured: str) -> str:
    """Returns the text in the language."""
    if self.same:
      return measured
    return '; '.join(map(self.part, measured.split('; ')))

  def part(self, text: str) -> str:
    """Returns a part without semicolons in the language."""
    if (whole := self.matched(text)) is not None:
      return whole
    parts = text.split(', ')
    return ', '.join(self.matched(each) or each for each in parts)

  def matched(self, text: str) -> str | None:
    """Returns the translation of a text by the most specific pattern, None for none.

    A pattern that would leave a phrase in English in its midst does not match.
    """
    for expected, pattern in self.patterns:
      if found := expected.fullmatch(text):
        parts = {name: self(part) for name, part in found.groupdict().items()}
        if not any(map(WORDS.search, parts.values())):
          return fill(pattern, parts)
    return None
