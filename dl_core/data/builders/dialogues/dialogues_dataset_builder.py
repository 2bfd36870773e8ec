"""Dialogues about the calendar in English and Korean; names from CLDR, in Babel."""

import datetime
import importlib.metadata
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data.builders import pairs

INSTALLED = importlib.metadata.version('babel')
YEAR = 2001  # not a leap year; the day of the week is drawn apart from it
HELD = 10  # one day of the year in so many is in no training question
FAR = 6  # days at most until a date that is asked about
KINDS = ('tomorrow', 'after', 'week', 'date', 'weekday', 'until')


class Scene(NamedTuple):
  """What is said: the day, what day of the week it is, the days of work, a question.

  Attributes:
    today: of YEAR.
    weekday: 0 for Monday, of today.
    work: two days of the week.
    kind: one of `KINDS`.
    ahead: the day that is asked about comes so many days after today.
  """

  today: datetime.date
  weekday: int
  work: tuple[int, int]
  kind: str
  ahead: int

  @property
  def then(self) -> datetime.date:
    return self.today + datetime.timedelta(self.ahead)

  @property
  def day(self) -> int:
    return (self.weekday + self.ahead) % 7

  @property
  def free(self) -> bool:
    return self.day not in self.work


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """33,000 questions whose answers follow from what is said with them.

  A partner says which day it is and on which days of the week the model works, and asks
  whether it is free tomorrow, the day after, in a week or on some date of the month, or
  how many days there are until then. Today is any day of the year; one in ten of them
  is in no training question: half of these in validation, half in the test split. A
  date is in the same month and at most 6 days ahead.
  """

  VERSION = tfds.core.Version('.'.join(re.findall(r'\d+', f'{INSTALLED}.0')[:3]))
  COUNTS = {'train': 30_000, 'validation': 1_500, 'test': 1_500}  # noqa: RUF012

  def _info(self):
    return pairs.info(
      self,
      ('question', 'answer', 'question_ko', 'answer_ko'),
      ('question', 'answer'),
      'https://cldr.unicode.org',
      [
        'One day of the year in ten is in no training question, drawn by a fixed seed: '
        'half of these days in validation, half in the test split.'
      ],
    )

  def _split_generators(self, dl_manager):
    del dl_manager
    return {split: self._generate_examples(split) for split in self.COUNTS}

  def _generate_examples(self, split):
    speak = {'': English(), '_ko': Korean()}
    for number, scene in enumerate(scenes(split, self.COUNTS[split])):
      yield (
        number,
        {
          f'{part}{code}': getattr(language, part)(scene)
          for code, language in speak.items()
          for part in ('question', 'answer')
        },
      )


def days(split: str) -> np.ndarray:
  """Returns the days of the year, from 0, that are today in a split."""
  order = np.random.RandomState(0).permutation(365)
  half = 365 // HELD // 2
  cuts = {
    'test': slice(half),
    'validation': slice(half, 2 * half),
    'train': slice(2 * half, None),
  }
  return order[cuts[split]]


def scenes(split: str, count: int) -> Iterator[Scene]:
  """Draws the scenes of a split."""
  draw = np.random.RandomState(1 + ['train', 'validation', 'test'].index(split))
  first, possible = datetime.date(YEAR, 1, 1), days(split)
  for _ in range(count):
    today = first + datetime.timedelta(int(possible[draw.randint(len(possible))]))
    weekday, kind = int(draw.randint(7)), KINDS[draw.randint(len(KINDS))]
    a, b = sorted(draw.permutation(7)[:2])
    left = 31 - today.day - (today.month in (4, 6, 9, 11)) - 3 * (today.month == 2)
    ahead = {'tomorrow': 1, 'after': 2, 'week': 7}.get(kind, 0)
    if not ahead and left:
      ahead = 1 + int(draw.randint(min(left, FAR)))
    if not ahead:  # the last of the month
      kind, ahead = 'tomorrow', 1
    yield Scene(today, weekday, (int(a), int(b)), kind, ahead)


class English:
  def __init__(self):
    from babel import Locale

    locale = Locale('en')
    self.days = locale.days['format']['wide']
    self.months = locale.months['format']['wide']

  def question(self, scene: Scene) -> str:
    date = f'{self.months[scene.today.month]} {scene.today.day}'
    first, second = (f'{self.days[day]}s' for day in scene.work)
    return (
      f'Today is {self.days[scene.weekday]}, {date}. You work on {first} and {second}. '
      f'{self.asked(scene)}'
    )

  def asked(self, scene: Scene) -> str:
    the = ordinal(scene.then.day)
    if scene.kind == 'weekday':
      return f'What day is the {the}?'
    if scene.kind == 'until':
      return f'How many days are there until the {the}?'
    return f'Are you free {self.when(scene)}?'

  def when(self, scene: Scene) -> str:
    return {
      'tomorrow': 'tomorrow',
      'after': 'the day after tomorrow',
      'week': 'in a week',
    }.get(scene.kind, f'on the {ordinal(scene.then.day)}')

  def answer(self, scene: Scene) -> str:
    day = self.days[scene.day]
    if scene.kind == 'weekday':
      return f'It is a {day}.'
    if scene.kind == 'until':
      return f'{scene.ahead} days.' if scene.ahead > 1 else 'One day.'
    if scene.free:
      return f'Yes, I am free {self.when(scene)}, on {day}.'
    return f'No, I am not: I work on {day}s.'


class Korean:
  def __init__(self):
    from babel import Locale

    self.days = Locale('ko').days['format']['wide']

  def question(self, scene: Scene) -> str:
    first, second = (self.days[day] for day in scene.work)
    return (
      f'오늘은 {scene.today.month}월 {scene.today.day}일 '
      f'{self.days[scene.weekday]}입니다. '
      f'당신은 {first}과 {second}에 일합니다. {self.asked(scene)}'
    )

  def asked(self, scene: Scene) -> str:
    if scene.kind == 'weekday':
      return f'{scene.then.day}일은 무슨 요일입니까?'
    if scene.kind == 'until':
      return f'{scene.then.day}일까지 며칠 남았습니까?'
    return f'{self.when(scene)} 시간이 있습니까?'

  def when(self, scene: Scene) -> str:
    return {'tomorrow': '내일', 'after': '모레', 'week': '일주일 뒤에'}.get(
      scene.kind, f'{scene.then.day}일에'
    )

  def answer(self, scene: Scene) -> str:
    day = self.days[scene.day]
    if scene.kind == 'weekday':
      return f'{day}입니다.'
    if scene.kind == 'until':
      return f'{scene.ahead}일 남았습니다.'
    if scene.free:
      return f'네, {self.when(scene)} {day}에는 시간이 있습니다.'
    return f'아니요, {day}에는 일합니다.'


def ordinal(number: int) -> str:
  """Writes 1st, 2nd, 3rd, 4th ..."""
  teen = 10 <= number % 100 <= 20
  ends = {} if teen else {1: 'st', 2: 'nd', 3: 'rd'}
  return f'{number}{ends.get(number % 10, "th")}'
