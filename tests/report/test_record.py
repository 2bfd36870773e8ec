import json
import os
import shutil
import subprocess
import sys
import threading

import pytest

from dl_core.report import claims, record, results
from dl_core.types import Claim, Picture, UserError

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
  *_, line = results.table(results.grouped(rows)).splitlines()
  assert line == (
    '| lenet | mnist/1.0.0 | accuracy 99.00% ± 0.20% (seeds 0–2), 60 s | 11.35% '
    '| 99.05% (LeCun) | `python -m experiments.lenet --dataset=mnist '
    '--data_dir=DATA_DIR` |'
  )
  assert len(results.table(results.grouped(rows)).splitlines()) == 3


def test_of_a_game_the_first_score_is_shown_not_a_loss(finished):
  entry = record.row(finished())
  kinds = {'kept_there': {'rising': True, 'fraction': True, 'player': False}}
  found = {
    'step': 9,
    'split': 'test',
    'kept_there': 0.871,
    'loss': 2.0,
    'seconds': 60.0,
  }
  game = entry | {'published': [], 'metrics': kinds, 'result': found | {'baseline': {}}}
  (group,) = results.grouped([game])
  assert 'kept there 87.10%, 60 s |' in results.table([group])


def test_other_settings_are_another_line_and_a_repeated_run_is_not(finished):
  longer = STORED | {'identity': STORED['identity'] | {'steps': 200}}
  rows = [
    record.row(finished('a')),
    record.row(finished('b', stored=longer)),
    record.row(finished('c', accuracy=0.5)),  # the same seed again: the newest counts
  ]
  lines = results.table(results.grouped(rows)).splitlines()[2:]
  assert len(lines) == 2
  assert sum('accuracy 50.00%' in line for line in lines) == 1
  assert sum('accuracy 99.00%' in line for line in lines) == 1


@pytest.mark.parametrize('seeds', ['--seed=3', '--seeds=5'])
def test_the_default_command_stands_for_an_experiment_and_else_the_best(
  seeds, finished
):
  def entry(command, source, accuracy, experiment='lenet'):
    found = record.row(finished(source.replace('/', '-'), accuracy=accuracy))
    settings = found['settings'] | {'source': source}
    return found | {'command': command, 'settings': settings, 'experiment': experiment}

  plain = f'python -m experiments.lenet --workdir=WORKDIR {seeds}'
  rows = [
    entry('python -m experiments.lenet --dataset=mnist', 'mnist/1', 0.99),
    entry(plain, 'digits/1', 0.9),
    entry('python -m experiments.mlp --dataset=a', 'a/1', 0.7, 'mlp'),
    entry('python -m experiments.mlp --dataset=b', 'b/1', 0.8, 'mlp'),
    entry('python -m experiments.study --workdir=WORKDIR', 'c/1', 0.6, 'mlp'),
  ]
  groups = results.grouped(rows)
  assert len(groups) == 5
  found = [next(iter(g.values()))['settings'] for g in results.chosen(groups)]
  assert [each['source'] for each in found] == ['digits/1', 'b/1']


def test_the_figure_that_is_published_for_the_data_is_the_one_that_is_shown(finished):
  found = record.row(finished('a'))
  result = found['result'] | {'bleu': 36.9, 'nats': 1.7, 'baseline': {'nats': 5.6}}
  figure = {'metric': 'bleu', 'value': 33.5, 'dataset': 'known', 'source': 'them'}
  found |= {'result': result, 'published': [figure]}
  of = lambda source: results.table(
    results.grouped([found | {'settings': found['settings'] | {'source': source}}])
  )
  assert 'bleu 36.9' in of('known/1')
  assert '33.5 (them)' in of('known/1')
  assert 'nats 1.7' in of('other/1')
  assert 'them' not in of('other/1')


def test_only_what_stands_between_the_marks_is_renewed(finished):
  readme = f'before\n{results.BEGIN}\nold\n{results.END}\nafter\n'
  groups = results.grouped([record.row(finished())])
  text = results.renew(readme, groups)
  new = results.table(groups)
  assert text == f'before\n{results.BEGIN}\n{new}\n{results.END}\nafter\n'
  assert results.renew(text, groups) == text


README = f'Käse → 치즈\n{results.BEGIN}\n{results.END}\nEnde →\n'


@pytest.fixture
def checkout(tmp_path):
  """A folder with the files that recording renews."""
  root = tmp_path / 'checkout'
  root.mkdir()
  (root / 'results.jsonl').write_text('')
  (root / 'README.md').write_text(README, encoding='utf-8')
  return root


