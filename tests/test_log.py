import io
import json
import math
import sys

import numpy as np
import pytest

from dl_core import log


def fill(folder, steps):
  with log.Log(folder) as history:
    history.resume(None)
    for step in steps:
      history.write(step, 'train', {'loss': 1 / 3, 'seconds': float(step)})
      history.write(step, 'validation', {'loss': float(step)})
      history.observe(step, {'w': np.full(2, step)})
    return list(history.lines)


def test_what_is_read_is_what_was_written(tmp_path):
  assert log.read(tmp_path / 'metrics.jsonl') == []
  lines = fill(tmp_path, (0, 5))
  assert log.read(tmp_path / 'metrics.jsonl') == lines
  assert lines[0]['loss'] == 0.33333333  # eight digits, in memory as on disk


def test_what_is_not_finite_is_null_and_still_json(tmp_path):
  with log.Log(tmp_path) as history:
    history.resume(None)
    figures = {'loss': math.nan, 'nats': math.inf, 'baseline': {'accuracy': -math.inf}}
    line = history.write(0, 'test', figures)
  assert line['loss'] is line['nats'] is line['baseline']['accuracy'] is None
  text = (tmp_path / 'metrics.jsonl').read_text()
  assert json.loads(text, parse_constant=pytest.fail) == line


@pytest.mark.parametrize(
  'torn', ['{"step": 9, "sp', '{"step": 9, "split": "train"}X\n', '\0\0\0', 'é'[:1]]
)
def test_reading_ends_before_the_first_torn_line(tmp_path, torn):
  lines = fill(tmp_path, (0, 5))
  with (tmp_path / 'metrics.jsonl').open('a') as file:
    file.write(torn)
  assert log.read(tmp_path / 'metrics.jsonl') == lines


def test_a_resumed_history_is_cut_to_its_checkpoint(tmp_path):
  lines = fill(tmp_path, (0, 10, 5, 20))
  with (tmp_path / 'metrics.jsonl').open('a') as file:
    file.write('{"step": 9, "sp')
  with log.Log(tmp_path) as history:
    history.resume(10)
    assert history.lines == lines[:6]
    assert history.seconds() == 10.0
    assert list(history.observed) == [0, 5, 10]  # by number, not by name
    np.testing.assert_array_equal(history.observed[5]['w'], [5, 5])
    assert not (tmp_path / 'observed' / '20.npz').exists()
    history.write(11, 'train', {'loss': 1.0})
  assert log.read(tmp_path / 'metrics.jsonl') == history.lines
  assert len(history.lines) == 7


def test_a_new_history_drops_the_old_one(tmp_path):
  fill(tmp_path, (0, 5))
  fill(tmp_path, (3,))
  assert {line['step'] for line in log.read(tmp_path / 'metrics.jsonl')} == {3}
  assert [path.name for path in (tmp_path / 'observed').iterdir()] == ['3.npz']
  assert len(list((tmp_path / 'tensorboard').iterdir())) == 1


def test_lines_are_found_by_split_and_by_step():
  history = log.Log(None)
  for step in (0, 5):
    for split in ('train', 'validation'):
      history.write(step, split, {'loss': 1.0})
  assert [line['step'] for line in history.of('train')] == [0, 5]
  assert [line['split'] for line in history.at(5)] == ['train', 'validation']
  assert history.has('validation', 5)
  assert not history.has('test', 5)
  assert not history.has('validation', 4)


def test_tensorboard_gets_every_figure(tmp_path):
  fill(tmp_path, (0, 5))
  (file,) = (tmp_path / 'tensorboard').iterdir()
  content = file.read_bytes()
  for name in (b'train/loss', b'validation/loss', b'train/seconds'):
    assert content.count(name) == 2


def test_a_line_for_a_person_leaves_out_the_bookkeeping():
  line = {'step': 1, 'split': 'test', 'loss': 0.123456, 'examples_per_second': 1234.5}
  line |= {'seconds': 9.0, 'baseline': {'accuracy': 0.1}, 'stopped': 'at last'}
  assert log.figures(line) == 'loss 0.1235  examples per second 1234'


class Terminal(io.StringIO):
  def isatty(self):
    return True


def test_a_pipe_gets_plain_lines_and_a_terminal_one_live_line(monkeypatch):
  sums = {'loss': (np.float32(1.0), np.float32(2.0))}
  for out, live in ((io.StringIO(), False), (Terminal(), True)):
    monkeypatch.setattr(sys, 'stdout', out)
    progress = log.Progress(10)
    progress.tick(5, sums)
    assert ('5/10  loss 0.5000' in out.getvalue()) is live
    assert ('\r' in out.getvalue()) is False
    progress.report([{'step': 5, 'split': 'train', 'loss': 0.5}])
    assert out.getvalue().endswith('step  5/10  train: loss 0.5\n')
    assert ('\r' in out.getvalue()) is live  # the live line was wiped first


def test_a_quiet_progress_says_nothing(capsys):
  progress = log.Progress(10, quiet=True)
  progress.say('something')
  progress.report([{'step': 5, 'split': 'train', 'loss': 0.5}])
  assert capsys.readouterr().out == ''


def test_the_clock_counts_what_came_before_and_no_pause(monkeypatch):
  now = [100.0]
  monkeypatch.setattr(log.time, 'monotonic', lambda: now[0])
  clock = log.Clock(batch_size=4)
  clock.start(50.0)
  said = []
  now[0] = 103.0
  clock.run(1, {}, said.append)  # the first call may have compiled
  assert said == ['first step after 3.0 s, with compiling']
  assert clock.rate(1) == {}
  now[0] = 105.0
  clock.run(11, {}, said.append)
  assert clock.rate(11) == {'examples_per_second': 20.0}
  clock.pause()
  assert clock.rate(11) == {}
  now[0] = 115.0
  clock.run(12, {}, said.append)
  now[0] = 116.0
  assert clock.rate(14) == {'examples_per_second': 8.0}
  assert clock.seconds() == {'seconds': 66.0}
  assert len(said) == 1
  assert not clock.late(0)
  assert clock.late(15.9)
  assert not clock.late(16.0)
