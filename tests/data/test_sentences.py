"""Sentences as padded tokens: classes of length, vocabularies, a user's own texts."""

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds

from dl_core import config
from dl_core.data import forms, sentence_tokens, sentences, subwords
from dl_core.types import UserError

KEY = jax.random.key(0)
GOOD = [
  'A good film.',
  "It's good, I don't mind!",
  'good',
  'so good and so long a film',
]
BAD = ['a bad film', 'Bad.', "it isn't new", 'what a waste of good time']


def rows(count):
  """Texts of 1 to 8 words and their labels."""
  random = np.random.RandomState(0)
  texts = [
    ' '.join(random.choice((BAD, GOOD)[n % 2])[:20] for _ in range(1 + n % 4)).strip()
    for n in range(count)
  ]
  return list(zip(texts, np.arange(count) % 2, strict=True))


@pytest.fixture
def tables(tmp_path):
  """A folder of train.tsv and test.tsv; the labels are words."""

  def write(name, found):
    lines = [f'{text}\t{("bad", "good")[label]}' for text, label in found]
    (tmp_path / name).write_text('\n'.join(['sentence\tlabel', *lines]) + '\n', 'utf-8')

  write('train.tsv', rows(400))
  write('test.tsv', rows(30))
  return tmp_path


def load(data_dir, dataset='folder', longest=12, batch_size=8, **how):
  c = config.Config(dataset=dataset, data_dir=str(data_dir), batch_size=batch_size)
  return sentences.load(c, longest, **how)


def texts_of(data, split):
  found = {}
  for batch in data.splits[split]():
    real = batch.weight > 0
    for tokens, length, label in zip(
      batch.x['tokens'][real], batch.x['lengths'][real], batch.y[real], strict=True
    ):
      text = data.write(tokens[:length]).strip()
      found[text] = int(label)
  return found


def test_batches_are_as_declared_and_of_like_length(tables):
  data, unknown = load(tables, longest=60)
  assert unknown is None
  assert data.spec.classes == ('bad', 'good')
  arrays = data.feed(KEY, 0)
  take = jax.jit(data.take)
  spans = []
  for step in range(30):
    batch = take(arrays, KEY, step)
    assert jax.tree.map(lambda a: (a.shape, a.dtype), batch) == jax.tree.map(
      lambda a: (a.shape, a.dtype), data.spec.batch
    )
    lengths = np.asarray(batch.x['lengths'])
    spans.append(np.ptp(lengths))
    inside = np.arange(60)[None] < lengths[:, None]
    assert (np.asarray(batch.x['tokens'])[~inside] == 0).all()
  every = arrays[0]['lengths']
  assert (np.diff(every) >= 0).all()
  assert np.mean(spans) < 0.6 * np.ptp(every)


def test_the_splits_are_those_of_the_files_and_a_part_of_train(tables):
  data, _ = load(tables, longest=200)
  assert texts_of(data, 'test') == dict(rows(30))  # the file itself: capitals are there
  sizes = {
    split: sum(int(batch.weight.sum()) for batch in data.splits[split]())
    for split in data.splits
  }
  assert sizes == {'train': 360, 'validation': 40, 'test': 30}
  assert 'validation set is 10%' in ' '.join(data.notes)


@pytest.mark.parametrize('layout', ['folders', 'one file'])
def test_a_users_own_texts_need_no_table(tmp_path, layout):
  if layout == 'folders':
    for label, texts in {'bad': BAD, 'good': GOOD}.items():
      for number, text in enumerate(texts * 4):
        path = tmp_path / 'train' / label / f'{number}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + '\n', 'utf-8')
    place = tmp_path
  else:
    place = tmp_path / 'own.tsv'
    place.write_text(
      '\n'.join(f'{text}\tbad\n{other}\tgood' for text, other in
                zip(BAD * 4, GOOD * 4, strict=True)), 'utf-8',
    )  # fmt: skip
  data, _ = load(place, longest=40)
  assert data.spec.classes == ('bad', 'good')
  sizes = [sum(int(b.weight.sum()) for b in data.splits[s]()) for s in data.splits]
  assert sum(sizes) == 32
  assert texts_of(data, 'train')['good'] == 1


@pytest.mark.parametrize(
  ('content', 'told'),
  [
    ('one\tgood\ntwo', 'line 2 of .* has no tab with a class after it'),
    ('one\tgood\ntwo\tgood', 'has 1 classes, at least 2 are wanted'),
    ('one\tgood\ntwo\t ', 'line 2 of .* has no tab'),
  ],
)
def test_a_table_of_another_form_is_refused(tmp_path, content, told):
  path = tmp_path / 'a.tsv'
  path.write_text(content)
  with pytest.raises(UserError, match=told):
    load(path)


def test_a_class_that_train_lacks_is_refused(tables):
  (tables / 'test.tsv').write_text('fine\tso-so\n')
  with pytest.raises(UserError, match=r'test.tsv has the class so-so, which .* lacks'):
    load(tables)


def test_words_are_told_from_marks_and_from_what_is_joined_to_them(tables):
  assert sentence_tokens.spaced("It's good, I don't mind!", True) == (
    'It ʼs good , I do nʼt mind !'
  )
  data, unknown = load(tables, vocabulary='words', pieces=60)
  assert unknown == sentence_tokens.UNKNOWN['words']
  content = data.files()['vocabulary.json']
  described = subwords.json.loads(content)['tokens']['model']['vocab']
  assert described['<unk>'] == unknown
  assert {' good', ' nʼt', ' ʼs', ' film'} <= set(described)
  spelt = lambda text: data.read(text)['tokens'][: data.read(text)['lengths']].tolist()
  assert spelt("I don't mind") == spelt("I do n't mind")
  assert spelt('A good film.') == spelt('A good film .')
  assert spelt('A zebra')[1] == unknown


