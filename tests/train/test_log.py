import gc
import json
import math
import resource
import threading

import numpy as np
import pytest

from dl_core.train import log
from dl_core.types import UserError


def fill(folder, steps):
  with log.Log(folder) as history:
    history.begin(1_000)
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
    history.begin(1_000)
    figures = {'loss': math.nan, 'nats': math.inf, 'baseline': {'accuracy': -math.inf}}
    line = history.write(0, 'test', figures)
  assert line['loss'] is line['nats'] is line['baseline']['accuracy'] is None
  text = (tmp_path / 'metrics.jsonl').read_text()
  assert json.loads(text, parse_constant=pytest.fail) == line


@pytest.mark.parametrize(
  'torn',
  [
    '{"step": 9, "sp',
    '{"step": 9, "split": "train"}X\n',
    '\0\0\0',
    '5\n',
    '{}\n',
    '[1]\n',
  ],
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
    history.resume(10, 6)
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


def test_a_history_that_lacks_lines_is_refused_and_kept(tmp_path):
  fill(tmp_path, (0, 5))
  path = tmp_path / 'metrics.jsonl'
  whole = path.read_text().splitlines(keepends=True)
  for damaged in ('', ''.join(whole[:2]), ''.join([*whole[:1], '5\n', *whole[2:]])):
    path.write_text(damaged)
    with log.Log(tmp_path) as history, pytest.raises(UserError, match='counts on 4'):
      history.resume(5, 4)
    assert path.read_text() == damaged


def test_a_history_whose_checkpoints_are_lost_is_refused_and_kept(tmp_path):
  lines = fill(tmp_path, (0, 5))
  with log.Log(tmp_path) as history, pytest.raises(UserError, match='no checkpoint'):
    history.begin(5)
  assert log.read(tmp_path / 'metrics.jsonl') == lines
  with log.Log(tmp_path) as history:
    history.begin(6)  # the kill may have come before the first checkpoint
    assert history.lines == []


def write_a_thousand_lines(folder):
  with log.Log(folder) as history:
    history.begin(1_000_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
      for step in range(1_000):
        history.write(step, 'train', {'loss': 1.0})
    finally:
      resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_told_once_and_nobody_waits_for_it(tmp_path):
  threads = threading.active_count()
  with pytest.raises(OSError, match='File too large'):
    write_a_thousand_lines(tmp_path)
  gc.collect()  # what is still open would say so
  assert threading.active_count() == threads
  lines = log.read(tmp_path / 'metrics.jsonl')
  assert [line['step'] for line in lines] == list(range(len(lines)))
  assert 20 < len(lines) < 1_000


@pytest.mark.parametrize('content', [b'', b'half of a file', 'truncated'])
def test_damaged_observed_arrays_are_named(tmp_path, content):
  fill(tmp_path, (0, 5))
  file = tmp_path / 'observed' / '5.npz'
  file.write_bytes(file.read_bytes()[:-30] if content == 'truncated' else content)
  with pytest.raises(UserError, match=r'observed/5\.npz is damaged \(.*; restore'):
    log.observed(tmp_path)
  fill(tmp_path, (0, 3))  # a new history drops it unread


def test_lines_are_found_by_split_and_by_step():
  history = log.Log(None)
  for step in (0, 5):
    for split in ('train', 'validation'):
      history.write(step, split, {'loss': 1.0})
  assert [line['step'] for line in history.of('train')] == [0, 5]
  assert [line['split'] for line in history.at(5)] == ['train', 'validation']
  assert history.at(4) == []


def test_tensorboard_gets_every_figure(tmp_path):
  fill(tmp_path, (0, 5))
  (file,) = (tmp_path / 'tensorboard').iterdir()
  content = file.read_bytes()
  for name in (b'train/loss', b'validation/loss', b'train/seconds'):
    assert content.count(name) == 2