def test_recording_appends_and_renews(finished, checkout, tmp_path, capsys):
  folders = [str(finished('a', 0)), str(finished('b', 1))]
  assert record.main(folders, checkout) == 0
  before = {path.name: path.read_bytes() for path in checkout.iterdir()}
  assert before.keys() == {'results.jsonl', 'README.md', 'RESULTS.md'}
  assert before['results.jsonl'].count(b'\n') == 2
  assert b'(seeds 0, 1)' in before['README.md']
  assert b'(seeds 0, 1)' in before['RESULTS.md']
  assert record.main([], checkout) == 0  # renews, and there is nothing new
  assert record.main([str(tmp_path / 'nowhere')], checkout) == 2
  assert capsys.readouterr().err.startswith('error: ')
  assert {path.name: path.read_bytes() for path in checkout.iterdir()} == before


@pytest.mark.parametrize(
  ('name', 'text', 'said'),
  [
    ('README.md', b'no marks\n', 'README.md must have the lines'),
    ('README.md', README.encode() * 2, 'once each; restore it from git'),
    ('README.md', README.encode('utf-16'), 'README.md is not UTF-8'),
    ('results.jsonl', b'{}\n{"exper\n', 'line 2 of results.jsonl is no JSON'),
    ('results.jsonl', None, 'has no results.jsonl, so nothing can be recorded'),
  ],
)
def test_a_checkout_that_is_not_whole_is_refused_untouched(
  finished, checkout, capsys, name, text, said
):
  if text is None:
    (checkout / name).unlink()
  else:
    (checkout / name).write_bytes(text)
  before = {path.name: path.read_bytes() for path in checkout.iterdir()}
  assert record.main([str(finished())], checkout) == 2
  assert said in capsys.readouterr().err
  assert {path.name: path.read_bytes() for path in checkout.iterdir()} == before


def test_two_that_record_at_once_lose_no_row(finished, checkout, monkeypatch):
  """The first has read the rows, and waits there for the second to be through."""
  folders, through, renew = [finished('a', 0), finished('b', 1)], [], results.renew
  first_reads, second_ends = threading.Event(), threading.Event()

  def slowly(*args):
    if not first_reads.is_set():
      first_reads.set()
      through.append(second_ends.wait(1))  # the lock lets nobody through
    return renew(*args)

  def second():
    first_reads.wait()
    record.main([str(folders[1])], checkout)
    second_ends.set()

  monkeypatch.setattr(results, 'renew', slowly)
  thread = threading.Thread(target=second)
  thread.start()
  assert record.main([str(folders[0])], checkout) == 0
  thread.join()
  assert through == [False]
  assert (checkout / 'results.jsonl').read_text().count('\n') == 2


def test_a_write_that_fails_leaves_every_file_whole(
  finished, checkout, monkeypatch, capsys
):
  folder = str(finished())

  def refuse(path, text):
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(record.workdir, 'write', refuse)
  assert record.main([folder], checkout) == 2
  assert 'No space left' in capsys.readouterr().err
  assert (checkout / 'README.md').read_text(encoding='utf-8') == README
  assert (checkout / 'results.jsonl').read_text() == ''


