import json

import pytest

from dl_core.report import record
from dl_core.types import UserError

STORED = {
  'experiment': 'lenet',
  'doc': 'LeNet-5 on handwritten digits. Lecture 6.',
  'settings': {'seed': 0, 'workdir': '/home/me/run'},
  'identity': {'seed': 0, 'steps': 100, 'source': 'mnist/1.0.0', 'init_from': ''},
  'classes': [],
}
MANIFEST = {
  'published': [
    {'metric': 'accuracy', 'value': 0.9905, 'dataset': 'mnist', 'source': 'LeCun'},
    {'metric': 'accuracy', 'value': 0.5, 'dataset': 'cifar10', 'source': 'Nobody'},
    {'metric': 'loss', 'value': 0.1, 'dataset': 'mnist', 'source': 'Nobody'},
  ],
  'parameters': 61_706,
  'command': 'python -m experiments.lenet --dataset=mnist --data_dir=/home/me/data',
  'started': '2025-01-01T00:00:00+00:00',
  'git': 'abc1234',
  'machine': 'x86_64, 4 cores',
  'devices': ['cpu:0 cpu'],
  'versions': {'jax': '0.10.2'},
}
RESULT = {
  'step': 100,
  'split': 'test',
  'loss': 0.03,
  'accuracy': 0.99,
  'baseline': {'accuracy': 0.1135},
  'stopped': 'all 100 steps done',
  'seconds': 60.0,
}


@pytest.fixture
def finished(tmp_path):
  """Writes what a finished run leaves behind; returns its folder."""

  def write(name='run', seed=0, stored=STORED, **result):
    folder = tmp_path / name
    folder.mkdir()
    identity = stored['identity'] | {'seed': seed}
    manifest = MANIFEST | {'command': f'{MANIFEST["command"]} --seed={seed}'}
    text = json.dumps(stored | {'identity': identity})
    (folder / 'config.json').write_text(text)
    (folder / 'manifest.json').write_text(json.dumps(manifest))
    lines = [{'step': 100, 'split': 'validation', 'loss': 0.1}, RESULT | result]
    text = ''.join(json.dumps(line) + '\n' for line in lines)
    (folder / 'metrics.jsonl').write_text(text)
    return folder

  return write


@pytest.mark.parametrize(
  ('command', 'shown'),
  [
    ('python -m x --data_dir=/home/me', 'python -m x --data_dir=DATA_DIR'),
    ('python -m x --data_dir /home/me -v', 'python -m x --data_dir DATA_DIR -v'),
    ("python -m x --workdir='/my run'", 'python -m x --workdir=WORKDIR'),
    ('python -m x -workdir=/run --fresh', 'python -m x --workdir=WORKDIR'),
    ('python -m x --steps=3', 'python -m x --steps=3'),
    ('python -m x --data_dir', 'python -m x --data_dir'),
  ],
)
def test_places_of_one_machine_are_not_public(command, shown):
  assert record.public(command) == shown


def test_a_row_holds_what_one_has_to_know(finished):
  found = record.row(finished())
  assert found['result'] == RESULT
  assert found['settings'] == STORED['identity']
  assert '/home/me' not in json.dumps(found)
  assert found['command'].endswith('--data_dir=DATA_DIR --seed=0')


def test_a_run_without_a_result_is_not_recorded(finished, tmp_path):
  folder = finished()
  lines = (folder / 'metrics.jsonl').read_text().splitlines()
  (folder / 'metrics.jsonl').write_text(lines[0] + '\n')
  with pytest.raises(UserError, match='has no result yet; let it end first'):
    record.row(folder)
  with pytest.raises(UserError, match='there is no folder'):
    record.row(tmp_path / 'nowhere')


def test_the_seeds_of_one_setting_are_one_line_with_mean_and_deviation(finished):
  rows = [
    record.row(finished(f'run{seed}', seed, accuracy=accuracy, seconds=seconds))
    for seed, accuracy, seconds in ((2, 0.992, 80.0), (0, 0.99, 60.0), (1, 0.988, 40.0))
  ]
  *_, line = record.table(rows).splitlines()
  assert line == (
    '| lenet | mnist/1.0.0 | accuracy 99.00% ± 0.20% (seeds 0, 1, 2), 60 s | 11.35% '
    '| 99.05% (LeCun) | `python -m experiments.lenet --dataset=mnist '
    '--data_dir=DATA_DIR` |'
  )
  assert len(record.table(rows).splitlines()) == 3


