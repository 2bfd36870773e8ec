"""Several runs as one: seeds side by side or in turn, studies, what a kill leaves."""

import dataclasses
import itertools
import json
import types

import jax
import pytest

from dl_core import launch, metrics, train
from dl_core.launch import jobs, seeds, studies
from dl_core.report import grouping
from dl_core.train import log, workdir
from dl_core.train.progress import Progress
from dl_core.types import Claim, Picture, Study, UserError
from experiments import gan, lenet, perceptron

GATES = ['and', 'or']
TIMES = ('seconds', 'examples_per_second')
WORDS = (
  '--gate=xor', '--until=', '--steps=24', '--checkpoint_every=8', '--steps_per_call=1',
)  # fmt: skip


def call(folder, *words, module=perceptron):
  return launch.run(module, 'perceptron', ['x', f'--workdir={folder}', *words])


def timeless(folder):
  return [
    {name: value for name, value in line.items() if name not in TIMES}
    for line in log.read(folder / 'metrics.jsonl')
  ]


@pytest.fixture
def calls(monkeypatch):
  """Counts how many runs each call of the loop has."""
  found, fit_together = [], train.fit_together

  def count(experiments, *args, **kwargs):
    found.append(len(experiments))
    return fit_together(experiments, *args, **kwargs)

  monkeypatch.setattr(train, 'fit_together', count)
  return found


def test_seeds_are_runs_like_any_other_with_means_and_deviations_above_them(
  tmp_path, calls, capsys
):
  assert call(tmp_path / 'all', '--seeds=3', '--seed=1', *WORDS) == 0
  assert calls == [3]
  for seed in (1, 2, 3):
    folder = tmp_path / 'all' / f'seed-{seed}'
    assert call(tmp_path / str(seed), f'--seed={seed}', *WORDS) == 0
    assert timeless(folder) == timeless(tmp_path / str(seed))
    assert (folder / 'report' / 'index.html').exists()
  last = log.read(tmp_path / 'all' / 'metrics.jsonl')[-1]
  assert (last['split'], last['runs']) == ('test', 3)
  ends = [timeless(tmp_path / str(seed))[-1]['accuracy'] for seed in (1, 2, 3)]
  assert last['accuracy'] == pytest.approx(sum(ends) / 3)
  assert set(last['std']) == {'loss', 'accuracy'}
  out = capsys.readouterr().out
  assert '±' in out
  assert str(tmp_path / 'all' / 'report' / 'index.html') in out


def test_a_finished_study_is_left_alone_and_another_one_is_refused(
  tmp_path, calls, capsys
):
  assert call(tmp_path, '--seeds=2', *WORDS) == 0
  assert call(tmp_path, '--seeds=2', *WORDS) == 0
  assert 'finished already' in capsys.readouterr().out
  assert calls == [2]
  for words in (['--seeds=3'], [], ['--seeds=2', '--learning_rate=2']):
    assert call(tmp_path, *WORDS, *words) == 2
    assert 'holds a run of other settings' in capsys.readouterr().err
  assert call(tmp_path / 'seed-1', '--seed=1', *WORDS) == 0  # it is a run by itself
  assert call(tmp_path, '--seeds=2', '--fresh', *WORDS) == 0
  assert calls == [2, 2]


def test_runs_that_may_end_at_steps_of_their_own_are_made_in_turn(tmp_path, calls):
  assert call(tmp_path, '--gate=and', '--seeds=3') == 0
  assert calls == [1, 1, 1]


@pytest.mark.parametrize('words', [WORDS, (*WORDS, '--patience=99')])
def test_a_study_that_was_interrupted_ends_as_one_that_was_not(tmp_path, words):
  assert call(tmp_path / 'whole', '--seeds=3', *words) == 0
  c = perceptron.Config(
    gate='xor', until='', steps=24, checkpoint_every=8, seeds=3, steps_per_call=1,
    patience=99 if len(words) > len(WORDS) else 0, workdir=str(tmp_path / 'cut'),
  )  # fmt: skip
  asked, study = itertools.count(), studies.of(perceptron, c)
  plan = studies.plan(perceptron, 'perceptron', c, study)
  stop = lambda: next(asked) in (7, 50, 51)
  quiet, times = Progress(quiet=True), 1
  while not studies.perform(plan, study, stop, quiet):
    times += 1
  assert times > 2 or not c.patience
  assert times > 1
  for seed in range(3):
    a, b = (tmp_path / name / f'seed-{seed}' for name in ('whole', 'cut'))
    assert timeless(a) == timeless(b)
  assert timeless(tmp_path / 'whole') == timeless(tmp_path / 'cut')


