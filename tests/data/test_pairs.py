"""Pairs of texts become sources, shifted targets, labels and weights."""

import json

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds

from dl_core import config
from dl_core.data import copies, pairs, sides, stored, vocabularies, vocabulary
from dl_core.types import UserError

ROWS = [(f'{word} {n}', f'{n}. {word.upper()}') for word in 'abc' for n in range(20)]


@pytest.fixture
def own(tmp_path):
  """own(**wanted) -> the Data of a file of ROWS."""
  path = tmp_path / 'pairs.tsv'
  path.write_text('\n'.join('\t'.join(row) for row in ROWS) + '\n', 'utf-8')

  def load(batch_size=8, longest=(8, 10), **wanted):
    c = config.Config(dataset='pairs', data_dir=str(path), batch_size=batch_size)
    return pairs.load(c, pairs.Wanted(longest, **wanted))

  return load


def whole(data, split='train'):
  """Returns the examples of a split, without padded ones."""
  found = list(data.splits[split]())
  batch = jax.tree.map(lambda *leaves: np.concatenate(leaves), *found)
  real = batch.weight.any(axis=1)
  return jax.tree.map(lambda leaf: leaf[real], batch)


def spelt(data, batch):
  """Returns {(source, target)} of a batch."""
  read = lambda row, side: ''.join(data.spell(row, side)).strip()
  return {
    (read(source, 'source'), read(y, 'target'))
    for source, y in zip(batch.x['source'], batch.y, strict=True)
  }


@pytest.mark.parametrize(
  'wanted',
  [
    {},
    {'vocabulary': 'bpe', 'pieces': (270,)},
    {'vocabulary': 'words', 'pieces': (40, 50)},
  ],
  ids=['characters', 'bpe', 'words of each'],
)
def test_a_users_file_is_read_whole_and_targets_are_shifted(own, wanted):
  data = own(longest=(16, 20), **wanted)
  texts = set()
  for split in ('train', 'validation', 'test'):
    batch = whole(data, split)
    texts |= spelt(data, batch)
    marks = data.marks()
    ends = batch.weight.sum(axis=1).astype(int)
    for row, end in enumerate(ends):
      y, target = batch.y[row], batch.x['target'][row]
      assert y[end - 1] == marks.stop
      assert (y[: end - 1] != marks.stop).all()
      assert target[0] == marks.start
      np.testing.assert_array_equal(target[1:end], y[: end - 1])
      assert (y[end:] == marks.pad).all()
      assert (target[end:] == marks.pad).all()
      length = batch.x['lengths'][row]
      assert batch.x['source'][row, length - 1] == marks.stop
  known = {pair for pair in texts if '<unk>' not in ''.join(pair)}
  assert known <= set(ROWS)
  assert len(known) == (60 if wanted.get('vocabulary') != 'words' else 57)
  assert [len(whole(data, name).y) for name in ('train', 'validation', 'test')] == [
    42, 6, 12,
  ]  # fmt: skip


def test_training_batches_are_as_the_spec_declares_and_of_like_length(own):
  data = own(batch_size=4)
  key = jax.random.key(0)
  arrays = data.feed(key, 0)
  batch = data.take(arrays, key, 0)
  like = lambda leaf: (leaf.shape, leaf.dtype)
  assert jax.tree.map(like, batch) == jax.tree.map(like, data.spec.batch)
  lengths = arrays[0]['lengths'] / 8, arrays[2].sum(axis=1) / 10
  assert (np.diff(np.maximum(*lengths)) >= 0).all()


def test_without_pools_a_batch_is_drawn_from_the_whole_set(own, tmp_path):
  c = config.Config(dataset='pairs', data_dir=str(tmp_path / 'pairs.tsv'), batch_size=4)
  own()  # writes the file
  data = pairs.load(c, pairs.Wanted((8, 10)), pool=0)
  ptp = lambda data: np.mean(
    [np.ptp(data.rows(jax.random.key(0), step)) for step in range(10)]
  )
  neighbours = pairs.load(c, pairs.Wanted((8, 10)), pool=1)
  assert ptp(neighbours) < 8 < ptp(data)


def test_two_sizes_make_two_vocabularies_that_a_workdir_keeps(own, tmp_path):
  data = own(vocabulary='words', pieces=(40, 50))
  assert data.spec.limits.x == {'source': 40, 'lengths': 9, 'target': 50}
  assert data.spec.limits.y == 50
  folder = tmp_path / 'run'
  folder.mkdir()
  for name, content in data.files().items():
    (folder / name).write_text(content, 'utf-8')
  assert sorted(data.files()) == [sides.TARGET, vocabularies.FILE]
  run = {'source': data.spec.source, 'classes': [], 'declaration': data.declaration}
  (folder / stored.FILE).write_text(json.dumps(run), 'utf-8')
  c = config.Config(dataset='pairs', data_dir=str(folder), batch_size=8)
  again = pairs.load(c, pairs.Wanted((8, 10)))
  assert again.spec == data.spec
  text = 'a 7'
  assert again.read(text)['source'].tolist() == data.read(text)['source'].tolist()
  with pytest.raises(UserError, match='stores only their declaration'):
    again.feed(jax.random.key(0), 0)


