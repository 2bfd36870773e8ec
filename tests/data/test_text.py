import shutil

import jax
import numpy as np
import pytest

from dl_core import config
from dl_core.data import corpus, sources, text, vocabularies
from dl_core.types import Batch, UserError

SPLITS = corpus.SPLITS
KEY = jax.random.key(0)
KOREAN = '나는 별을 노래하는 마음으로\n모든 죽어가는 것을 사랑해야지\n' * 5


def load(
  dataset,
  data_dir,
  window=8,
  refit=False,
  vocabulary='characters',
  pieces=0,
  **settings,
):
  settings = {'batch_size': 4, **settings}
  c = config.Config(dataset=dataset, data_dir=str(data_dir), **settings)
  return text.load(c, window, refit, vocabulary, pieces)


def told(data, split):
  """Reads what is to be told of a split, as text."""
  (batch,) = data.splits[split]()
  return data.write(batch.y[batch.weight == 1])


@pytest.fixture
def own(tmp_path):
  """own(content, ...) -> the Data of a file of one's own."""

  def data(content, **kwargs):
    content = content if isinstance(content, bytes) else content.encode()
    tmp_path.joinpath('own.txt').write_bytes(content)
    return load('text', tmp_path / 'own.txt', **kwargs)

  return data


@pytest.fixture
def counted(own):
  """A text in which each token says its own place."""
  return own(''.join(map(chr, range(ord('가'), ord('가') + 1_000))))


@pytest.mark.parametrize('name', ['python_docs', 'tiny_shakespeare'])
def test_building_reads_and_prepares_nothing(name, tmp_path, monkeypatch):
  monkeypatch.setattr(sources, 'examples', lambda *_: pytest.fail('read'))
  data = load(name, tmp_path, window=64, batch_size=16)
  assert list(tmp_path.iterdir()) == []
  assert data.spec.source.startswith(f'{name}/')
  size = {'python_docs': 96, 'tiny_shakespeare': 65}[name]
  assert data.spec.limits == Batch(size, size, 0)
  assert data.spec.classes == ()
  assert data.spec.tokens == 64
  assert data.spec.batch.x.shape == (16, 64)


@pytest.mark.parametrize('kind', ['words', 'bpe', 'wordpiece'])
def test_building_trains_no_vocabulary(kind, tmp_path, monkeypatch):
  monkeypatch.setattr(sources, 'examples', lambda *_: pytest.fail('read'))
  data = load('python_docs', tmp_path, vocabulary=kind, pieces=600)
  assert list(tmp_path.iterdir()) == []
  assert data.spec.limits.y == 600
  assert f', {kind}-600-' in data.spec.source


def test_batches_are_what_the_spec_declares(own):
  data = own(KOREAN)
  described = lambda tree: jax.tree.map(lambda a: (a.shape, str(a.dtype)), tree)
  batch = jax.eval_shape(data.take, data.feed(KEY, 0), KEY, 0)
  assert described(batch) == described(data.spec.batch)
  for split in SPLITS:
    (batch,) = data.splits[split]()
    assert [str(a.dtype) for a in batch] == ['int32', 'int32', 'float32']
    assert len({a.shape for a in batch}) == 1


@pytest.mark.parametrize('n', [10, 11, 19, 101, 999, 1_000])
def test_the_splits_are_cut_at_eight_and_nine_tenths_rounded_down(n, own):
  whole = ''.join(map(chr, range(ord('가'), ord('가') + n)))
  data = own(whole, window=2)
  train, validation, test = (told(data, split) for split in SPLITS)
  assert len(train) == int(0.8 * n)
  assert len(train + validation) == int(0.9 * n)
  assert train + validation + test == whole
  assert data.notes == (corpus.NOTE,)


def test_windows_lie_inside_training_and_ask_for_the_symbols_that_come_next(counted):
  take, arrays = jax.jit(counted.take), counted.feed(KEY, 0)
  assert arrays.shape == (800,)
  for step in range(10):
    batch = take(arrays, KEY, step)
    np.testing.assert_array_equal(batch.x[:, 1:], batch.y[:, :-1])
    np.testing.assert_array_equal(batch.y, batch.x + 1)  # each token is its place
    assert 0 <= batch.x.min() <= batch.y.max() <= 799
    np.testing.assert_array_equal(batch.x[:, 0], counted.rows(KEY, step))
    assert (batch.weight == 1).all()


def test_windows_begin_at_every_place_alike():
  n, window, count = 20, 8, 6_000
  found = np.bincount(text.starts(KEY, 0, n, window=window, batch_size=count))
  expected = count / (n - window)
  assert len(found) == n - window  # the last window ends with the text
  # chi² of 11 degrees of freedom at p = 1e-6.
  assert ((found - expected) ** 2 / expected).sum() < 49


