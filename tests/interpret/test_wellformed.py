"""Written texts are judged by what is in them, their cut ends aside."""

import pytest

from dl_core.interpret import wellformed


def judge(judges, parts):
  (found,) = (each.judge for each in judges if each.parts == parts)
  return found


def test_words_of_the_training_text_are_counted_and_the_cut_ones_are_not():
  words = wellformed.words('the cell forgets what the gate closes on')
  texts = ['orgets what cell nothing gate clo', 'xx forgets']
  assert words.judge(texts) == (3, 4)
  assert str(words.judge(texts)) == '75.0% of 4'
  assert str(words.judge([])) == '0.0% of 0'


@pytest.mark.parametrize(
  ('text', 'right'),
  [
    ('$x^{2}$ and `f`', True),
    ('{a} }b{', False),
    ('{a', False),
    ('costs $5', False),
    ('``code`', False),
  ],
)
def test_marks_of_a_passage_come_in_pairs(text, right):
  assert wellformed.balanced(text) == right


def test_only_whole_passages_with_marks_are_judged():
  formulas = judge(wellformed.FORMULAS, 'passages with marks in pairs')
  assert formulas(['cut {\n\nhas {a}\n\nhas none\n\nhas `b\n\ncut }']) == (1, 2)
  assert formulas(['one passage with {']) == (0, 1)
  assert formulas(['nothing of the kind']) == (0, 0)


@pytest.mark.parametrize(
  ('line', 'right'),
  [
    ('x = f(1)', True),
    ('for x in y:', True),
    ('elif x:', True),
    ('except ValueError:', True),
    ('@functools.cache', True),
    ('return x', True),
    ('x = f(1', False),
    ('this is a line of prose', False),
    ('x = 1\0', False),
    (r"s = '\d'", True),
    ('(' * 1_000, False),
  ],
)
def test_a_line_is_code_if_it_is_part_of_a_program(line, right):
  assert wellformed.parses(line) == right


SOURCE = """cut
class A:
  def f(self):
    return 1

  def g(self)
    return 2
x = f(
# not judged
def cut(x):
  return
"""


def test_lines_and_definitions_of_code_are_judged_where_they_end():
  lines = judge(wellformed.CODE, 'lines that parse')
  definitions = judge(wellformed.CODE, 'definitions that compile')
  assert lines([SOURCE]) == (5, 7)  # neither `def g(self)` nor `x = f(`
  assert definitions([SOURCE]) == (1, 3)  # f, but neither g nor A, which holds g


def test_code_is_never_run():
  definitions = judge(wellformed.CODE, 'definitions that compile')
  text = 'x\nclass A:\n  raise SystemExit\n\ny = 1\nz\n'
  assert definitions([text]) == (1, 1)