def gates(draw=None):
  """A study of two gates; `--steps` is the runs'."""

  def study(c):
    runs = {
      gate: (perceptron, dataclasses.replace(c, gate=gate)) for gate in ('or', 'xor')
    }
    return Study(runs, draw)

  return types.SimpleNamespace(
    __doc__='Two gates.', Config=perceptron.Config, study=study
  )


def test_a_study_makes_its_runs_and_draws_what_came_of_them(tmp_path):
  seen = {}

  def draw(results):
    seen.update(results)
    picture = lambda: pytest.importorskip('matplotlib.figure').Figure()
    return [Picture('Both gates', 'or and xor', picture)]

  assert call(tmp_path, '--steps=200', module=gates(draw)) == 0
  assert {k: [r.experiment.config.gate for r in each] for k, each in seen.items()} == {
    'or': ['or'],
    'xor': ['xor'],
  }
  last = {k: run.lines[-1] for k, (run,) in seen.items()}
  assert [line['split'] for line in last.values()] == ['test', 'test']
  assert last['or']['accuracy'] == 1 > last['xor']['accuracy']
  assert list(seen['xor'][0].observed)[:2] == [0, 4]
  (run,) = seen['or']
  sums = [
    run.experiment.task.metrics(run.variables(), batch, jax.random.key(0))
    for batch in run.experiment.data.splits['test']()
  ]
  assert [metrics.mean(each)['accuracy'] for each in sums] == [1]
  assert 'Both gates' in (tmp_path / 'report' / 'index.html').read_text()
  found = [json.loads(x) for x in (tmp_path / 'metrics.jsonl').read_text().splitlines()]
  assert [(x['run'], x['accuracy']) for x in found] == [
    (k, last[k]['accuracy']) for k in ('or', 'xor')
  ]
  assert workdir.read_config(tmp_path / 'or')['experiment'] == 'perceptron'


def test_every_run_of_a_study_may_have_several_seeds(tmp_path):
  c = perceptron.Config(seeds=2, seed=5)
  labels = list(studies.of(gates(), c).runs)
  assert labels == ['or-seed-5', 'or-seed-6', 'xor-seed-5', 'xor-seed-6']


def test_one_run_is_no_study():
  assert studies.of(perceptron, perceptron.Config()) is None


def test_convolutions_are_not_trained_side_by_side_on_cpu(digits_dir):
  small = jobs.plan(lenet, 'lenet', lenet.Config(data_dir=digits_dir))
  assert not seeds.quick(small.experiment)
  assert seeds.quick(
    jobs.plan(perceptron, 'perceptron', perceptron.Config()).experiment
  )


def test_a_study_is_refused_before_anything_is_touched(tmp_path, capsys):
  (tmp_path / 'seed-1').mkdir()
  (tmp_path / 'seed-1' / 'config.json').write_text('{}')
  assert call(tmp_path, '--seeds=2', *WORDS) == 2
  assert 'damaged or foreign config.json' in capsys.readouterr().err
  assert {path.name for path in tmp_path.iterdir()} == {'seed-1'}
  with pytest.raises(UserError):
    dataclasses.replace(perceptron.Config(), seeds=0)


@pytest.mark.slow
def test_games_side_by_side_are_those_that_each_would_be_alone(digits_dir):
  # Rounding grows from step to step: two players answer each other's.
  c = gan.Config(steps=12, batch_size=16, eval_every=1, data_dir=digits_dir)
  first = gan.build(c)._replace(observe=None, scores=None)
  seeds = [first._replace(config=dataclasses.replace(c, seed=seed)) for seed in (3, 4)]
  for together, alone in zip(
    train.fit_together(seeds, [None, None]), map(train.fit, seeds), strict=True
  ):
    lines = [
      [line for line in run.lines if line['split'] == 'train']
      for run in (together, alone)
    ]
    assert len(lines[1]) == 12
    for name in ('loss', 'generator_loss'):
      a, b = ([line[name] for line in each] for each in lines)
      assert a == pytest.approx(b, rel=1e-4)


