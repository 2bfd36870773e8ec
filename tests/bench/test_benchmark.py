"""The benchmark: its rows, its rounds, its refusals."""

import contextlib
import json
import os
import subprocess
import sys
import types

import numpy as np
import pytest

from dl_core import launch
from dl_core.bench import benchmark, rounds, settings, timings
from experiments import benchmark as command
from experiments import char_lm, perceptron, pixelcnn

FIELDS = (
  'experiment', 'batch_size', 'precision', 'compile_seconds', 'step_ms',
  'examples_per_second', 'flops_per_step', 'peak_bytes', 'peer_ms', 'ratio',
  'ratio_low', 'ratio_high',
)  # fmt: skip


def called(*words):
  return launch.command(settings.Settings, command.__doc__, ['', *words], command.main)


def test_rows_have_what_was_measured(tmp_path, capsys):
  path = tmp_path / 'rows.json'
  words = ('--experiments=perceptron', '--rounds=2', f'--json={path}')
  assert called(*words) == 0
  (row,) = json.loads(path.read_text())
  assert set(FIELDS) <= set(row)
  assert (row['experiment'], row['batch_size'], row['rounds']) == ('perceptron', 1, 2)
  assert row['step_ms_low'] <= row['step_ms'] <= row['step_ms_high']
  assert row['examples_per_second'] == pytest.approx(1e3 / row['step_ms'], rel=1e-4)
  assert row['flops_per_step'] == 2 * 2 * 2  # two weights, forward and backward
  assert (row['peer'], row['ratio'], row['mfu']) == (None, None, None)
  assert 'perceptron' in capsys.readouterr().out
  assert called(*words, f'--against={path}') == 0
  assert 'times as fast as before' in capsys.readouterr().out


def test_cells_are_timed_where_an_experiment_has_them():
  s = settings.Settings(cells=('lstm', 'gru'), batch_sizes=(8, 16))
  found = list(settings.variants(char_lm.BENCH, s))
  assert len(found) == 4
  assert {(each['cell'], each['batch_size']) for each in found} == {
    (cell, size) for cell in s.cells for size in s.batch_sizes
  }
  assert list(settings.variants(perceptron.BENCH, s)) == [
    {'batch_size': 8},
    {'batch_size': 16},
  ]
  assert list(settings.variants(char_lm.BENCH, settings.Settings())) == [
    {'batch_size': char_lm.BENCH.batch_size}
  ]


def test_networks_are_timed_where_an_experiment_has_them():
  s = settings.Settings(nets=('gated', 'row_lstm'))
  assert list(settings.variants(pixelcnn.BENCH, s)) == [
    {'batch_size': 64, 'net': 'gated'},
    {'batch_size': 64, 'net': 'row_lstm'},
  ]
  assert list(settings.variants(perceptron.BENCH, s)) == [{'batch_size': 1}]


def test_a_row_names_the_network_that_was_timed(monkeypatch, tmp_path):
  monkeypatch.setattr(pixelcnn, 'BENCH', pixelcnn.TINY)
  path = tmp_path / 'rows.json'
  words = ('--experiments=pixelcnn', '--nets=pixelcnn', '--rounds=1')
  assert called(*words, f'--json={path}') == 0
  (row,) = json.loads(path.read_text())
  assert row['experiment'] == 'pixelcnn --net=pixelcnn'


@pytest.mark.parametrize(
  ('words', 'sentence'),
  [
    (
      ('--experiments=pixelcnn,gan', '--nets=gated'),
      'has --net=mlp|dcgan and no gated',
    ),
    (('--experiments=lenett',), "'lenett' is unknown"),
    (('--experiments=recurrence',), "'recurrence' is unknown"),
    (('--batch_sizes=8,x',), 'whole numbers of at least 1'),
    (('--batch_sizes=00',), 'whole numbers of at least 1'),
    (('--batch_sizes=²',), 'whole numbers of at least 1'),
    (('--steps_per_call=3000000000',), 'an integer of at least 0 and below'),
    (('--against=nothing.json',), 'that is no file of rows'),
    (('--json=/nowhere/rows.json',), 'cannot be written (No such file'),
    (('--peer=jax',), 'one of none, torch is wanted'),
    (('lenet',), 'every flag begins with --'),
  ],
)
def test_what_cannot_be_measured_is_a_sentence(words, sentence, capsys):
  assert called(*words) == 2
  told = capsys.readouterr().err
  assert sentence in told
  assert told.count('\n') == 1