def test_a_training_batch_is_a_pure_function_of_key_and_step(counted):
  arrays = counted.feed(KEY, 0)
  assert counted.feed(jax.random.key(1), 7) is arrays
  one, same, other_step, other_key = (
    counted.take(arrays, jax.random.key(seed), step).x
    for seed, step in ((0, 3), (0, 3), (0, 4), (1, 3))
  )
  np.testing.assert_array_equal(one, same)
  assert (one != other_step).any()
  assert (one != other_key).any()


def test_windows_are_read_on_the_host_as_on_the_device(counted):
  ids, first = counted.feed(KEY, 0), counted.rows(KEY, 5)
  host = text.windows(ids, np.asarray(first), 8)
  batch = counted.take(jax.numpy.asarray(ids), KEY, 5)
  np.testing.assert_array_equal(host[0], batch.x)
  np.testing.assert_array_equal(host[1], batch.y)


@pytest.mark.parametrize('n', [10, 300, 1_000])
def test_each_symbol_is_told_once_in_order_from_the_one_before_it(n, own):
  data = own(''.join(map(chr, range(ord('가'), ord('가') + n))), window=2)
  start = 0
  for split in SPLITS:
    (batch,) = data.splits[split]()
    real = batch.weight == 1
    y = batch.y[real]
    np.testing.assert_array_equal(y, np.arange(start, start + len(y)))
    before = np.maximum(np.arange(start, start + len(y)) - 1, 0)  # no newline: token 0
    np.testing.assert_array_equal(batch.x[real], before)
    assert (batch.x[~real] == 0).all()
    assert (batch.y[~real] == 0).all()
    assert len(batch.x) <= 32
    start += len(y)
  assert start == n


def test_a_text_to_refit_on_trains_on_validation_and_chooses_nothing(own):
  whole = ''.join(map(chr, range(ord('가'), ord('가') + 1_000)))
  plain, data = own(whole), own(whole, refit=True)
  assert list(data.splits) == ['train', 'test']
  assert told(data, 'train') == told(plain, 'train') + told(plain, 'validation')
  (batch,), (same,) = data.splits['test'](), plain.splits['test']()
  np.testing.assert_array_equal(
    batch.x[batch.weight == 1], same.x[same.weight == 1]
  )  # its first token is told from the last of validation
  assert 'nothing can be chosen' in data.notes[-1]
  for settings in ({'patience': 3}, {'until': 'nats:1'}, {'keep_best': True}):
    with pytest.raises(UserError, match=f'--{next(iter(settings))} .* --refit'):
      own(whole, refit=True, **settings)


@pytest.mark.parametrize('n', [11, 639, 1_001])
def test_validation_and_test_have_one_shape(n, own):
  data = own(('가나다라마바사\n' * n)[:n], window=2)
  shapes = {next(data.splits[split]()).x.shape for split in ('validation', 'test')}
  assert len(shapes) == 1


def test_a_text_begins_after_a_newline_where_it_has_one(own):
  data = own('ba \n' * 10)
  (batch,) = data.splits['train']()
  assert data.write(range(4)) == '\n ab'
  assert batch.x[0, 0] == 0
  data = own('\tba\n' * 10)
  assert data.write(next(data.splits['train']()).x[0, :1]) == '\n'


def test_the_baseline_is_how_frequent_each_symbol_is_in_training(own):
  data = own('a' * 60 + 'b' * 20 + 'a' * 10 + 'aab' + 'c' * 7)
  found = data.baseline()
  a, b, c = np.log(np.array([61, 21, 1]) / 83)
  assert found['nats'] == pytest.approx(-(2 * a + b + 7 * c) / 10)
  assert found['accuracy'] == pytest.approx(0.2)


def test_a_prompt_becomes_the_numbers_of_its_symbols(own):
  data = own(KOREAN)
  ids = data.read('별을 노래')
  assert ids.dtype == np.int32
  assert data.write(ids) == '별을 노래'


@pytest.mark.parametrize(
  ('given', 'words'),
  [
    ('', r'^an empty prompt was given; give at least one'),
    ('별q을x', r"^the prompt has 'q' at character 2, which is not among the \d+ tok"),
    ('힣', r"^the prompt has '힣' at character 1"),
    ('\udcff', r"^the prompt has '\\udcff' at character 1"),  # no UTF-8 was typed
  ],
)
def test_a_prompt_that_will_not_do_is_refused_in_words(given, words, own):
  with pytest.raises(UserError, match=words):
    own(KOREAN).read(given)


