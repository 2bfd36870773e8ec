"""A sentence on the command line is answered in words, also without the data."""

import re

import pytest

from dl_core import launch
from dl_core.launch import seeds
from dl_core.runtime import flops
from experiments import sentiment

WORDS = ['--steps=60', '--batch_size=8', '--hidden=8', '--embedding=8', '--dropout=0']


@pytest.fixture
def table(tmp_path):
  path = tmp_path / 'own.tsv'
  lines = []
  for number in range(120):
    lines.append(f'{"so " * (number % 5)}good{" film" * (number % 3)}\tpraise')
    lines.append(f'{"so " * (number % 4)}bad{" film" * (number % 3)}\tblame')
  path.write_text('\n'.join(lines))
  return path


@pytest.mark.parametrize('more', [(), ('--vocabulary=words', '--pool=attention')])
def test_a_sentence_is_answered_without_the_data_it_was_trained_on(
  table, tmp_path, capsys, more
):
  run = ['x', '--dataset=folder', *WORDS, *more, f'--workdir={tmp_path / "run"}']
  train = [*run, f'--data_dir={table}', '--learning_rate=0.03']
  assert launch.run(sentiment, 'sentiment', train) == 0
  out = capsys.readouterr().out
  assert 'best constant answer' in out
  assert 'naive_bayes 100.00%' in out
  table.unlink()
  asked = ['x', f'--workdir={tmp_path / "run"}', '--predict=so good film', 'bad']
  assert launch.run(sentiment, 'sentiment', asked) == 0
  good, bad = capsys.readouterr().out.splitlines()[-2:]
  assert re.fullmatch(r'so good film: praise \d+\.\d%, blame \d+\.\d%', good)
  assert re.fullmatch(r'bad: blame \d+\.\d%, praise \d+\.\d%', bad)


def test_seeds_of_sentences_are_trained_in_turn(digits_dir):
  c = sentiment.dataclasses.replace(sentiment.TINY, data_dir=digits_dir)
  e = sentiment.build(c)
  assert not seeds.together(e)
  one = sentiment.build(sentiment.dataclasses.replace(c, longest=8))
  assert seeds.together(one)  # of one width there is nothing to choose
  assert flops.count(e.task.metrics, *shapes(e)).products > 2.5 * (
    flops.count(one.task.metrics, *shapes(one)).products
  )


def shapes(e):
  import jax

  from dl_core import train

  state = jax.eval_shape(lambda: train.init_state(e, jax.random.key(0)))
  return state.variables, e.data.spec.batch, jax.random.key(0)