def test_sources_are_read_as_utf_8_whatever_the_locale_is():
  done = subprocess.run(
    [sys.executable, '-m', 'experiments.benchmark', '--experiments=nothing'],
    env=os.environ | {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'},
    capture_output=True,
    encoding='utf-8',
    check=False,
  )
  assert (done.returncode, done.stderr.count('\n')) == (2, 1)
  assert 'nothing' in done.stderr


def test_all_are_those_that_have_a_bench():
  assert {'lenet', 'gan', 'char_lm', 'perceptron'} <= set(command.listed(('all',)))
  assert 'recurrence' not in command.listed(('all',))


def test_contestants_take_turns_and_who_begins_changes():
  order = []

  def contestant(name, ms):
    def run(steps):
      order.append((name, steps))
      return steps * ms / 1e3

    return run

  runs = {'ours': contestant('ours', 2.0), 'theirs': contestant('theirs', 5.0)}
  times = rounds.interleaved(runs, {'ours': 10, 'theirs': 5}, 3)
  np.testing.assert_allclose(times['ours'], [2, 2, 2])
  np.testing.assert_allclose(times['theirs'], [5, 5, 5])
  timed = [each for each in order if each[1] > 2]
  assert timed == [
    *(('ours', 10), ('theirs', 5)),
    *(('theirs', 5), ('ours', 10)),
    *(('ours', 10), ('theirs', 5)),
  ]


def test_a_row_has_the_times_of_every_variant_that_the_peer_offers(monkeypatch):
  seen = []

  @contextlib.contextmanager
  def started(name, config, spec, batch, **how):
    seen.append((name, batch.x.shape))
    run = lambda variant, steps: steps * {'eager': 0.3, 'compile': 0.2}[variant]
    variants = {'eager': 1.0, 'compile': 5.0}
    yield types.SimpleNamespace(version='2', variants=variants, failures={}, run=run)

  monkeypatch.setattr(rounds.process, 'started', started)
  e = perceptron.build(perceptron.BENCH)
  row = benchmark.measured('perceptron', e, True, 2, print)
  assert seen == [('perceptron', (1, 2))]
  assert row['peers']['eager'] == {'ms': pytest.approx(300), 'compile_seconds': 1.0}
  assert (row['peer'], row['peer_version']) == ('compile', '2')


def test_the_peer_is_the_better_variant_and_the_ratio_is_of_rounds():
  e = perceptron.build(perceptron.BENCH)
  found = benchmark.Ours(lambda steps: 0.0, 1, 0.1, 1_000, 8)
  times = {
    'ours': np.array([1.0, 2.0, 4.0]),
    'eager': np.array([2.0, 2.0, 12.0]),
    'compile': np.array([9.0, 9.0, 9.0]),
  }
  row = benchmark.row('perceptron', e, found, times, {'eager': 0.2, 'compile': 7.0})
  assert (row['peer'], row['peer_ms'], row['step_ms']) == ('eager', 2.0, 2.0)
  assert row['ratio'] == 2.0  # of 2, 1 and 3
  assert 1 < row['ratio_low'] < 2 < row['ratio_high'] < 3
  assert row['peers']['compile'] == {'ms': 9.0, 'compile_seconds': 7.0}
  assert '2 [1.1, 2.9]' in timings.table([row])


def test_a_round_takes_whole_dispatches():
  run = lambda steps: steps * 0.01
  assert rounds.steps_of(run) == round(rounds.SECONDS / 0.01)
  assert rounds.steps_of(run, 8) % 8 == 0
  assert rounds.steps_of(lambda steps: 9.0 * steps, 8) == 8


def test_rows_are_held_against_those_of_the_same_kind():
  row = {
    'experiment': 'lenet', 'batch_size': 8, 'precision': 'float32', 'mesh': {},
    'platform': 'cpu', 'devices': ['cpu:0'], 'machine': 'here', 'step_ms': 2.0,
    'ratio': 1.5,
  }  # fmt: skip
  before = row | {'step_ms': 3.0, 'ratio': 1.0}
  assert timings.comparable(row)
  compare = lambda old: timings.against([row | timings.earlier(row, [old])])
  said = 'lenet, batch of 8: 1.50 times as fast as before, ratio 1.00 -> 1.50'
  assert compare(before) == said
  assert compare(before | {'machine': 'there'}) == said + ' (another machine)'
  for other in ({'batch_size': 9}, {'platform': 'gpu'}):
    assert 'nothing' in compare(before | other)


@pytest.mark.parametrize('text', ['{"step_ms": 1}', '[{"step_ms": 1}]', 'rows', ''])
def test_a_file_of_something_else_is_refused(text, tmp_path, capsys):
  path = tmp_path / 'rows.json'
  path.write_text(text)
  assert called('--experiments=perceptron', f'--against={path}') == 2
  assert 'is no file of rows' in capsys.readouterr().err


def test_figures_are_written_with_the_digits_that_they_have():
  assert timings.rounded({'a': 1.23456789, 'b': float('nan')}) == {
    'a': 1.23457,
    'b': None,
  }
