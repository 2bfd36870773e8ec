"""Language files: the same sentences, and those that the lessons really say."""

import ast
import json
import re
from pathlib import Path

import pytest

from dl_core.course import texts, words
from dl_core.types import UserError

ROOT = Path(__file__).parents[2]
FILES = ROOT / 'experiments' / 'lectures'
EN, KO = (texts.read(FILES / f'{name}.toml') for name in ('en', 'ko'))
LESSONS = sorted(
  [*ROOT.glob('dl_core/lessons/*/*.py'), *ROOT.glob('dl_core/interpret/*.py')]
)


def test_both_languages_have_the_same_sentences_with_the_same_names():
  assert texts.differences(EN, KO) == []


def test_a_sentence_that_one_language_lacks_is_named():
  one = texts.Texts('en', {'a': 'x {n}', 'b': 'y'})
  other = texts.Texts('ko', {'a': 'x {m}'})
  assert texts.differences(one, other) == [
    "a has ['n'] in en and ['m'] otherwise",
    'ko lacks b',
  ]


def test_no_sentence_is_empty():
  assert [key for each in (EN, KO) for key, text in each.flat.items() if not text] == []


def test_the_claims_of_the_lessons_are_those_of_the_language_files():
  made = {
    f'{path.parent.name}/{path.stem}': sorted(texts.declared(path)) for path in LESSONS
  }
  known = {}
  for key, text in EN.under('claims').items():
    known.setdefault(key.rpartition('.')[0], []).append(texts.HOLE.sub('{}', text))
  known.pop('other')  # sentences that lessons put together
  assert {lesson: sorted(each) for lesson, each in known.items()} == {
    lesson: each for lesson, each in made.items() if each
  }


def test_a_claim_without_a_counterpart_is_noticed(tmp_path):
  source = tmp_path / 'lesson.py'
  source.write_text(
    "Claim(f'With {size:,} units it learns {what}', True, '')\n"
    "claims.identity('a = b', a, b, 1e-6)\n"
    "Claim(sentence, True, '')\n"
  )
  assert texts.declared(source) == ['With {} units it learns {}', 'a = b']


def test_every_title_of_a_picture_has_a_counterpart():
  sources = [*ROOT.glob('dl_core/**/*.py'), *ROOT.glob('experiments/*.py')]
  made = {title for path in sources for title in texts.declared(path, ('Picture',))}
  known = EN.under('pictures').values()
  assert made <= {texts.HOLE.sub('{}', title) for title in known}


def recorded():
  rows = map(json.loads, (ROOT / 'claims.jsonl').read_text('utf-8').splitlines())
  return [claim for row in rows for claim in row['claims']]


def test_every_recorded_claim_has_a_sentence_in_both_languages():
  known = texts.claims(EN)
  found = {each['sentence']: known.find(each['sentence']) for each in recorded()}
  assert [sentence for sentence, claim in found.items() if claim is None] == []
  assert len(found) > 100
  phrases = words.Phrases(EN, KO)
  for sentence, claim in found.items():
    assert texts.said(EN, claim) == sentence
    korean = texts.said(KO, claim, phrases)
    assert '{' not in korean
    assert re.search('[가-힣]', korean)


def test_the_most_specific_pattern_wins():
  known = texts.claims(
    texts.Texts('en', {'claims.x.a': '{m} is low', 'claims.x.b': 'The loss is low'})
  )
  assert known.find('The loss is low').key == 'claims.x.b'
  assert known.find('The gain is low, to 1e-6').parts == {'m': 'The gain'}
  assert known.find('The gain is low, to 1e-6').tolerance == '1e-6'
  assert known.find('nothing of the kind') is None


def test_a_pattern_without_words_of_its_own_recognises_nothing():
  known = texts.claims(
    texts.Texts('en', {'claims.x.a': '{one}, {other}', 'claims.x.b': '{x1} hold{s}'})
  )
  assert known.find('The map is a sum, to 1e-5') is None
  assert known.find('They hold').parts == {'x1': 'They', 's': ''}


def test_a_tolerance_is_no_part_of_what_stands_for_a_name():
  known = texts.claims(texts.Texts('en', {'claims.x.a': 'Laws hold: {laws}'}))
  found = known.find('Laws hold: a = b, c = d, to 1e-6')
  assert (found.parts, found.tolerance) == ({'laws': 'a = b, c = d'}, '1e-6')


def test_what_stands_for_a_name_is_translated():
  found = texts.Found('claims.x', {'what': 'the class'})
  korean = texts.Texts('ko', {'claims.x': '{what}를 정한다'})
  assert texts.said(korean, found, {'the class': '클래스'}.get) == '클래스를 정한다'


def test_the_titles_in_english_are_the_first_lines_of_the_experiments():
  titles = {}
  for path in ROOT.glob('experiments/[!_]*.py'):
    doc = ast.get_docstring(ast.parse(path.read_text('utf-8'))) or ''
    titles[path.stem] = doc.partition('\n')[0].partition(' Lecture ')[0]
  assert EN.under('titles') == {
    name: title for name, title in titles.items() if name not in ('benchmark', 'course')
  }


@pytest.mark.parametrize('content', ['a = ', 'a = 3', '[a]\nb = [1]'])
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path, content):
  path = tmp_path / 'en.toml'
  path.write_text(content)
  with pytest.raises(UserError):
    texts.read(path)


def test_measured_words_are_translated_as_far_as_they_are_known():
  one = texts.Texts('en', {'phrases.a': '{x} against {y}', 'phrases.b': '{n} steps'})
  other = texts.Texts('ko', {'phrases.a': '{x} 대 {y}', 'phrases.b': '{n}단계'})
  phrases = words.Phrases(one, other)
  assert phrases('3 steps; 0.5 against 0.7') == '3단계; 0.5 대 0.7'
  assert phrases('so it is') == 'so it is'
  assert phrases('6 steps against 8 steps') == '6단계 대 8단계'
  assert phrases('one of these against 8') == 'one of these against 8'
  assert words.Phrases(one, one)('3 steps') == '3 steps'


@pytest.mark.parametrize(
  ('seconds', 'wanted'),
  [(0.2, '1초'), (89, '89초'), (600, '10분'), (3900, '1시간 5분')],
)
def test_times_are_said_in_the_language(seconds, wanted):
  assert words.duration(KO, seconds) == wanted
