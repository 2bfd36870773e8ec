"""Faults of numbers and of words: what is not finite, what leaps, what cannot be."""

import re
import signal
import sys

import numpy as np

from dl_core.train import checkpoint, log
from tests.faults.place import Seen, compared, contents
from tests.runs import resumed


def not_finite(place):
  sentences = []
  for fault in ('nan', 'inf', 'gradient'):
    runs = place.stopped(f'bad-{fault}')
    step = runs.steps()[-1]
    # From the first step on, and with no checkpoint before there are five of them.
    command = runs.command('--checkpoint_every=1000', fault=f'{fault}:0-99')
    sentence = runs.refused(command)
    wanted = rf'not finite in 5 updates in a row, from step {step} \(examples \d+, .*\)'
    assert re.search(wanted, sentence), sentence
    assert '--learning_rate=0.002' in sentence, sentence
    sentences.append(sentence)
    lost = place.lost(runs, step)
    if lost != 'nothing':
      break
  few = place.runs('bad-few')
  few.finish(few.command(fault='nan:25-26'))
  lines = log.read(few.folder / 'metrics.jsonl')
  assert [line['skipped'] for line in lines if 'skipped' in line][-1] == 2, lines
  assert all(np.isfinite(line['loss']) for line in lines)
  with checkpoint.Checkpoints(few.folder / 'checkpoints', read_only=True) as store:
    leaves = store.read(few.steps()[-1], {}, ())
  assert all(np.isfinite(np.asarray(leaf, float)).all() for leaf in leaves.values())
  return Seen(
    'NaN in every batch from a step on; Inf; NaN in every gradient; NaN in two batches',
    f'{sentences[0]}; two alone were skipped and counted, and the run ended well',
    '2, 2, 2, 0',
    lost,
  )


def spike(place):
  whole, cut = place.runs('leap'), place.runs('leap-killed')
  out = whole.finish(whole.command(fault='spike:30-30'))
  lines = log.read(whole.folder / 'metrics.jsonl')
  (leap,) = (line['spike'] for line in lines if 'spike' in line)
  (said,) = (line for line in out.splitlines() if 'the loss jumped' in line)
  assert leap['step'] in (30, 31), leap
  command = cut.command(fault='spike:30-30')
  process = cut.start(command)
  cut.wait(process, 35)
  process.kill()
  process.communicate()
  assert process.returncode == -signal.SIGKILL
  out = cut.finish(command)
  assert resumed(out), out
  return Seen(
    'a batch ten thousand times as large as the others; again, with kill -9 after it',
    f'"{said}", and so it stands in metrics.jsonl; resumed with the same lines',
    '0, -9, 0',
    compared(cut.end(), whole.end()),
  )


def words(place):
  runs, told = place.stopped('words'), []
  before = contents(runs.folder)
  bad = {
    '--batch_siz=8': 'did you mean --batch_size?',
    '--steps=many': 'an integer of at least 0',
    '--learning_rate=nan': 'a finite number above 0',
    '--dataset=digitz': 'did you mean digits?',
    '--platform=gpu': 'JAX finds only cpu',
    'steps=3': 'every flag begins with --',
  }
  for word, wanted in bad.items():
    told.append(runs.refused(runs.command(word)))
    assert wanted in told[-1], told[-1]
  told.append(runs.refused([sys.executable, '-m', 'experiments.lenett']))
  assert 'did you mean lenet?' in told[-1], told[-1]
  code, out, err = runs.call([sys.executable, '-m', 'experiments', 'lenett'])
  assert (code, err.count('\n')) == (2, 1), (code, out, err)
  assert contents(runs.folder) == before
  return Seen(
    f'{", ".join(bad)}; python -m experiments.lenett',
    f'{told[0]}; {told[-1]}',
    '2 each',
    place.lost(runs),
  )


def drift(place):
  runs = place.stopped('drift')
  before = contents(runs.folder)
  sentence = runs.refused(runs.command('--learning_rate=0.1', '--seed=3'))
  for told in ('learning_rate was 0.002 and is now 0.1', 'seed was 0 and is now 3'):
    assert told in sentence, sentence
  assert contents(runs.folder) == before
  return Seen(
    '--learning_rate=0.1 --seed=3 in the workdir of a run with others',
    sentence,
    '2, then 0',
    place.lost(runs),
  )
