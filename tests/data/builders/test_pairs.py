"""Dates, dialogues, and the files of translations."""

import concurrent.futures
import datetime
import gzip
import itertools
import re

import jax
import numpy as np
import pytest

from dl_core import config
from dl_core.data import pairs, sources
from dl_core.data.builders import originals
from dl_core.data.builders.dates import dates_dataset_builder as dates
from dl_core.data.builders.dialogues import dialogues_dataset_builder as dialogues
from dl_core.data.builders.kor_eng import kor_eng_dataset_builder as kor_eng
from dl_core.data.builders.multi30k import multi30k_dataset_builder as multi30k

NAMES = (
  'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday',
)  # fmt: skip
MONTHS = (
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August',
  'September', 'October', 'November', 'December',
)  # fmt: skip
LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def test_no_day_is_in_two_splits_and_one_in_twenty_is_kept_for_each():
  found = dates.divided()
  every = np.concatenate(list(found.values()))
  assert len(np.unique(every)) == len(every) == 73_049
  assert len(found['test']) == len(found['validation']) == 3_652


def test_texts_have_the_day_of_the_week_in_all_languages_or_in_none():
  day = datetime.date(2026, 3, 9)
  for style in dates.STYLES:
    found = dates.texts([day], [style])
    assert set(found) == set(dates.LANGUAGES)
    named = [
      'Mon' in found['en'],
      '월요일' in found['ko'] or '(월)' in found['ko'],
      'Mo' in found['de'],
      'lun' in found['fr'],
      'lun' in found['es'],
      '月曜' in found['ja'] or '(月)' in found['ja'],
    ]
    assert all(named) == any(named) == (style in ('full', 'yMMMEd'))


def test_no_two_styles_of_a_date_read_the_same_in_any_language():
  for month in range(1, 13):
    day = datetime.date(2024, month, 12)
    styles = {dates.apart(month, style) for style in dates.STYLES}
    for code in dates.LANGUAGES:
      texts = [dates.written(code, day, style) for style in styles]
      assert len(set(texts)) == len(texts)


def test_every_character_of_a_date_is_declared():
  letters = set(dates.alphabet())
  for number in range(0, 73_049, 97):
    day = dates.FIRST + datetime.timedelta(number)
    for style in dates.STYLES:
      assert set(''.join(dates.texts([day, day], [style] * 2).values())) <= letters


QUESTION = re.compile(
  r'Today is (\w+), (\w+) (\d+)\. You work on (\w+)s and (\w+)s\. (.*)'
)


def replied(question):
  """Answers a question from its words alone."""
  day, month, date, first, second, asked = QUESTION.fullmatch(question).groups()
  today = NAMES.index(day)
  until = re.search(r'the (\d+)(?:st|nd|rd|th)', asked)
  ahead = int(until[1]) - int(date) if until else None
  if ahead is not None:
    assert 0 < ahead <= dialogues.FAR
    assert int(until[1]) <= LENGTHS[MONTHS.index(month)]
  else:
    ahead = {'tomorrow': 1, 'the day after tomorrow': 2, 'in a week': 7}[
      asked.removeprefix('Are you free ').rstrip('?')
    ]
  then = NAMES[(today + ahead) % 7]
  if asked.startswith('What day'):
    return f'It is a {then}.'
  if asked.startswith('How many'):
    return 'One day.' if ahead == 1 else f'{ahead} days.'
  if then in (first, second):
    return f'No, I am not: I work on {then}s.'
  return f'Yes, I am free {asked.removeprefix("Are you free ").rstrip("?")}, on {then}.'


def test_answers_follow_from_questions_and_today_is_new():
  english, seen = dialogues.English(), {}
  for split in ('train', 'validation', 'test'):
    seen[split] = set()
    for scene in dialogues.scenes(split, 400):
      assert english.answer(scene) == replied(english.question(scene))
      seen[split].add(scene.today)
  assert not seen['test'] & (seen['train'] | seen['validation'])
  assert not seen['train'] & seen['validation']
  assert sum(len(dialogues.days(split)) for split in seen) == 365


def test_korean_answers_say_the_same():
  english, korean = dialogues.English(), dialogues.Korean()
  names = dict(zip(NAMES, korean.days.values(), strict=False))
  days = {name: korean.days[n] for n, name in enumerate(NAMES)}
  assert set(names.values()) == set(days.values())
  for scene in dialogues.scenes('test', 200):
    said, true = korean.answer(scene), english.answer(scene)
    assert ('아니요' in said) == ('No' in true)
    for name, own in days.items():
      assert (own in said) == (name in true)


def test_sentences_that_several_pairs_share_are_in_one_split(monkeypatch):
  monkeypatch.setattr(kor_eng, 'HELD', 5)
  rows = [[f'e{n // 2}', f'k{(n + 1) // 2}'] for n in range(8)]  # a chain
  rows += [[f'x{n}', f'y{n // 3}'] for n in range(30)]
  found = kor_eng.divided(rows)
  assert all(0 < len(found[split]) <= 5 for split in ('test', 'validation'))
  sides = [{text for row in own for text in row} for own in found.values()]
  for a, b in itertools.combinations(sides, 2):
    assert not a & b
  assert sorted(row for own in found.values() for row in own) == sorted(rows)


def test_multi30k_is_read_from_its_files(tmp_path, monkeypatch):
  rows = {'train': 3, 'val': 2, 'test_2016_flickr': 2}
  manual = tmp_path / 'downloads' / 'manual' / 'multi30k'
  manual.mkdir(parents=True)
  found = {}
  for name, count in rows.items():
    for code in ('de', 'en'):
      file = f'{name}.{code}.gz'
      text = ''.join(f'{name} {code} {n} \n' for n in range(count))
      content = gzip.compress(text.encode())
      (manual / file).write_bytes(content)
      own = originals.hashlib.sha256(content).hexdigest()
      found[file] = originals.Original('', len(content), own, file)
  monkeypatch.setattr(multi30k.Builder, 'ORIGINALS', found)
  counts = {'train': 3, 'validation': 2, 'test': 2}
  monkeypatch.setattr(multi30k.Builder, 'COUNTS', counts)
  declaration = sources.prepare(sources.declare('multi30k', str(tmp_path)))
  assert declaration.counts == counts
  assert (declaration.given, declaration.target) == ('de', 'en')
  first = next(sources.examples(declaration, 'test'))
  assert first == {'de': b'test_2016_flickr de 0', 'en': b'test_2016_flickr en 0'}


@pytest.mark.parametrize('name', ['dates', 'dialogues'])
def test_a_set_declares_its_pair_before_it_is_prepared(name, tmp_path):
  found = sources.declare(name, str(tmp_path))
  assert not found.prepared
  wanted = {'dates': ('ko', 'en'), 'dialogues': ('question', 'answer')}
  assert (found.given, found.target) == wanted[name]


def test_a_vocabulary_is_trained_on_a_set_that_is_not_prepared_yet(
  tmp_path, monkeypatch
):
  """Both take the lock of the set."""
  counts = {'train': 40, 'validation': 8, 'test': 8}
  monkeypatch.setattr(dialogues.Builder, 'COUNTS', counts)
  c = config.Config(dataset='dialogues', data_dir=str(tmp_path), batch_size=8)
  wanted = pairs.Wanted((32, 20), vocabulary='words', pieces=(200,))
  with concurrent.futures.ThreadPoolExecutor() as pool:
    data = pairs.load(c, wanted)
    found = pool.submit(data.feed, jax.random.key(0), 0).result(timeout=300)
  assert len(found[1]) == 40