@pytest.mark.parametrize(
  'locale',
  [{}, {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'}],
  ids=['utf-8', 'ascii'],
)
def test_eight_processes_record_at_once_and_nothing_is_lost(
  finished, checkout, tmp_path, locale
):
  """The package is copied as a checkout, so that it records into itself."""
  shutil.copytree(
    record.ROOT / 'dl_core',
    checkout / 'dl_core',
    ignore=shutil.ignore_patterns('__pycache__'),
  )
  here = [path for path in sys.path if 'site-packages' in path]
  processes = [
    subprocess.Popen(
      [sys.executable, '-m', 'dl_core.report.record', str(finished(f'r{seed}', seed))],
      cwd=checkout,
      env=os.environ | {'PYTHONPATH': os.pathsep.join([str(checkout), *here])} | locale,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
    )
    for seed in range(8)
  ]
  ended = [(*process.communicate(), process.returncode) for process in processes]
  assert [code for *_, code in ended] == [0] * 8, ended
  rows = results.read((checkout / 'results.jsonl').read_text())
  assert sorted(row['settings']['seed'] for row in rows) == list(range(8))
  groups = results.grouped(rows)
  expected = results.renew(README, groups)
  assert '(seeds 0–7)' in expected
  assert (checkout / 'README.md').read_bytes() == expected.encode()
  expected = results.renew(results.ALL, groups)
  assert (checkout / 'RESULTS.md').read_bytes() == expected.encode()
  assert not list(checkout.glob('*.tmp'))


def test_an_installed_package_is_refused_before_anything_is_written(
  finished, checkout, tmp_path
):
  site = tmp_path / 'site-packages'
  ignored = shutil.ignore_patterns('__pycache__')
  shutil.copytree(record.ROOT / 'dl_core', site / 'dl_core', ignore=ignored)
  here = [path for path in sys.path if 'site-packages' in path]
  done = subprocess.run(
    [sys.executable, '-m', 'dl_core.report.record', str(finished())],
    cwd=checkout,
    env=os.environ | {'PYTHONPATH': os.pathsep.join([str(site), *here])},
    capture_output=True,
    text=True,
  )
  assert done.returncode == 2
  assert done.stderr.startswith('error: ')
  assert done.stderr.count('\n') == 1
  assert 'in a checkout' in done.stderr
  assert [path.name for path in site.iterdir()] == ['dl_core']
  assert (checkout / 'README.md').read_text(encoding='utf-8') == README


def test_the_tables_are_what_the_results_give():
  text = (record.ROOT / 'results.jsonl').read_text(encoding='utf-8')
  groups = results.grouped(results.read(text))
  readme = (record.ROOT / 'README.md').read_text(encoding='utf-8')
  assert results.renew(readme, results.chosen(groups)) == readme
  every = (record.ROOT / 'RESULTS.md').read_text(encoding='utf-8')
  assert results.renew(results.ALL, groups) == every
  names = {next(iter(group.values()))['experiment'] for group in groups}
  assert len(results.chosen(groups)) == len(names) < len(groups)


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
  claim = Claim('It learns', True, '90%')
  claims.write(folder, [Picture('Learning', '', lambda: '', (claim,))])
  entry = record.row(folder)
  assert entry['result'] == found
  assert entry['claims'] == [claim._asdict()]
  assert '| mathematics |  | 2 of 3 claims hold, 10 s | | |' in results.table(
    results.grouped([entry])
  )
  other = entry | {
    'settings': identity | {'seed': 1},
    'result': found | {'hold': 3, 'seconds': 10.4},
  }
  both = '2 and 3 of 3 claims hold (seeds 0, 1), 10 s'
  assert both in results.table(results.grouped([entry, other]))


def test_claims_are_kept_beside_the_rows_and_renewed_alone(finished, tmp_path):
  folder = finished()
  claim = Claim('It learns', True, '90%')
  claims.write(folder, [Picture('Learning', '', lambda: '', (claim,))])
  root = tmp_path / 'root'
  root.mkdir()
  (root / 'results.jsonl').write_text('')
  (root / 'README.md').write_text(f'{results.BEGIN}\n{results.END}\n')
  assert record.main([str(folder)], root) == 0
  assert 'claims' not in json.loads((root / 'results.jsonl').read_text())
  (line,) = (root / 'claims.jsonl').read_text().splitlines()
  assert json.loads(line)['claims'] == [claim._asdict()]
  again = claim._replace(holds=False)
  claims.write(folder, [Picture('Learning', '', lambda: '', (again,))])
  assert record.main(['--claims', str(folder)], root) == 0
  assert len((root / 'results.jsonl').read_text().splitlines()) == 1
  said = (root / 'claims.jsonl').read_text()
  rows = results.joined(
    results.read((root / 'results.jsonl').read_text()), results.read(said)
  )
  assert [row['claims'][0]['holds'] for row in rows] == [False]


def test_a_list_of_many_seeds_or_sources_is_written_short(finished):
  entry = record.row(finished())
  groups = [
    {seed: entry | {'settings': entry['settings'] | {'seed': seed}} for seed in seeds}
    for seeds in ((2, 0), (5, 2, 1, 0), (0, 1, 3, 4))
  ]
  lines = results.table(groups)
  for wanted in ('(seeds 0, 2)', '(seeds 0–2, 5)', '(seeds 0, 1, 3, 4)'):
    assert wanted in lines
  folds = ', '.join(f'mutag/1.0.0, fold {n}, gin' for n in range(9))
  found = {'claims': 1, 'hold': 1, 'seconds': 9.0}
  for source, wanted in ((folds, 'mutag/1.0.0'), ('a, b, a', 'a, b')):
    study = {'settings': entry['settings'] | {'source': source}, 'result': found}
    assert f'| {wanted} | 1 of 1 claims' in results.table([{0: entry | study}])


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
