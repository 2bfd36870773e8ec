"""Evidence: a run where there is one, else what was recorded."""

import json

import pytest

from dl_core.course import evidence
from dl_core.types import UserError

STORED = {
  'experiment': 'lenet',
  'doc': 'LeNet. Lecture 6.',
  'settings': {},
  'defaults': {'seed': 0, 'steps': 100, 'gate': 'and'},
  'identity': {'seed': 0, 'steps': 100, 'gate': 'and', 'source': 'digits/1'},
  'classes': [],
}
MANIFEST = {
  'published': [],
  'command': 'python -m experiments.lenet',
  'started': '2026-01-02T00:00:00+00:00',
  'git': 'abc',
  'machine': 'x86_64, 4 cores',
  'devices': [],
  'versions': {},
}
RESULT = {'step': 100, 'split': 'test', 'loss': 0.5, 'accuracy': 0.9, 'seconds': 60.0}
CLAIM = {'sentence': 'It learns', 'holds': True, 'measured': '90%'}


@pytest.fixture
def run(tmp_path):
  """Writes a finished run into a folder of runs; returns that folder."""

  def write(label='one', claims=(), **identity):
    folder = tmp_path / label
    (folder / 'report').mkdir(parents=True)
    (folder / 'report' / 'index.html').write_text('')
    stored = STORED | {'identity': STORED['identity'] | identity}
    (folder / 'config.json').write_text(json.dumps(stored))
    (folder / 'manifest.json').write_text(json.dumps(MANIFEST))
    baseline = {'baseline': {'accuracy': 0.1}}
    (folder / 'metrics.jsonl').write_text(json.dumps(RESULT | baseline) + '\n')
    if claims:
      (folder / 'claims.json').write_text(json.dumps({'claims': claims}))
    return tmp_path

  return write


def row(**changes):
  return json.dumps({
    'experiment': 'lenet', 'settings': {'seed': 0, 'source': 'digits/1', 'gate': 'and'},
    'result': RESULT, 'published': [], **MANIFEST,
  } | changes)  # fmt: skip


def test_what_has_no_run_is_shown_as_recorded(tmp_path):
  found = evidence.of('lenet', evidence.known(tmp_path, row()))
  assert (found.folder, found.summary.measured) == (None, '0.5')
  assert (found.started, found.machine) == ('2026-01-02', 'x86_64, 4 cores')
  assert evidence.of('vgg', evidence.known(tmp_path, row())).summary is None


def test_a_run_comes_before_a_record_and_brings_its_claims(run):
  folder = run(claims=[CLAIM])
  found = evidence.of('lenet', evidence.known(folder, row()))
  assert found.folder == folder / 'one'
  assert (found.summary.figure, found.summary.measured) == ('accuracy', '90.00%')
  assert [claim.sentence for claim in found.claims] == ['It learns']
  assert evidence.totals([found, found]) == (2, 2)


def test_a_damaged_file_is_named(tmp_path):
  with pytest.raises(UserError, match=r'line 2 of claims\.jsonl'):
    evidence.known(tmp_path, row(), row(claims=[]) + '\n{')


def test_figures_that_were_published_on_other_data_are_named_so(tmp_path):
  figure = {'metric': 'accuracy', 'value': 0.99, 'source': 'LeCun', 'dataset': 'mnist'}
  own = figure | {'dataset': 'digits', 'source': 'Somebody'}
  result = RESULT | {'baseline': {'accuracy': 0.1}}
  known = evidence.known(tmp_path, row(result=result, published=[figure, own]))
  summary = evidence.of('lenet', known).summary
  assert summary.published == (('99.00%', 'Somebody'),)
  assert summary.elsewhere == (('99.00%', 'LeCun', 'mnist'),)


def test_the_run_at_the_defaults_is_taken(run):
  run('a', steps=7)
  run('b')
  known = evidence.known(run('c', steps=9), '')
  assert evidence.of('lenet', known).folder.name == 'b'


def test_a_record_comes_before_a_run_with_other_settings(run):
  folder = run('a', steps=7)
  assert evidence.of('lenet', evidence.known(folder, row())).folder is None
  assert evidence.of('lenet', evidence.known(folder, '')).folder.name == 'a'


def test_flags_of_a_command_pick_its_run_and_its_record(run):
  known = evidence.known(run(), row())
  assert evidence.of('lenet --gate=and', known).folder
  assert evidence.of('lenet --gate=xor', known).summary is None
  known = evidence.known(run('x', gate='xor'), row())
  assert evidence.of('lenet --gate=xor', known).folder.name == 'x'


def test_an_unfinished_run_is_no_evidence(run):
  folder = run()
  (folder / 'one' / 'metrics.jsonl').write_text('')
  assert evidence.of('lenet', evidence.known(folder, '')).summary is None


@pytest.mark.parametrize(
  ('name', 'content'),
  [
    ('config.json', STORED | {'experiment': ['lenet']}),
    ('config.json', {'experiment': 'lenet', 'identity': {'source': 'digits/1'}}),
    ('config.json', {k: v for k, v in STORED.items() if k != 'doc'}),
    ('manifest.json', {'command': 'python -m experiments.lenet'}),
    ('claims.json', {'claims': [{'sentence': 'It learns', 'held': True}]}),
  ],
)
def test_a_run_that_another_version_wrote_is_no_evidence(run, name, content):
  folder = run()
  (folder / 'one' / name).write_text(json.dumps(content))
  assert evidence.of('lenet', evidence.known(folder, '')).summary is None
  found = evidence.of('lenet', evidence.known(folder, row()))
  assert (found.folder, found.summary.measured) == (None, '0.5')


def test_recorded_claims_count_even_where_their_sentences_are_not_kept(tmp_path):
  result = {'split': 'test', 'step': 0, 'claims': 3, 'hold': 2, 'seconds': 1.0}
  known = evidence.known(tmp_path, row(result=result))
  found = evidence.of('lenet', known)
  assert (found.claims, found.total, found.hold) == ((), 3, 2)
  said = [CLAIM, CLAIM, CLAIM | {'holds': False}]
  known = evidence.known(tmp_path, row(result=result), row(claims=said))
  found = evidence.of('lenet', known)
  assert [claim.holds for claim in found.claims] == [True, True, False]
  known = evidence.known(tmp_path, row(result=result), row(claims=said[:2]))
  assert (evidence.of('lenet', known).claims, found.total) == ((), 3)