def test_seeds_of_which_one_is_ahead_go_on_in_turn_and_lose_nothing(tmp_path, calls):
  words = ('--seeds=2', *WORDS)
  assert call(tmp_path / 'whole', *words) == 0
  folder = tmp_path / 'cut' / 'seed-0'
  assert call(folder, '--seed=0', *WORDS) == 0  # begun, and ended, by itself
  (folder / 'report' / 'index.html').unlink()  # all but ended
  stand = sorted(path.name for path in (folder / 'checkpoints').iterdir())
  assert call(tmp_path / 'cut', *words) == 0
  assert calls == [2, 1, 1, 1]
  assert stand == sorted(path.name for path in (folder / 'checkpoints').iterdir())
  for seed in (0, 1):
    a, b = (tmp_path / name / f'seed-{seed}' for name in ('whole', 'cut'))
    assert timeless(a) == timeless(b)


def test_lanes_without_a_common_checkpoint_are_refused_untouched(tmp_path):
  c = perceptron.Config(gate='xor', until='', steps=24, checkpoint_every=8)
  seeds = [perceptron.build(dataclasses.replace(c, seed=seed)) for seed in (0, 1)]
  train.fit(seeds[0], tmp_path / '0')
  before = sorted(str(path) for path in (tmp_path / '0').rglob('*'))
  with pytest.raises(UserError, match='no checkpoint of the same step'):
    train.fit_together(seeds, [tmp_path / '0', tmp_path / '1'])
  after = sorted(str(path) for path in (tmp_path / '0').rglob('*'))
  assert before == after


def test_a_study_begun_anew_with_fewer_seeds_leaves_no_run_of_the_old_one(tmp_path):
  folder = tmp_path / 'study'
  assert call(folder, '--seeds=3', *WORDS) == 0
  assert call(folder, '--seeds=2', '--fresh', *WORDS) == 0
  assert not (folder / 'seed-2' / 'metrics.jsonl').exists()
  assert grouping.expand(folder) == [folder / 'seed-0', folder / 'seed-1']
  assert grouping.expand(tmp_path) == grouping.expand(folder)


def test_seeds_beyond_the_last_are_refused(tmp_path, capsys):
  assert call(tmp_path, '--seeds=2', f'--seed={2**32 - 1}') == 2
  assert '--seeds=2 was given with --seed=4294967295' in capsys.readouterr().err


def study_of(*claims, **runs):
  """A module whose study has these runs and one picture, which bears out `claims`."""
  picture = Picture('A picture', 'Of words.', lambda: 'drawn', claims)

  def draw(found):
    seen.append(found)
    return [picture]

  seen = []
  module = types.SimpleNamespace(
    __name__='experiments.words',
    __doc__='Words. Lecture 1.',
    Config=perceptron.Config,
    study=lambda c: Study(runs, draw),
  )
  return module, seen


def test_a_study_without_runs_draws_and_says_which_of_its_claims_hold(tmp_path, capsys):
  true = Claim('Two is more than one', True, '2 against 1')
  false = Claim('One is more than two', False, '1 against 2')
  module, seen = study_of(true, false)
  assert launch.run(module, 'words', ['x', f'--workdir={tmp_path}']) == 0
  assert seen == [{}]
  out = capsys.readouterr().out
  assert 'holds: Two is more than one (2 against 1)' in out
  assert 'DOES NOT HOLD: One is more than two (1 against 2)' in out
  (line,) = timeless(tmp_path)
  assert line == {'step': 0, 'split': 'test', 'claims': 2, 'hold': 1}
  page = (tmp_path / 'report' / 'index.html').read_text()
  assert '1 of 2' in page
  assert 'Does not hold: 1 against 2' in page
  assert launch.run(module, 'words', ['x', f'--workdir={tmp_path}']) == 0
  assert 'finished already' in capsys.readouterr().out
  assert len(seen) == 1
  assert launch.run(module, 'words', ['x', f'--workdir={tmp_path}', '--fresh']) == 0
  assert len(seen) == 2


def test_seeds_of_each_run_of_a_study_are_trained_side_by_side_and_drawn_together(
  tmp_path, calls
):
  steps = {'steps': 8, 'until': '', 'steps_per_call': 1}
  runs = {gate: (perceptron, perceptron.Config(gate=gate, **steps)) for gate in GATES}
  module, seen = study_of(**runs)
  assert launch.run(module, 'words', ['x', f'--workdir={tmp_path}', '--seeds=2']) == 0
  assert calls == [2, 2]
  (found,) = seen
  assert list(found) == GATES
  for gate in GATES:
    sources = {each.experiment.config.gate for each in found[gate]}
    seeds = [each.experiment.config.seed for each in found[gate]]
    assert (sources, seeds) == ({gate}, [0, 1])
    assert (tmp_path / f'{gate}-seed-1' / 'report' / 'index.html').exists()
