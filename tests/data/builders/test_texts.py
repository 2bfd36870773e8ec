"""Each builder of text, prepared once; tiny Shakespeare also from a small file."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from dl_core import config
from dl_core.data import corpus, sources, text
from dl_core.data.builders import texts
from dl_core.data.builders.python_docs import python_docs_dataset_builder as prose
from dl_core.data.builders.scipy_docs import scipy_docs_dataset_builder as scipy_docs
from dl_core.data.builders.tiny_shakespeare import (
  tiny_shakespeare_dataset_builder as shakespeare,
)
from dl_core.types import UserError

MADE = ('python_docs', 'scipy_docs', 'stdlib_code')


@pytest.fixture(scope='session')
def made_dir(tmp_path_factory, worker_id):
  """A data_dir in which the sets that need no files are prepared, once."""
  base = tmp_path_factory.getbasetemp()
  data_dir = (base if worker_id == 'master' else base.parent) / 'texts'
  for name in MADE:
    sources.prepare(sources.declare(name, str(data_dir)))  # under a lock
  return data_dir


def load(name, data_dir):
  c = config.Config(dataset=name, data_dir=str(data_dir), batch_size=4)
  return text.load(c, 64)


def whole(data):
  found = [next(data.splits[split]()) for split in corpus.SPLITS]
  ids = np.concatenate([batch.y[batch.weight == 1] for batch in found])
  return data.write(ids)


@pytest.mark.parametrize('name', MADE)
def test_a_set_declares_the_same_before_and_after_it_is_prepared(
  name, made_dir, tmp_path
):
  before = sources.declare(name, str(tmp_path))
  after = sources.declare(name, str(made_dir))
  assert (before.prepared, after.prepared) == (False, True)
  assert after.vocabulary == texts.ASCII
  assert after.counts == dict.fromkeys(corpus.SPLITS, 1)
  assert before == after._replace(folder=before.folder, prepared=False)
  assert before.source.split('/')[1] in before.notes[0]


@pytest.mark.parametrize(
  ('name', 'words', 'least'),
  [
    ('python_docs', ['The "assert" statement', 'Abstract Base Class'], 700_000),
    ('stdlib_code', ['class ArgumentParser', '\nimport os\n'], 2_000_000),
    ('scipy_docs', ['.. math::', r'\frac', 'Jacobi polynomial'], 1_000_000),
  ],
)
def test_the_sets_hold_what_they_are_made_from(name, words, least, made_dir):
  data = load(name, made_dir)
  found = whole(data)
  assert least < len(found) < 5_000_000
  assert all(word in found for word in words)
  train, validation, test = (data.splits[s]() for s in corpus.SPLITS)
  sizes = [int(next(part).weight.sum()) for part in (train, validation, test)]
  assert sizes[0] == len(found) * 8 // 10
  assert sum(sizes[:2]) == len(found) * 9 // 10
  # The first tokens of validation and test come after the last ones before them.
  (batch,) = data.splits['test']()
  assert data.write(batch.x[0, :1]) == found[len(found) * 9 // 10 - 1]
  assert data.baseline()['nats'] < np.log(96)


AGAIN = """
import sys
from dl_core import config
from dl_core.data import text
for name in sys.argv[2:]:
  print(text.load(config.Config(dataset=name, data_dir=sys.argv[1]), 64).digests())