def test_what_is_too_long_is_cut_and_ends_with_the_stop_token(own):
  data = own(longest=(3, 4))
  batch = whole(data)
  assert batch.x['source'].shape[1:] == (3,)
  assert (batch.x['lengths'] == 3).all()
  assert (batch.y[:, 3] == data.marks().stop).all()


def test_lower_case_is_read_and_written(own):
  data = own(lower=True)
  assert data.write(whole(data).y[0]).islower()
  np.testing.assert_array_equal(data.read('A 1')['source'], data.read('a 1')['source'])


@pytest.mark.parametrize(
  ('content', 'words'),
  [
    ('a\tb\nc', 'line 2 of .* is no pair'),
    ('a\tb\n\tc', 'line 2 of .* is no pair'),
  ],
)
def test_a_line_that_is_no_pair_is_named(tmp_path, content, words):
  path = tmp_path / 'pairs.tsv'
  path.write_text(content, 'utf-8')
  c = config.Config(dataset='pairs', data_dir=str(path))
  with pytest.raises(UserError, match=words):
    pairs.load(c, pairs.Wanted((8,)))


def test_without_a_file_it_says_what_is_wanted(tmp_path):
  c = config.Config(dataset='pairs', data_dir=str(tmp_path))
  with pytest.raises(UserError, match='give --data_dir=FILE, a source, a tab'):
    pairs.load(c, pairs.Wanted((8,)))


def test_a_set_of_translations_of_tfds_is_read_in_either_direction(stocked):
  rows = [{'de': f'eins {n}', 'en': f'one {n}', 'fr': f'un {n}'} for n in range(30)]
  features = tfds.features.Translation(languages=['de', 'en', 'fr'])
  place = stocked('little_mt', features, {'train': rows, 'test': rows[:5]})
  c = config.Config(dataset='little_mt', data_dir=place, batch_size=8)

  def load(pair):
    return pairs.load(c, pairs.Wanted((8, 8), pair=pair))

  assert ('un 3', 'one 3') in spelt(load('fr-en'), whole(load('fr-en'), 'test'))
  assert ('one 3', 'eins 3') in spelt(load('en-de'), whole(load('en-de'), 'test'))
  with pytest.raises(UserError, match=r'--pair=de-ko was given, .* as --pair=de-en'):
    load('de-ko')


def test_a_set_without_two_texts_is_refused(stocked):
  features = tfds.features.FeaturesDict({'text': tfds.features.Text()})
  place = stocked('one_text', features, {'train': [{'text': 'a'}] * 9})
  c = config.Config(dataset='one_text', data_dir=place)
  with pytest.raises(UserError, match=r'hold text \(Text\); wanted are two texts'):
    pairs.load(c, pairs.Wanted((8,)))


def test_a_prompt_with_nothing_in_it_is_refused(own):
  with pytest.raises(UserError, match='has no token'):
    own().read('')


def test_the_need_of_a_pair_is_the_larger_share():
  y = np.zeros((2, 12), np.int32)
  weight = (np.arange(12)[None] < np.array([[3], [9]])).astype(np.float32)
  x = {'source': np.zeros((2, 8), np.int32), 'lengths': np.array([5, 2]), 'target': y}
  found = pairs.lengths(pairs.Batch(x, y, weight))
  assert found.tolist() == [8, 9]  # 5 of 8 is 7.5 of 12


def test_marked_characters_have_marks_first_and_strange_ones_are_unknown():
  made = vocabulary.marked('abc')
  assert (made.size, made.pad, made.unknown, made.start, made.stop) == (7, 0, 1, 2, 3)
  assert made.encode('cab!').ids.tolist() == [6, 4, 5, 1]
  assert made.decode([2, 6, 4, 5, 3, 0]) == 'cab'
  assert vocabularies.read(made.content).digest == made.digest
  assert made.digest != vocabulary.characters('abc').digest


def test_copies_are_copies_of_all_lengths():
  data = copies.load(8, 6)
  batch = next(data.splits['test']())
  np.testing.assert_array_equal(batch.y, batch.x['source'])
  lengths = batch.x['lengths'] - 1
  assert sorted(set(lengths.tolist())) == [1, 2, 3, 4, 5]
  for row in range(len(lengths)):
    assert batch.weight[row].sum() == lengths[row] + 1
    assert batch.y[row, lengths[row]] == copies.MARKS.stop
  assert data.read('abc')['source'].tolist()[:4] == [4, 5, 6, copies.MARKS.stop]
  with pytest.raises(UserError, match='give 1 to 5 letters'):
    data.read('abcdef')