def test_a_file_of_ones_own_is_known_by_what_it_holds_not_by_its_place(own, tmp_path):
  data = own(KOREAN)
  assert data.spec.source.startswith('text/')
  assert data.write(range(data.spec.limits.y)) == ''.join(sorted(set(KOREAN)))
  copy = shutil.copy(tmp_path / 'own.txt', tmp_path / 'copy.txt')
  assert load('text', copy).spec.source == data.spec.source
  assert load('text', copy).digests() == data.digests()
  assert len(set(data.digests().values())) == 3
  other = own(KOREAN.replace('별', '달'))  # the same numbers of other tokens
  assert other.spec.source != data.spec.source
  assert other.digests() != data.digests()
  assert len(list(tmp_path.iterdir())) == 2  # nothing is written beside it


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16', 'utf-32', 'utf-16-be'])
def test_a_byte_order_mark_is_no_token(encoding, own):
  plain = own(KOREAN)
  mark = '\ufeff' if encoding == 'utf-16-be' else ''
  marked = own((mark + KOREAN).encode(encoding))
  assert marked.spec == plain.spec  # of one source, too: they are one text
  assert marked.digests() == plain.digests()
  assert '\ufeff' not in marked.write(range(marked.spec.limits.y))


def test_a_prompt_is_spelt_by_the_vocabulary_that_is_given(own):
  trained = own(KOREAN)
  edited = own('a' + KOREAN)
  wanted = trained.read('별을')
  assert (edited.read('별을') != wanted).all()
  kept = vocabularies.read(trained.files()['vocabulary.json'])
  np.testing.assert_array_equal(vocabularies.prompt('별을', kept), wanted)
  assert kept.decode(wanted) == trained.write(wanted) == '별을'


@pytest.mark.parametrize(('tokens', 'kind'), [(256, np.uint8), (257, np.uint16)])
def test_symbols_take_no_more_room_than_they_need(tokens, kind, own):
  data = own(''.join(map(chr, range(ord('가'), ord('가') + tokens))))
  assert data.feed(KEY, 0).dtype == kind
  assert told(data, 'test')[-1] == chr(ord('가') + tokens - 1)


@pytest.mark.parametrize(
  ('content', 'words'),
  [
    (b'', r'own\.txt has 0 characters, windows of 8 want at least 12 '),
    ('가나' * 5 + '다', r'own\.txt has 11 characters, windows of 8 want at least 12 '),
    (b'abc\xff' * 9, r'own\.txt is not UTF-8 at byte 3 \(invalid start byte\); save'),
    (
      '가나다'.encode('utf-16')[:-1],
      r'own\.txt is not UTF-16 at byte 6 \(trunc.*; sav',
    ),
    ('가'.encode()[:2], r'is not UTF-8 at byte 0 \(unexpected end of data\)'),
  ],
)
def test_a_file_that_will_not_do_is_refused_in_words(content, words, own):
  with pytest.raises(UserError, match=words) as raised:
    own(content)
  assert '\n' not in str(raised.value)


@pytest.mark.parametrize(
  ('place', 'words'),
  [
    (
      'none.txt',
      r'none\.txt, which cannot be read \(No such file.*\); give --data_dir',
    ),
    ('.', r'which cannot be read \(Is a directory\); give --data_dir=FILE, a text in'),
  ],
)
def test_a_path_that_is_no_file_is_refused_in_words(place, words, tmp_path):
  with pytest.raises(UserError, match=words):
    load('text', tmp_path / place)


def test_a_text_of_ones_own_needs_a_data_dir():
  with pytest.raises(UserError, match=r'given without its file; give --data_dir=FILE'):
    load('text', '')


def test_as_many_characters_as_a_window_wants_will_do(own):
  data = own('가나다' * 4)  # 12, of which 9 are for training
  batch = data.take(data.feed(KEY, 0), KEY, 0)
  assert batch.y.shape == (4, 8)


def test_a_text_larger_than_resident_bytes_gives_the_same_windows(tmp_path):
  file = tmp_path / 'own.txt'
  file.write_text('The quick brown fox. ' * 40, encoding='utf-8')
  settings = {'dataset': 'text', 'data_dir': str(file), 'batch_size': 4}
  resident, streamed = (
    text.load(config.Config(**settings, resident_bytes=most), 8) for most in (2**20, 0)
  )
  key = jax.random.key(1)
  assert resident.feed(key, 0) is resident.feed(key, 1)
  assert streamed.feed(key, 0) is not streamed.feed(key, 1)
  for step in (0, 1, 2, 7):
    batches = [
      data.take(data.feed(key, step), key, step) for data in (resident, streamed)
    ]
    jax.tree.map(np.testing.assert_array_equal, *batches)


