"""Vocabularies of words and of parts of words, trained and read through `tokenizers`.

A tokenizer is described by the JSON of that library. Training is deterministic: the
same texts give the same bytes, in any process.
"""

import collections
import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from dl_core.data import spelling, vocabulary
from dl_core.data.vocabulary import Encoded, Vocabulary
from dl_core.types import UserError

CHUNK = 2**16  # characters, at least, that are encoded at a time
# The marks of vocabularies that are trained here; those of BERT for WordPiece.
MARKS = ('<pad>', '<start>', '<stop>')
BERT = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]')
# What marks are called in files, the likeliest name first.
NAMES = {
  'pad': ('<pad>', '[PAD]'),
  'unknown': ('<unk>', '[UNK]'),
  'start': ('<start>', '[CLS]', '<s>', '<|endoftext|>'),
  'stop': ('<stop>', '[SEP]', '</s>', '<|endoftext|>'),
  'mask': ('[MASK]', '<mask>'),
}
# A word or one other character with the space before it, if any; else white space.
WORD = r' ?\w+| ?[^\w\s]|\s'
BREAK = re.compile(r'(?<=\S)(?=\n)')  # no token of any kind reaches across


def library() -> Any:
  """Imports `tokenizers`, without threads of its own."""
  os.environ.setdefault('TOKENIZERS_PARALLELISM', 'false')
  import tokenizers

  return tokenizers


def chunks(text: str) -> Iterator[str]:
  """Cuts a text into pieces that are encoded as if they were one."""
  start = 0
  while start < len(text):
    found = BREAK.search(text, start + CHUNK)
    end = found.start() if found else len(text)
    yield text[start:end]
    start = end


def words(text: str, size: int) -> dict[str, Any]:
  """Describes the most frequent words of a text; of equals the first by code point.

  A word includes the space before it, if any, so that decoding gives back the text.
  All other words are one token, `<unk>`.
  """
  kit = library()
  split = kit.pre_tokenizers.Split(kit.Regex(WORD), 'removed', invert=True)
  counts: collections.Counter = collections.Counter()
  for chunk in chunks(text):
    counts.update(piece for piece, _ in split.pre_tokenize_str(chunk))
  marks = [*MARKS, '<unk>']
  ranked = sorted(counts, key=lambda piece: (-counts[piece], piece))
  kept = [*marks, *ranked][: max(size, len(marks) + 1)]
  model = kit.models.WordLevel(
    {piece: number for number, piece in enumerate(kept)}, unk_token='<unk>'
  )
  tokenizer = kit.Tokenizer(model)
  tokenizer.pre_tokenizer = split
  return described(tokenizer)


def bpe(text: str, size: int) -> dict[str, Any]:
  """Describes a byte-level BPE (Radford et al. 2019), which decodes exactly.

  All 256 bytes are tokens, so nothing is unknown.
  """
  kit = library()
  level = kit.pre_tokenizers.ByteLevel
  tokenizer = kit.Tokenizer(kit.models.BPE())
  tokenizer.pre_tokenizer = level(add_prefix_space=False)
  trainer = kit.trainers.BpeTrainer(
    vocab_size=size,
    special_tokens=list(MARKS),
    initial_alphabet=sorted(level.alphabet()),
    show_progress=False,
  )
  tokenizer.train_from_iterator(chunks(text), trainer)
  return described(tokenizer)


def wordpiece(text: str, size: int) -> dict[str, Any]:
  """Describes a WordPiece in lower case, without accents, as BERT's.

  The trainer numbers the letters inside words in the order of a hash map, and ties
  between pairs follow the numbers. Given beforehand, in order, they are the same in
  every run.
  """
  kit = library()
  tokenizer = kit.Tokenizer(kit.models.WordPiece(unk_token='[UNK]'))
  tokenizer.normalizer = kit.normalizers.BertNormalizer(lowercase=True)
  tokenizer.pre_tokenizer = kit.pre_tokenizers.BertPreTokenizer()
  letters: set[str] = set()
  for chunk in chunks(text):
    letters.update(*tokenizer.normalizer.normalize_str(chunk).split())
  trainer = kit.trainers.WordPieceTrainer(
    vocab_size=size,
    special_tokens=[*BERT, *(f'##{letter}' for letter in sorted(letters))],
    show_progress=False,
  )
  tokenizer.train_from_iterator(chunks(text), trainer)
  return described(tokenizer)


TRAINED = {'words': words, 'bpe': bpe, 'wordpiece': wordpiece}


def train(kind: str, size: int, text: str) -> Vocabulary:
  """Trains a vocabulary of a kind on a text.

  Raises:
    UserError: the size is less than what it must hold.
  """
  description = TRAINED[kind](text, size)
  least = len(description['model']['vocab'])
  if least > size:
    raise UserError(
      f'--pieces={size} was given, but a vocabulary of {kind} of this text has at '
      f'least {least} tokens; give {least} or more'
    )
  return of(kind, size, description)


def described(tokenizer: Any) -> dict[str, Any]:
  """Returns the description of a trained tokenizer, whose marks no text contains."""
  return json.loads(tokenizer.to_str()) | {'added_tokens': []}


def of(kind: str, size: int, description: Mapping[str, Any]) -> Vocabulary:
  """Makes the vocabulary of a described tokenizer.

  Args:
    kind, size: see `Vocabulary`.
    description: the JSON of `tokenizers`.

  Raises:
    ValueError: it is of a kind whose tokens cannot be spelt.
  """
  numbered = spelling.rows(description)
  spelt, spaced = spelling.of(description)
  marks = {
    name: next((numbered[each] for each in known if each in numbered), None)
    for name, known in NAMES.items()
  }
  silent = {marks[name] for name in ('pad', 'start', 'stop', 'mask')}
  pieces = [vocabulary.STRANGE] * (max(numbered.values()) + 1)
  for token, number in numbered.items():
    pieces[number] = b'' if number in silent else spelt(token)
  kind_of, tokenizer = vocabulary.kind_of(size), None

  def encode(text: str) -> Encoded:
    nonlocal tokenizer
    if tokenizer is None:
      tokenizer = library().Tokenizer.from_str(json.dumps(description))
      tokenizer.no_truncation()
      tokenizer.no_padding()
    ids, starts, offset = [], [], 0
    for chunk in chunks(text):
      found = tokenizer.encode(chunk, add_special_tokens=False)
      ids.append(np.array(found.ids, kind_of))
      starts.append(offset + np.array([first for first, _ in found.offsets], int))
      offset += len(chunk)
    if not sum(map(len, ids)):
      return Encoded(np.zeros(0, kind_of), np.zeros(0, np.uint8))
    places = np.concatenate(starts)
    places[0] = 0
    lengths = np.diff(np.append(places, len(text)))
    return Encoded(
      np.concatenate(ids), lengths.astype(vocabulary.kind_of(int(lengths.max()) + 1))
    )

  stop = marks['stop']
  pad = next(each for each in (marks['pad'], stop, 0) if each is not None)
  digest, content = vocabulary.packed(kind, size, description)
  return Vocabulary(
    kind=kind,
    size=size,
    encode=encode,
    decode=vocabulary.speller(pieces, clip=spaced),
    pad=pad,
    unknown=marks['unknown'],
    start=pad if marks['start'] is None else marks['start'],
    stop=stop,
    mask=marks['mask'],
    digest=digest,
    content=content,
  )
