"""Vocabularies: what they encode they spell, and the same text trains the same one."""

import codecs
import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tokenizers

from dl_core.data import subwords, vocabularies, vocabulary
from dl_core.types import UserError

TEXT = (
  """The quick brown fox, the lazy dog and the naïve crème brûlée:
  def walk(walker, walks):  # 별을 노래하는 마음으로 🦊
\treturn walking(walker) if walks else None\n\n\n"""
  * 40
)
ODD = '  Walks\u2014the\r\n\n foxes walked "별🦊x" \t_e\u0301nd'
SIZES = {'words': 30, 'bpe': 400, 'wordpiece': 150}


@pytest.fixture(scope='module', params=SIZES)
def trained(request):
  return subwords.train(request.param, SIZES[request.param], TEXT)


def test_the_characters_of_all_tokens_are_those_of_the_text(trained):
  for text in (TEXT, ODD, ' ', 'x'):
    found = trained.encode(text)
    assert len(found.ids) == len(found.characters)
    if found.ids.size:
      assert found.characters.sum() == len(text)
      assert found.ids.max() < trained.size


def test_bytes_and_known_words_are_spelt_as_they_were_read():
  for kind, texts in {'bpe': (TEXT, ODD, ' a'), 'words': (TEXT,)}.items():
    size = SIZES['bpe'] if kind == 'bpe' else 100
    found = subwords.train(kind, size, TEXT)
    for text in texts:
      assert found.decode(found.encode(text).ids) == text


def test_words_are_the_most_frequent_ones_and_others_are_unknown():
  found = subwords.train('words', 7, 'b a b a c b d, e')
  ids = found.encode('b a b q').ids
  assert found.unknown == 3
  # 'b' without a space is another word than ' b'; ties go by code point.
  assert found.decode(range(7)) == '<unk> a b c'
  assert ids.tolist() == [3, 4, 5, 3]
  assert found.decode([4, 3]) == ' a<unk>'


def test_wordpieces_are_read_as_berts_are():
  found = subwords.train('wordpiece', SIZES['wordpiece'], TEXT)
  assert (found.pad, found.unknown, found.start, found.stop, found.mask) == (
    0, 1, 2, 3, 4,
  )  # fmt: skip
  assert found.decode(found.encode('Naïve  WALKERS,\nthe fox').ids) == (
    'naive walkers , the fox'
  )
  assert found.decode([*found.encode('the Ж').ids, found.stop]) == 'the [UNK]'


def test_training_again_in_other_processes_gives_the_same_bytes():
  program = (
    'import hashlib, json, sys\n'
    'from dl_core.data import subwords\n'
    'sizes, text = json.load(sys.stdin)\n'
    'for kind, size in sizes.items():\n'
    '  content = subwords.train(kind, size, text).content\n'
    '  print(hashlib.sha256(content.encode()).hexdigest())\n'
  )
  wanted = [
    hashlib.sha256(subwords.train(kind, size, TEXT).content.encode()).hexdigest()
    for kind, size in SIZES.items()
  ]
  for seed in ('0', '1', '2'):
    done = subprocess.run(
      [sys.executable, '-c', program],
      input=json.dumps([SIZES, TEXT]),
      env=os.environ | {'PYTHONHASHSEED': seed},
      capture_output=True,
      text=True,
      check=True,
    )
    assert done.stdout.split() == wanted


def test_a_long_text_is_encoded_in_pieces_as_if_it_were_one(trained, monkeypatch):
  whole = trained.encode(TEXT + ODD)
  monkeypatch.setattr(subwords, 'CHUNK', 50)
  assert len(list(subwords.chunks(TEXT))) > 40
  assert ''.join(subwords.chunks(TEXT + ODD)) == TEXT + ODD
  for one, other in zip(whole, trained.encode(TEXT + ODD), strict=True):
    np.testing.assert_array_equal(one, other)


def test_tokens_written_one_by_one_spell_what_they_spell_together(trained):
  ids = trained.encode(TEXT[:300]).ids
  decoder = codecs.getincrementaldecoder('utf-8')('replace')
  parts = [trained.decode([token], decoder) for token in ids]
  assert ''.join(parts).removeprefix(' ') == trained.decode(ids)
  assert '\ufffd' not in ''.join(parts)


def test_an_incomplete_character_waits_for_its_other_bytes():
  found = subwords.train('bpe', 259, 'no merges')
  ids = found.encode('별').ids
  decoder = codecs.getincrementaldecoder('utf-8')('replace')
  assert [found.decode([token], decoder) for token in ids] == ['', '', '별']
  assert found.encode('a별🦊').characters.tolist() == [1, 0, 0, 1, 0, 0, 0, 1]
  assert found.decode(ids[:2]) == '\ufffd'