SHAPES = {'words': 40, 'bpe': 300, 'wordpiece': 60}


@pytest.mark.parametrize('kind', SHAPES)
def test_tokens_of_several_characters_carry_how_many_they_are(kind, own):
  plain = own(KOREAN, window=4)
  data = own(KOREAN, window=4, vocabulary=kind, pieces=SHAPES[kind])
  size = SHAPES[kind]
  none = {'tokens': 0, 'characters': 0}
  assert data.spec.limits == Batch(size, size, none)
  assert text.counted(data.spec)
  assert not text.counted(plain.spec)
  described = lambda tree: jax.tree.map(lambda a: (a.shape, str(a.dtype)), tree)
  batch = data.take(data.feed(KEY, 0), KEY, 3)
  assert described(batch) == described(data.spec.batch)
  (train,), ids = data.splits['train'](), np.asarray(data.feed(KEY, 0).ids)
  counts = train.weight['characters'][train.weight['tokens'] == 1]
  for first, characters in zip(
    data.rows(KEY, 3), batch.weight['characters'], strict=True
  ):
    np.testing.assert_array_equal(characters, counts[first + 1 : first + 5])
  np.testing.assert_array_equal(ids, train.y[train.weight['tokens'] == 1])
  for split in SPLITS:
    (batch,) = data.splits[split]()
    (same,) = plain.splits[split]()
    assert batch.weight['characters'].sum() == same.weight.sum()
    assert (batch.weight['characters'][batch.weight['tokens'] == 0] == 0).all()


def test_the_splits_are_the_same_text_whatever_the_vocabulary(own):
  plain = own(KOREAN)
  data = own(KOREAN, vocabulary='bpe', pieces=300)
  for split in SPLITS:
    (batch,) = data.splits[split]()
    assert data.write(batch.y[batch.weight['tokens'] == 1]) == told(plain, split)


def test_the_baseline_divides_by_tokens_and_by_characters(own):
  data = own(
    'ab ab ab ab ab ab ab ab ab ab abcabc', vocabulary='words', pieces=7, window=4
  )
  found = data.baseline()
  (test,) = data.splits['test']()
  tokens, characters = (test.weight[k].sum() for k in ('tokens', 'characters'))
  assert found['nats_per_character'] * characters == pytest.approx(
    found['nats'] * tokens
  )
  assert characters > tokens


def test_a_vocabulary_is_trained_on_the_training_split_alone(own):
  data = own('ab ' * 80 + 'xy ' * 20, vocabulary='words', pieces=50, window=4)
  assert 'ab' in data.write(range(50))
  assert 'xy' not in data.write(range(50))
  assert corpus.LOSSY in data.notes
  assert corpus.LOSSY not in own('ab ' * 80, vocabulary='bpe', pieces=300).notes


def test_the_vocabulary_is_part_of_what_identifies_a_text(own, tmp_path):
  sources_of = {
    own(KOREAN, vocabulary=kind, pieces=pieces).spec.source
    for kind, pieces in (
      ('characters', 0), ('bpe', 300), ('bpe', 301), ('words', 300), ('words', 0),
    )
  }  # fmt: skip
  assert len(sources_of) == 5
  other = own(KOREAN + '!', vocabulary='bpe', pieces=300).spec.source
  assert other not in sources_of
  file = tmp_path / 'vocab.txt'
  marks = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n'
  found = []
  for more in ('별', '달'):
    file.write_text(marks + more)
    data = own(KOREAN, vocabulary=str(file))
    found.append(data.spec.source)
    assert 'vocabulary' in data.digests()
    assert data.spec.limits.x == 6
  assert found[0] != found[1]
  assert str(file) not in found[0]


def test_a_text_with_characters_that_a_given_vocabulary_lacks_is_refused(own, tmp_path):
  kept = own('abcdefghijklmnop').files()['vocabulary.json']
  (tmp_path / 'kept.json').write_text(kept)
  data = own('abcabcabcabcabcab한', vocabulary=str(tmp_path / 'kept.json'))
  assert data.spec.limits.x == 16
  with pytest.raises(
    UserError, match=r"test of .* has '한', which its vocabulary lacks"
  ):
    next(data.splits['test']())


def test_a_prompt_without_any_token_is_refused_in_words(own):
  data = own(KOREAN, vocabulary='wordpiece', pieces=60)
  with pytest.raises(UserError, match='holds no token of the vocabulary'):
    data.read('  ')
