"""Of more than ten seeds no run is drawn, until it is asked for."""

import shlex

import pytest

from dl_core import launch
from dl_core.launch import flags
from dl_core.train import log
from experiments import perceptron

WORDS = ('--gate=xor', '--until=', '--steps=8', '--nokeep_best', '--steps_per_call=1')


def call(folder, *words):
  return launch.run(perceptron, 'perceptron', ['x', f'--workdir={folder}', *words])


def pages(folder):
  return sorted(page.parts[-3] for page in folder.glob('*/report/index.html'))


def test_of_twelve_seeds_no_page_exists_and_asking_draws_it(tmp_path, capsys):
  folder = tmp_path / 'a study'
  assert call(folder, '--seeds=12', *WORDS) == 0
  assert pages(folder) == []
  (test,) = [x for x in log.read(folder / 'metrics.jsonl') if x['split'] == 'test']
  assert test['runs'] == 12
  assert set(test['std']) == {'loss', 'accuracy'}
  command = (
    f"python -m experiments.perceptron '--workdir={folder}/seed-0' "
    '--steps=8 --steps_per_call=1 --gate=xor --until='
  )
  said = [line for line in capsys.readouterr().out.splitlines() if 'python -m' in line]
  assert [sorted(shlex.split(line.partition('as by ')[2])) for line in said] == [
    sorted(shlex.split(command))
  ]
  page = (folder / 'report' / 'index.html').read_text()
  assert 'With more than 10 seeds, single runs have no report until' in page
  before = log.read(folder / 'seed-3' / 'metrics.jsonl')

  given = shlex.split(said[0].partition('as by ')[2].replace('seed-0', 'seed-3'))
  words = [*given[2:], '--seed=3']
  assert launch.run(perceptron, 'perceptron', words) == 0
  assert pages(folder) == ['seed-3']
  assert log.read(folder / 'seed-3' / 'metrics.jsonl') == before
  capsys.readouterr()
  assert call(folder, '--seeds=12', *WORDS) == 0
  assert 'finished already' in capsys.readouterr().out
  assert pages(folder) == ['seed-3']


def test_of_ten_seeds_every_run_is_drawn(tmp_path, capsys):
  assert call(tmp_path, '--seeds=10', *WORDS) == 0
  assert len(pages(tmp_path)) == 10
  assert 'no report until' not in capsys.readouterr().out


@pytest.mark.parametrize(
  'words',
  [
    (),
    ('--dataset=points',),
    ('--dataset=points', '--steps=200', '--eval_every=4', '--keep_best'),
    ('--gate=or', '--seed=7', '--until=', '--learning_rate=0.5', '--data_dir=x y'),
  ],
)
def test_the_command_of_a_run_means_the_settings_of_the_run(words):
  read = lambda argv: flags.parse(perceptron.Config, perceptron.RECIPES, argv)[0]
  c = read(['x', '--workdir=here', '--fresh', '--max_seconds=3', *words])
  found = read(shlex.split(flags.command(perceptron, 'perceptron', c))[2:])
  assert (found.fresh, found.max_seconds, found.workdir) == (False, 0, 'here')
  names = ('dataset', 'gate', 'seed', 'steps', 'until', 'learning_rate', 'data_dir')
  assert [getattr(found, name) for name in names] == [getattr(c, n) for n in names]
  if c.keep_best:
    assert (found.keep_best, found.eval_every) == (True, 4)
