"""Texts of TensorFlow Datasets, which declare no vocabulary."""

import subprocess
import sys

import jax
import pytest
import tensorflow_datasets as tfds

from dl_core import config
from dl_core.data import cache, corpus, images, sources, text
from dl_core.types import UserError

SPLITS = corpus.SPLITS


def load(dataset, data_dir, *vocabulary):
  c = config.Config(dataset=dataset, data_dir=str(data_dir), batch_size=4)
  return text.load(c, 8, False, *vocabulary)


def told(data, split):
  """Reads what is to be told of a split, as text."""
  (batch,) = data.splits[split]()
  return data.write(batch.y[batch.weight == 1])


@pytest.fixture
def stock(tmp_path):
  """stock({split: its texts}) -> data_dir of a set as TFDS prepares it."""

  class Stock(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    name = 'lines'
    VERSION = tfds.core.Version('1.0.0')

    def _info(self):
      features = tfds.features.FeaturesDict({'text': tfds.features.Text()})
      return tfds.core.DatasetInfo(
        builder=self, features=features, disable_shuffling=True
      )

    def _split_generators(self, dl_manager):
      return {name: self._generate_examples(self.texts[name]) for name in self.texts}

    def _generate_examples(self, texts):
      for number, one in enumerate(texts):
        yield number, {'text': one}

  def prepare(texts):
    Stock.texts = texts
    Stock(data_dir=tmp_path).download_and_prepare(file_format=sources.FORMAT)
    return tmp_path

  return prepare


def test_a_stock_set_has_its_alphabet_found_once(stock, monkeypatch):
  texts = {'train': ['ab c', 'cd', 'e' * 9], 'validation': ['é\n'], 'test': ['글b']}
  data_dir = stock(texts)
  data = load('lines', data_dir)
  assert data.spec.source == 'lines/1.0.0'
  assert data.write(range(data.spec.limits.y)) == '\n abcdeé글'
  assert [told(data, s) for s in SPLITS] == ['ab c\ncd\neeeeeeeee', 'é\n', '글b']
  # Nothing says that the splits are neighbours: each begins after a newline.
  assert [next(data.splits[s]()).x[0, 0] for s in SPLITS] == [0, 0, 0]
  assert data.notes == ()
  monkeypatch.setattr(sources, 'records', lambda *_: pytest.fail('read'))
  again = load('lines', data_dir)
  assert again.spec == data.spec
  assert again.digests() == data.digests()


LINES = ['the cat sat on the mat', 'a dog, and another dog', 'that is all'] * 4


def test_a_vocabulary_is_trained_once_and_kept_beside_the_set(stock, monkeypatch):
  data_dir = stock({'train': LINES, 'validation': LINES[:3], 'test': ['unseen zebra']})
  data = load('lines', data_dir, 'bpe', 300)
  assert not list(data_dir.glob('lines/1.0.0/decoded/*'))
  wanted = data.digests()
  (kept,) = data_dir.glob('lines/1.0.0/decoded/vocabulary-bpe-300-*.json')
  assert kept.read_text() == data.files()['vocabulary.json']
  assert set(wanted) == {*SPLITS, 'vocabulary'}
  monkeypatch.setattr(sources, 'records', lambda *_: pytest.fail('read'))
  again = load('lines', data_dir, 'bpe', 300)
  assert again.spec == data.spec
  assert again.digests() == wanted
  (test,) = again.splits['test']()
  assert again.write(test.y[test.weight['tokens'] == 1]) == 'unseen zebra'
  monkeypatch.undo()
  kept.write_text(kept.read_text()[:-40])  # damaged
  assert load('lines', data_dir, 'bpe', 300).digests() == wanted
  other = load('lines', data_dir, 'words', 20)
  assert 'cat' in other.write(range(20))
  assert 'zebra' not in other.write(range(20))
  assert other.spec.source != data.spec.source


def test_a_vocabulary_is_trained_where_nothing_can_be_kept(stock, monkeypatch):
  data_dir = stock({'train': LINES})
  wanted = load('lines', data_dir, 'words', 20).digests()
  for path in data_dir.glob('lines/1.0.0/decoded/*'):
    path.unlink()

  def refuse(*_):
    raise PermissionError

  monkeypatch.setattr(sources, 'locked', refuse)
  monkeypatch.setattr(cache.os, 'replace', refuse)
  assert load('lines', data_dir, 'words', 20).digests() == wanted
  assert not list(data_dir.glob('lines/1.0.0/decoded/*'))


def test_a_damaged_cache_is_made_anew(stock):
  data_dir = stock({'train': ['abcdefgh' * 9]})
  wanted = load('lines', data_dir).digests()
  cached = sorted(data_dir.glob('lines/1.0.0/decoded/*'))
  assert len(cached) == 2
  for path in cached:
    path.write_bytes(path.read_bytes()[:-40])
  assert load('lines', data_dir).digests() == wanted
  assert sorted(data_dir.glob('lines/1.0.0/decoded/*')) == cached


TRAIN = ''.join(map(chr, range(ord('가'), ord('가') + 100)))


@pytest.mark.parametrize(
  ('texts', 'sizes', 'note'),
  [
    ({'train': [TRAIN]}, [80, 10, 10], corpus.NOTE),
    ({'train': [TRAIN], 'test': ['abc']}, [90, 10, 3], 'validation set is the last 10'),
    ({'train': [TRAIN], 'validation': ['ab']}, [90, 10, 2], 'set is the last 10 %'),
  ],
)
def test_what_a_stock_set_lacks_is_cut_from_the_end_of_training(
  texts, sizes, note, stock
):
  data = load('lines', stock(texts))
  parts = [told(data, split) for split in SPLITS]
  assert [len(part) for part in parts] == sizes
  assert ''.join(parts).startswith(TRAIN)
  assert note in data.notes[0]
  validation = next(data.splits['validation']())
  assert data.write(validation.x[0, :1]) == parts[0][-1]


@pytest.mark.parametrize(
  ('texts', 'words'),
  [
    ({'test': ['abc']}, r'has only test; give a set with a split train'),
    (
      {'train': ['abcdefgh']},
      r'training split has 6 tokens; windows of 8 want 9, give a longer text',
    ),
    ({'train': ['a' * 20], 'test': ['']}, r'whose test split is empty; give a set'),
    ({'train': [b'a' * 20 + b'\xff']}, r'text 0 of train in .* not UTF-8 at byte 20'),
  ],
)
def test_a_stock_set_that_will_not_do_is_refused_in_words(texts, words, stock):
  data_dir = stock(texts)

  def use():
    data = load('lines', data_dir)
    data.feed(jax.random.key(0), 0)
    data.baseline()

  with pytest.raises(UserError, match=words):
    use()


def test_sets_of_text_and_of_images_are_told_apart_in_words(tmp_path):
  with pytest.raises(UserError, match=r'image \(Image\).*; wanted is text \(Text\)'):
    load('digits', tmp_path)
  with pytest.raises(UserError, match=r'hold text \(Text\); wanted are image'):
    images.load(config.Config(dataset='python_docs', data_dir=str(tmp_path)), 8, 1)


WARM = """
import sys
import jax
from dl_core import config
from dl_core.data import text
data = text.load(config.Config(dataset='lines', data_dir=sys.argv[1]), 8)
data.feed(jax.random.key(0), 0), data.baseline(), data.digests()
heavy = 'tensorflow tensorflow_datasets torch sklearn matplotlib grain orbax'.split()
print([name for name in heavy if name in sys.modules])
"""


def test_a_warm_start_imports_nothing_heavy(stock):
  data_dir = stock({'train': ['abcdefgh' * 9]})
  load('lines', data_dir).digests()
  done = subprocess.run(
    [sys.executable, '-c', WARM, data_dir], capture_output=True, text=True, check=True
  )
  assert done.stdout == '[]\n'