def test_rows_that_no_token_fills_are_part_of_the_size():
  found = subwords.train('words', 1_000, 'few words')
  assert found.size == 1_000
  assert found.decode([999]) == '\ufffd'


def test_a_vocabulary_is_read_again_from_its_content(trained):
  again = vocabularies.read(trained.content)
  assert again.content == trained.content
  assert again[4:10] == trained[4:10]  # the marks and the digest
  np.testing.assert_array_equal(again.encode(ODD).ids, trained.encode(ODD).ids)
  row = json.loads(trained.content)
  row['size'] += 1
  with pytest.raises(ValueError, match='digest'):
    vocabularies.read(json.dumps(row))


def test_characters_are_numbered_by_code_point():
  found = vocabulary.characters('\n abx별')
  assert found.encode('ab별').ids.tolist() == [2, 3, 5]
  assert found.start == 0
  assert found.decode([2, 5, 0]) == 'a별\n'
  with pytest.raises(vocabulary.Unknown) as raised:
    found.encode('abQ')
  assert raised.value.args == (2,)


@pytest.mark.parametrize(
  ('given', 'words'),
  [
    (('characters', 99), r'--pieces=99 was given with --vocabulary=characters, whose'),
    (('bpe', 100), r'--pieces=100 .*has at least 259 tokens; give 259 or more'),
    (('words', 3), r'--pieces=3 .*at least 6 tokens'),
    (('none.json', 0), r'none\.json was given, but .*cannot be read \(No such file'),
  ],
)
def test_a_choice_that_will_not_do_is_refused_in_words(given, words):
  with pytest.raises(UserError, match=words) as raised:
    vocabularies.choice(*given)
  assert '\n' not in str(raised.value)


def test_a_text_with_more_letters_than_pieces_is_refused_in_words():
  with pytest.raises(UserError, match=r'of this text has at least \d+ tokens; give'):
    subwords.train('wordpiece', 20, TEXT)


def files_of(kind, folder):
  """Writes a vocabulary as other libraries do; returns its file and its tokenizer."""
  description = json.loads(subwords.train(kind, SIZES[kind], TEXT).content)['tokens']
  tokenizer = tokenizers.Tokenizer.from_str(json.dumps(description))
  saved = tokenizer.model.save(str(folder))
  return saved, tokenizer


def test_published_files_are_read_as_their_library_reads_them(tmp_path):
  for kind in ('bpe', 'wordpiece'):
    folder = tmp_path / kind
    folder.mkdir()
    (file, *_), tokenizer = files_of(kind, folder)
    tokenizer.save(str(folder / 'tokenizer.json'))
    wanted = tokenizer.encode(ODD).ids
    for path in (file, str(folder / 'tokenizer.json')):
      found = vocabularies.choice(path).given
      assert found.kind == 'file'
      assert found.size == tokenizer.get_vocab_size()
      assert found.encode(ODD).ids.tolist() == wanted


def test_the_marks_of_a_published_file_are_found(tmp_path):
  file = tmp_path / 'tokenizer.json'
  tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
  tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
  trainer = tokenizers.trainers.BpeTrainer(
    vocab_size=300, special_tokens=['<|endoftext|>'], show_progress=False,
    initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
  )  # fmt: skip
  tokenizer.train_from_iterator([TEXT], trainer)
  tokenizer.save(str(file))
  found = vocabularies.choice(str(file)).given
  assert found.start == found.stop == found.pad == 0
  assert found.encode('a<|endoftext|>b').ids[1] == 0
  assert found.decode(found.encode('a<|endoftext|>b').ids) == 'ab'


@pytest.mark.parametrize(
  ('name', 'content', 'words'),
  [
    (
      'tokenizer.json',
      '{"model": {"type": "Unigram", "vocab": []}}',
      'model is Unigram',
    ),
    ('tokenizer.json', '{', 'no vocabulary known here'),
    ('vocab.json', '{"a": 0}', r'merges\.txt cannot be read \(No such file'),
    ('vocabulary.json', '{"kind": "bpe", "tokens": {}}', 'no vocabulary known here'),
  ],
)
def test_a_file_that_is_no_vocabulary_is_refused_in_words(
  name, content, words, tmp_path
):
  (tmp_path / name).write_text(content)
  with pytest.raises(UserError, match=words) as raised:
    vocabularies.choice(str(tmp_path / name))
  assert '\n' not in str(raised.value)
