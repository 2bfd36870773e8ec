"""`python -m experiments`: every experiment, or those that have a word."""

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import experiments
from experiments import __main__ as listed

ROOT = Path(__file__).parents[2]


def names(text):
  """Returns the names of a listing, and those that have a star."""
  lines = [line for line in text.splitlines() if line.startswith(' ')]
  words = [line.split()[0] for line in lines]
  return [word.lstrip('*') for word in words], {w[1:] for w in words if w[0] == '*'}


def test_without_a_word_every_experiment_is_listed_and_studies_have_a_star():
  found, starred = names(listed.listing())
  known = {m.name for m in pkgutil.iter_modules(experiments.__path__)}
  assert sorted(found) == sorted(known - {'__main__'})
  assert {'mathematics', 'optimizers', 'recurrence'} <= starred
  assert not {'lenet', 'gan', 'benchmark'} & starred


@pytest.mark.parametrize(
  ('word', 'wanted'),
  [
    ('LENET', {'lenet', 'lenet_noise', 'convolution', 'googlenet'}),
    ('lecture 1', {'data_scaling'}),
    ('Krizhevsky', {'alexnet'}),
    ('(', None),
    ('xyzzy', set()),
  ],
)
def test_a_word_keeps_those_whose_name_lecture_or_first_line_has_it(word, wanted):
  found, _ = names(listed.listing(word))
  assert wanted is None or set(found) == wanted
  assert (found == []) == (word == 'xyzzy')


def test_a_word_that_none_has_is_refused_in_a_sentence(capsys):
  assert listed.main(['xyzzy']) == 2
  said = capsys.readouterr()
  assert said.out == ''
  assert said.err.startswith('error: xyzzy was given, but no name')


@pytest.mark.parametrize(
  ('word', 'wanted'),
  [
    ('tiny_shakespeare', 'gpt'),
    ('https://arxiv.org/abs/1502.03044', 'captioning'),
    ('next-sentence', 'bert'),
    ('합성곱', 'lenet'),
    ('선택적 탐색', 'rcnn'),
  ],
)
def test_data_papers_tasks_and_korean_words_are_found_in_the_texts(word, wanted):
  found, _ = names(listed.listing(word))
  more, _ = names(listed.wider(word))
  assert wanted in more
  assert not {*found} & {*more}


@pytest.mark.parametrize(
  'words', [['experiments'], ['experiments.perceptron', '--help']]
)
def test_a_reader_who_has_read_enough_is_no_error(words):
  reading, writing = os.pipe()
  os.close(reading)
  done = subprocess.run(
    [sys.executable, '-m', *words], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE,
    timeout=60,
  )  # fmt: skip
  os.close(writing)
  assert (done.returncode, done.stderr) == (0, b'')