"""


def test_a_second_preparation_gives_the_same_text(made_dir, tmp_path):
  done = subprocess.run(
    [sys.executable, '-c', AGAIN, tmp_path, *MADE],
    env=os.environ | {'PYTHONHASHSEED': '123'},
    capture_output=True,
    text=True,
    check=True,
  )
  wanted = [str(load(name, made_dir).digests()) for name in MADE]
  assert done.stdout.splitlines() == wanted


@pytest.mark.parametrize(
  ('given', 'wanted'),
  [
    ('a\tb\r\nc', 'a       b\nc'),
    ('‘it’s’ “so” – and — so', "'it's' \"so\" - and - so"),
    ('Erdős ≥ ½ …', 'Erdos  12 ...'),
    ('\x0c\x00한글é', 'e'),
  ],
)
def test_ascii_is_all_that_is_left(given, wanted):
  assert texts.ascii_only(given) == wanted


def test_source_is_read_in_the_order_of_its_paths_without_tests(tmp_path):
  for path in ('b.py', 'a/z.py', 'a/tests/t.py', 'a/b/c.py', 'a.txt', 'c.py'):
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(path)
  found = dict(texts.files(tmp_path, ('b', 'a')))
  assert list(found) == ['a/b/c.py', 'a/z.py', 'b.py']
  assert found['b.py'] == 'b.py'
  assert len(list(texts.files(tmp_path))) == 4
  with pytest.raises(UserError, match=r'holds no source of d, which the text is made'):
    list(texts.files(tmp_path, ('b', 'd')))
  (tmp_path / 'c.py').write_bytes(b'\xff')
  with pytest.raises(UserError, match=r'c\.py cannot be read .*; install it again'):
    list(texts.files(tmp_path, ('c',)))


def test_docstrings_of_several_lines_are_found_in_their_order():
  source = '''"""M.

m"""
class C:
  """C."""
  def f(self):
    r"""F\\d

    f"""
def g():
  "G\\d\\n\\n  g"
'''
  assert prose.docstrings(source) == ['M.\n\nm', 'F\\d\n\nf', 'G\\d\n\ng']


def test_formulas_are_found_wherever_they_are_documented():
  source = 'add("f", r"""\n  :math:`x`\n  """)\n"""a\n"""\ng = ".. math:: y"\n'
  assert scipy_docs.formulas(source) == [':math:`x`']


@pytest.fixture
def played(tmp_path, monkeypatch, original):
  """played(text) -> a data_dir with the original file of a small tiny Shakespeare."""

  def write(content):
    path = tmp_path / 'downloads' / 'manual' / 'tiny_shakespeare' / 'input.txt'
    files = {'input.txt': original(path, content.encode())}
    monkeypatch.setattr(shakespeare.Builder, 'ORIGINALS', files)
    return tmp_path

  return write


def test_tiny_shakespeare_is_made_from_its_original_file(played):
  play = "First Citizen:\nBefore we proceed, hear me speak; 'tis 3?\n" * 9
  data = load('tiny_shakespeare', played(play))
  assert data.spec.source == 'tiny_shakespeare/2.0.0'
  assert whole(data) == play
  assert (played(play) / 'tiny_shakespeare' / '2.0.0').is_dir()


def test_a_character_outside_of_the_vocabulary_is_refused_in_words(played):
  data = load('tiny_shakespeare', played('First Citizen: 4 ' * 99))
  with pytest.raises(UserError, match=r"train split of .*2.0.0 has '4', which its voc"):
    data.digests()


def test_a_missing_original_says_where_to_put_it(tmp_path, played):
  played('a').joinpath('downloads/manual/tiny_shakespeare/input.txt').unlink()
  with pytest.raises(UserError, match=r'put input\.txt into .*tiny_shakespeare/ and'):
    load('tiny_shakespeare', tmp_path).digests()


def test_our_version_is_not_that_of_the_stock_set():
  assert shakespeare.Builder.VERSION != '1.0.0'  # it is cut elsewhere


@pytest.mark.data
def test_tiny_shakespeare_from_its_real_file(test_data, tmp_path):
  manual = tmp_path / 'downloads' / 'manual' / 'tiny_shakespeare'
  shutil.copytree(test_data / 'tiny-shakespeare', manual)
  data = load('tiny_shakespeare', tmp_path)
  found = whole(data)
  assert found.encode() == (manual / 'input.txt').read_bytes()
  assert len(found) == 1_115_394
  assert data.write(range(data.spec.limits.y)) == ''.join(sorted(set(found)))
  assert data.spec.limits.y == 65
  assert len(data.feed(None, 0)) == 892_315
  assert data.baseline()['nats'] == pytest.approx(3.348, abs=1e-3)
