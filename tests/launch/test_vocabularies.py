"""A run on text starts from another one only if their tokens mean the same."""

import json
import shutil

import pytest

from dl_core import launch
from dl_core.train import initial, workdir
from dl_core.types import UserError
from experiments import seq2seq

TINY = ('--dataset=pairs', '--steps=2', '--batch_size=8', '--hidden=4', '--longest=8')
BPE = ('--vocabulary=bpe', '--pieces=264')
WORDS = {
  'first': ('red green blue', 'rot blau'),
  'second': ('one two six', 'eins zwei'),
}


@pytest.fixture(scope='module')
def run(tmp_path_factory):
  """run(workdir, name of a text, *words) -> the exit code."""
  folder = tmp_path_factory.mktemp('texts')
  for name, (source, target) in WORDS.items():
    rows = [f'{source} {n}\t{target} {n}' for n in range(30)]
    (folder / f'{name}.tsv').write_text('\n'.join(rows) + '\n', 'utf-8')

  def call(workdir, name, *words):
    where = (f'--workdir={workdir}', f'--data_dir={folder / name}.tsv')
    return launch.run(seq2seq, 'seq2seq', ['', *TINY, *where, *words])

  return call


@pytest.fixture(scope='module')
def before(run, tmp_path_factory):
  """The workdir of a run on the first text, with one vocabulary."""
  folder = tmp_path_factory.mktemp('before') / 'run'
  assert run(folder, 'first', *BPE) == 0
  return folder


def digest(folder):
  return json.loads((folder / 'vocabulary.json').read_text())['digest']


def test_a_run_with_another_vocabulary_of_the_same_size_is_refused(
  run, before, tmp_path, capsys
):
  new = tmp_path / 'new'
  assert run(new, 'second', *BPE, f'--init_from={before}') == 2
  error = capsys.readouterr().err
  assert error.startswith(f'error: --init_from={before} was given')
  assert error.count('\n') == 1
  assert digest(before) != digest(new)
  assert digest(before) in error
  assert digest(new) in error


def test_the_vocabulary_of_the_other_run_is_taken_where_it_is_given(
  run, before, tmp_path, capsys
):
  words = (f'--vocabulary={before}/vocabulary.json', f'--init_from={before}')
  assert run(tmp_path / 'new', 'second', *words) == 0
  assert digest(tmp_path / 'new') == digest(before)
  assert f'parameters of {before}, step 2' in capsys.readouterr().out


def test_the_vocabularies_of_both_sides_are_compared(tmp_path):
  source, target, other = (
    json.dumps({'kind': 'words', 'digest': name}) for name in ('s', 't', 'other')
  )
  (tmp_path / 'vocabulary.json').write_text(source)
  (tmp_path / 'target_vocabulary.json').write_text(target)
  two = {'vocabulary.json': source, 'target_vocabulary.json': target}
  initial.same_vocabulary(tmp_path, two)
  with pytest.raises(UserError, match='vocabulary t, but the target_'):
    initial.same_vocabulary(tmp_path, two | {'target_vocabulary.json': other})
  (tmp_path / 'target_vocabulary.json').unlink()
  with pytest.raises(UserError, match='vocabulary s, but the target_'):
    initial.same_vocabulary(tmp_path, two)


def test_a_run_without_texts_is_not_asked_for_its_vocabulary(tmp_path):
  initial.same_vocabulary(tmp_path, {'vocabulary.json': '{"digest": "s"}'})


def test_starting_over_drops_the_vocabularies_of_both_sides(before):
  copy = before.parent / 'copy'
  shutil.copytree(before, copy)
  (copy / 'target_vocabulary.json').write_text('{}')
  workdir.clear(copy)
  assert not list(copy.glob('*vocabulary.json'))