def test_sentences_are_read_in_lower_case_where_the_vocabulary_has_no_capitals(
  tmp_path,
):
  path = tmp_path / 'a.tsv'
  lines = [f'{t.lower()}\t{n % 2}' for n, t in enumerate((GOOD + BAD) * 4)]
  path.write_text('\n'.join(lines))
  data, _ = load(path, longest=30)
  row = data.read('GOOD ßæ film')  # the second word has no letter that it knows
  assert data.write(row['tokens'][: row['lengths']]) == 'good  film'
  with pytest.raises(UserError, match=r"'ßæ' was given, which has no word"):
    data.read('ßæ')


def test_what_names_no_file_is_a_sentence(tables, tmp_path):
  data, _ = load(tables, longest=30)
  path = tmp_path / 'review.txt'
  path.write_text('a bad film\n')
  from_file, said = data.read(str(path)), data.read('a bad film')
  np.testing.assert_array_equal(from_file['tokens'], said['tokens'])
  assert from_file['lengths'] == said['lengths'] == 10
  assert data.read('x good ' * 2_000)['lengths'] == 30  # no path is so long


def test_longer_sentences_are_cut(tables):
  data, _ = load(tables, longest=5)
  lengths = data.feed(KEY, 0)[0]['lengths']
  assert lengths.max() == 5
  assert sentences.widths(24) == (8, 16, 24)
  assert sentences.widths(60)[-2:] == (56, 60)
  assert sentences.widths(5) == (5,)


def test_a_sample_is_full_and_below_its_limits(tables):
  data, _ = load(tables, longest=16)
  batch = data.sample(KEY)
  assert (batch.x['lengths'] == 16).all()
  assert batch.x['tokens'].max() < data.spec.limits.x['tokens']
  assert jax.tree.map(lambda a: (a.shape, a.dtype), batch) == jax.tree.map(
    lambda a: (a.shape, a.dtype), data.spec.batch
  )


def test_a_line_with_two_texts_is_a_pair_where_a_model_reads_pairs(tmp_path):
  path = tmp_path / 'pairs.tsv'
  path.write_text('\n'.join(f'{a}\t{b}\t{n % 2}' for n in range(20)
                            for a, b in zip(GOOD, BAD, strict=True)))  # fmt: skip
  data, _ = load(path, longest=40, form=forms.BERT, vocabulary='wordpiece', pieces=80)
  row = data.read('a good film\ta bad film')
  length = row['lengths']
  kinds = row['segments'][:length]
  assert data.write(row['tokens'][:length][kinds == 0]) == 'a good film'
  assert data.write(row['tokens'][:length][kinds == 1]) == 'a bad film'
  assert not data.read('a good film')['segments'].any()


def test_a_stock_set_of_pairs_is_read_by_models_of_pairs(stocked):
  features = tfds.features.FeaturesDict(
    {
      'sentence1': tfds.features.Text(),
      'sentence2': tfds.features.Text(),
      'label': tfds.features.ClassLabel(names=['no', 'yes']),
    }
  )
  rows = [
    {'sentence1': a, 'sentence2': b, 'label': n % 2}
    for n in range(10)
    for a, b in zip(GOOD, BAD, strict=True)
  ]
  place = stocked('stock_pairs', features, {'train': rows, 'test': rows[:8]})
  data, _ = load(
    place, 'stock_pairs', 40, form=forms.BERT, vocabulary='wordpiece', pieces=80
  )
  batch = data.take(data.feed(KEY, 0), KEY, 0)
  assert batch.x['segments'].any(axis=1).all()
  with pytest.raises(UserError, match='one text'):
    load(place, 'stock_pairs')


def test_a_stock_set_with_a_text_and_a_label_is_read(stocked):
  features = tfds.features.FeaturesDict(
    {
      'sentence': tfds.features.Text(),
      'label': tfds.features.ClassLabel(names=['negative', 'positive']),
      'idx': tfds.features.Scalar(np.int32),
    }
  )
  splits = {
    name: [
      {'sentence': text, 'label': int(label), 'idx': n}
      for n, (text, label) in enumerate(rows(count))
    ]
    for name, count in {'train': 80, 'validation': 20}.items()
  }
  data, _ = load(stocked('films', features, splits), 'films', vocabulary='words')
  assert data.spec.source.startswith('films/3.0.1, words-512-')
  assert data.spec.classes == ('negative', 'positive')
  sizes = {s: sum(int(b.weight.sum()) for b in data.splits[s]()) for s in data.splits}
  assert sizes == {'train': 72, 'validation': 8, 'test': 20}


def test_a_set_without_a_label_is_refused(stocked):
  features = tfds.features.FeaturesDict({'text': tfds.features.Text()})
  place = stocked('prose', features, {'train': [{'text': 'a'}]})
  with pytest.raises(UserError, match=r'hold text \(Text\); wanted are one text'):
    load(place, 'prose')


def test_the_baseline_is_the_most_frequent_class(tables):
  data, _ = load(tables)
  assert data.baseline() == {'accuracy': 0.5}
