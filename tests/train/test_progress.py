import io
import os
import sys

import numpy as np
import pytest

from dl_core import config, metrics
from dl_core.train import progress
from dl_core.train.log import Log
from dl_core.train.recorder import Recorder
from dl_core.types import Data, Experiment, Spec


def test_a_line_for_a_person_leaves_out_the_bookkeeping():
  line = {'step': 1, 'split': 'test', 'loss': 0.123456, 'examples_per_second': 1234.4}
  line |= {'seconds': 9.0, 'baseline': {'accuracy': 0.1}, 'stopped': 'at last'}
  assert progress.figures(line) == 'loss 0.1235  1,234 examples/s'


def test_the_speed_of_a_text_is_in_its_symbols():
  line = {'step': 1, 'examples_per_second': 8.0, 'tokens_per_second': 512.0}
  assert progress.figures(line) == '512 tokens/s'
  clock = progress.Clock(batch_size=4, tokens=64)
  clock.run(1, {}, lambda _: None)
  rates = clock.rate(11)
  assert rates['tokens_per_second'] == pytest.approx(
    64 * rates['examples_per_second'], rel=1e-3
  )


def test_padding_is_not_counted_as_tokens():
  data = Data(Spec(None, 'toys/1', tokens=8), None, None, {})
  experiment = Experiment(config.Config(batch_size=4), None, (), data)
  log = Log(None, writes=False)
  found = Recorder(experiment, log, None)
  assert found.labelled({'loss': (0.0, 80.0)}, 10) == 80 / (10 * 4 * 8)
  log.write(10, 'train', {})
  assert found.labelled({'loss': (0.0, 16.0)}, 11) == 0.5
  assert found.labelled({}, 11) == 1.0  # several players
  counted = {'loss': (0.0, 4.0), metrics.READ: (12.0, 4.0)}  # a label a sequence
  assert found.labelled(counted, 11) == 3 / 8
  clock = progress.Clock(batch_size=4, tokens=64)
  clock.run(1, {}, lambda _: None)
  rates = clock.rate(11, 0.25)
  assert rates['tokens_per_second'] == pytest.approx(
    16 * rates['examples_per_second'], rel=1e-3
  )


class Terminal(io.StringIO):
  def isatty(self):
    return True


def test_a_pipe_gets_plain_lines_and_a_terminal_one_live_line(monkeypatch):
  sums = {'loss': (np.float32(1.0), np.float32(2.0))}
  for out, live in ((io.StringIO(), False), (Terminal(), True)):
    monkeypatch.setattr(sys, 'stdout', out)
    shown = progress.Progress()
    shown.begin(10)
    shown.tick(5, sums)
    assert ('5/10  loss 0.5000' in out.getvalue()) is live
    assert ('\r' in out.getvalue()) is False
    shown.report([{'step': 5, 'split': 'train', 'loss': 0.5}])
    assert out.getvalue().endswith('step  5/10  train: loss 0.5\n')
    assert ('\r' in out.getvalue()) is live  # the live line was wiped first


def test_a_quiet_progress_says_nothing(capsys):
  shown = progress.Progress(quiet=True)
  shown.say('something')
  shown.report([{'step': 5, 'split': 'train', 'loss': 0.5}])
  assert capsys.readouterr().out == ''


def test_the_clock_counts_what_came_before_and_no_pause(monkeypatch):
  now = [100.0]
  monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
  clock = progress.Clock(batch_size=4)
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


def test_a_reader_who_leaves_or_was_never_there_does_not_end_the_run(monkeypatch):
  class Gone(io.StringIO):
    def write(self, text):
      raise BrokenPipeError

    def fileno(self):
      return copy

  copy = os.dup(2)
  monkeypatch.setattr(sys, 'stdout', Gone())
  shown = progress.Progress()
  shown.say('something')
  shown.report([{'step': 5, 'split': 'train', 'loss': 0.5}])
  os.close(copy)
  monkeypatch.setattr(sys, 'stdout', None)
  progress.Progress().say('something')


def test_a_late_run_makes_a_step_at_least(monkeypatch):
  now = [0.0]
  monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
  clock = progress.Clock(batch_size=4)
  now[0] = 100.0
  assert not clock.late(1.0)
  clock.run(1, {}, lambda text: None)
  assert clock.late(1.0)
  assert not clock.late(0.0)
