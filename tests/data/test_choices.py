"""Multiple-choice examples: of a user's file, and made from documents."""

import re

import pytest

from dl_core.data import choices, summaries
from dl_core.types import UserError

GOOD = [f'{n} and 1 is\t{n + 1}\t{n}\t0' for n in range(1, 9)]
TEXT = '\n\n\n'.join(
  f'Do the thing {n}.\n\nThis is sentence number {n}. And\nmore.' for n in range(9)
)


def own(tmp_path, lines, shots=2):
  path = tmp_path / 'mine.tsv'
  path.write_text('\n'.join(lines), 'utf-8')
  return choices.own(str(path), shots)


def test_a_file_gives_shots_from_its_first_quarter_and_questions_from_the_rest(
  tmp_path,
):
  train, test = own(tmp_path, ['', *GOOD, '']).read()
  assert [each.context for each in train] == ['1 and 1 is', '2 and 1 is']
  assert [each.answers for each in test][:1] == [('4', '3', '0')]
  assert test[0].place.startswith('line 4 of ')
  assert len(test) == 6


def test_the_name_changes_with_the_content(tmp_path):
  assert own(tmp_path, GOOD).name != own(tmp_path, GOOD[::-1]).name


def test_a_newline_is_spelt(tmp_path):
  (first, *_), _ = own(tmp_path, [r'Q: a\nA:' + '\tb\tc'] * 8).read()
  assert first.context == 'Q: a\nA:'


@pytest.mark.parametrize(
  ('line', 'words'),
  [
    ('no tab', 'line 9 of .* has 1 cells; wanted are a context'),
    ('one\tanswer', 'line 9 of .* has 2 cells'),
    ('an\tempty\t ', 'line 9 of .* has an empty answer'),
    ('the\tsame\tsame', 'line 9 of .* has the same answer twice'),
  ],
)
def test_a_bad_line_is_refused_by_its_number(tmp_path, line, words):
  with pytest.raises(UserError, match=words):
    own(tmp_path, [*GOOD, line])


def test_too_few_examples_and_no_file_are_refused(tmp_path):
  with pytest.raises(UserError, match=r'8 examples, .* --shots=3 wants 12 or more'):
    own(tmp_path, GOOD, shots=3)
  with pytest.raises(UserError, match='--documents=0 was given without --examples'):
    choices.embedded(TEXT, 0, 1)
  with pytest.raises(UserError, match=r'cannot be read .No such file'):
    choices.own(str(tmp_path / 'nothing'), 1)


def test_documents_with_a_summary_are_found_and_others_passed_over():
  text = f'No full stop\n\nbody of thirty characters or more\n\n\n{TEXT}\n\n\nA one. B.'
  found = summaries.found(text)
  assert len(found) == 9
  assert found[1] == ('Do the thing 1.', 'This is sentence number 1. And\nmore.')


@pytest.mark.parametrize(
  ('text', 'first'),
  [
    ('  One two.\nThree.', 'One two.'),
    ('\nOne\ntwo', 'One two'),
    ('One\n\ntwo.', 'One'),
    ('', ''),
  ],
)
def test_the_first_sentence_ends_with_its_mark_or_its_paragraph(text, first):
  assert summaries.first_sentence(text) == first


def test_the_right_ending_is_the_next_sentence_and_the_wrong_ones_are_of_others():
  for n, each in enumerate(choices.endings(summaries.found(TEXT), 'here')):
    assert each.context == f'Do the thing {n}.'
    assert each.answers[0] == f'This is sentence number {n}.'
    assert len({*each.answers}) == 4
    assert all(re.fullmatch(r'This is sentence number \d\.', a) for a in each.answers)


def test_more_shots_of_a_seed_begin_with_the_same_ones():
  examples = choices.endings(summaries.found(TEXT), 'here')
  assert choices.shots(examples, 0, 1) == ''
  one, four = (choices.shots(examples, count, 1) for count in (1, 4))
  assert four.startswith(one)
  assert re.fullmatch(r'Do the thing (\d)\. This is sentence number \1\.\n\n', one)
  assert four.count('\n\n') == 4
  assert len({choices.shots(examples, 4, seed) for seed in range(4)}) > 1