def test_other_settings_are_another_line_and_a_repeated_run_is_not(finished):
  longer = STORED | {'identity': STORED['identity'] | {'steps': 200}}
  rows = [
    record.row(finished('a')),
    record.row(finished('b', stored=longer)),
    record.row(finished('c', accuracy=0.5)),  # the same seed again: the newest counts
  ]
  lines = record.table(rows).splitlines()[2:]
  assert len(lines) == 2
  assert sum('accuracy 50.00%' in line for line in lines) == 1
  assert sum('accuracy 99.00%' in line for line in lines) == 1


def test_only_what_stands_between_the_marks_is_renewed(finished):
  readme = f'before\n{record.BEGIN}\nold\n{record.END}\nafter\n'
  rows = [record.row(finished())]
  text = record.renew(readme, rows)
  assert text == f'before\n{record.BEGIN}\n{record.table(rows)}\n{record.END}\nafter\n'
  assert record.renew(text, rows) == text


def test_recording_appends_and_renews(finished, tmp_path, monkeypatch, capsys):
  monkeypatch.setattr(record, 'ROOT', tmp_path)
  monkeypatch.setattr(record, 'read', lambda read=record.read: read(results))
  results = tmp_path / 'results.jsonl'
  (tmp_path / 'README.md').write_text(f'{record.BEGIN}\n{record.END}\n')
  assert record.main([str(finished('a', 0)), str(finished('b', 1))]) == 0
  assert len(record.read()) == 2
  assert '(seeds 0, 1)' in (tmp_path / 'README.md').read_text()
  before = results.read_text()
  assert record.main([str(tmp_path / 'nowhere')]) == 2
  assert capsys.readouterr().err.startswith('error: ')
  assert results.read_text() == before


def test_the_table_of_the_readme_is_what_the_results_give():
  readme = (record.ROOT / 'README.md').read_text()
  assert readme.count(record.BEGIN) == readme.count(record.END) == 1
  if not (record.ROOT / 'results.jsonl').exists():
    assert f'{record.BEGIN}\n{record.END}' in readme  # no figure comes in by hand
    return
  assert record.renew(readme, record.read(record.ROOT / 'results.jsonl')) == readme


def test_a_study_is_recorded_by_its_claims(tmp_path):
  folder = tmp_path / 'study'
  folder.mkdir()
  identity = {'seed': 0, 'source': '', 'draws': 8}
  study = STORED | {'experiment': 'mathematics', 'identity': identity}
  (folder / 'config.json').write_text(json.dumps(study))
  about = {k: v for k, v in MANIFEST.items() if k not in ('published', 'parameters')}
  (folder / 'manifest.json').write_text(json.dumps(about))
  found = {'step': 0, 'split': 'test', 'claims': 3, 'hold': 2, 'seconds': 9.6}
  (folder / 'metrics.jsonl').write_text(json.dumps(found) + '\n')
  entry = record.row(folder)
  assert entry['result'] == found
  assert '| mathematics |  | 2 of 3 claims hold, 10 s | | |' in record.table([entry])
  other = entry | {
    'settings': identity | {'seed': 1},
    'result': found | {'hold': 3, 'seconds': 10.4},
  }
  both = '2 and 3 of 3 claims hold (seeds 0, 1), 10 s'
  assert both in record.table([entry, other])


def test_a_study_of_runs_takes_the_time_that_they_took_together(finished, tmp_path):
  for seed in (0, 1):
    finished(f'seed-{seed}', seed=seed)
  study = STORED | {'identity': STORED['identity'] | {'runs': ['seed-0', 'seed-1']}}
  (tmp_path / 'config.json').write_text(json.dumps(study))
  (tmp_path / 'manifest.json').write_text(json.dumps(MANIFEST))
  (tmp_path / 'metrics.jsonl').write_text(json.dumps(RESULT | {'run': 'seed-1'}))
  assert record.recorded(tmp_path) == [tmp_path / 'seed-0', tmp_path / 'seed-1']
  claim = {'sentence': 'More is better', 'holds': True, 'measured': '2 and 1'}
  (tmp_path / 'claims.json').write_text(json.dumps({'claims': [claim]}))
  assert record.recorded(tmp_path) == [tmp_path]
  result = record.row(tmp_path)['result']
  assert (result['claims'], result['hold'], result['seconds']) == (1, 1, 120)
