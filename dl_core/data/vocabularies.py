"""Which vocabulary a text gets: as the flags say, from a file, or as it was kept."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dl_core import config
from dl_core.data import cache, spelling, subwords, vocabulary
from dl_core.data.vocabulary import Unknown, Vocabulary
from dl_core.types import UserError

CHARACTERS = 'characters'
KINDS = (CHARACTERS, *subwords.TRAINED)
SIZE = 512  # of a vocabulary that is trained, unless given
TRAINING = 1  # raised whenever training changes: kept vocabularies are its results
FILE = 'vocabulary.json'  # in a workdir


class Choice(NamedTuple):
  """A vocabulary as it is asked for, before any text is read.

  Attributes:
    kind: one of `KINDS`, or 'file'.
    size: V; 0 of characters, whose number the text decides.
    given: the vocabulary of a file; None where it is to be trained.
  """

  kind: str
  size: int = 0
  given: Vocabulary | None = None

  def tag(self, source: str) -> str:
    """Returns KIND-SIZE-DIGEST, by which it is part of the source of a data set.

    The digest of a trained vocabulary is over what decides it, the text that it is
    trained on and how, so that it is known before the text is read. That the result is
    the same in each start of a run is checked by `Data.digests`.
    """
    digest = self.given.digest if self.given else ''
    if not digest:
      plain = json.dumps([source, self.kind, self.size, TRAINING])
      digest = hashlib.sha256(plain.encode()).hexdigest()[:12]
    return f'{self.kind}-{self.size}-{digest}'


def choice(name: str = CHARACTERS, pieces: int = 0) -> Choice:
  """Reads the flags --vocabulary and --pieces.

  Args:
    name: one of `KINDS`, or the path of a file.
    pieces: the size; 0: `SIZE` of a vocabulary that is trained.

  Raises:
    UserError: the size is given of a vocabulary that has its own, or is too small; or
      the file cannot be read.
  """
  if name in subwords.TRAINED:
    size, least = pieces or SIZE, {'bpe': 256 + len(subwords.MARKS)}.get(name, 6)
    if size < least:
      raise UserError(
        f'--pieces={size} was given with --vocabulary={name}, which has at least '
        f'{least} tokens; give {least} or more'
      )
    return Choice(name, size)
  if pieces:
    what = 'the text' if name == CHARACTERS else 'the file'
    raise UserError(
      f'--pieces={pieces} was given with --vocabulary={name}, whose size {what} '
      f'decides; drop it, or give one of {", ".join(subwords.TRAINED)}'
    )
  if name == CHARACTERS:
    return Choice(CHARACTERS)
  given = in_file(config.path(name))
  return Choice(given.kind, given.size, given)


def train(choice: Choice, text: str) -> Vocabulary:
  """Trains the vocabulary that is asked for; see `subwords.train`."""
  return subwords.train(choice.kind, choice.size, text)


def in_file(path: Path) -> Vocabulary:
  """Reads a published vocabulary.

  It is a tokenizer.json (byte-level BPE, WordPiece or words), a vocab.txt (WordPiece;
  in lower case if all of its tokens are), a vocab.json with a merges.txt beside it
  (byte-level BPE), or the vocabulary.json of a workdir.

  Raises:
    UserError: it cannot be read, or is none of these.
  """
  wanted = (
    f'one of {", ".join(KINDS)} is wanted, or a file: tokenizer.json, vocab.txt, or '
    'vocab.json beside merges.txt'
  )
  try:
    content = path.read_text('utf-8')
    if path.suffix == '.txt':
      return described(of_lines(content.splitlines()))
    row = json.loads(content)
    if path.name.endswith('vocab.json'):
      merges = path.name.removesuffix('vocab.json') + 'merges.txt'
      return described(of_merges(row, path.with_name(merges)))
    if {'kind', 'tokens'} <= row.keys():
      return read(content)
    return described({'added_tokens': [], 'pre_tokenizer': None} | row)
  except OSError as error:
    at = f'{error.filename or path} cannot be read ({error.strerror})'
    raise UserError(f'--vocabulary={path} was given, but {at}; {wanted}') from error
  except UserError:
    raise
  except Exception as error:  # the library raises its own
    reason = ' '.join(str(error).split())[:200]
    raise UserError(
      f'--vocabulary={path} was given, which is no vocabulary known here ({reason}); '
      f'{wanted}'
    ) from error


def described(description: dict[str, Any]) -> Vocabulary:
  """Makes the vocabulary of a file; it is tried out at once."""
  spelling.of(description)
  size = max(spelling.rows(description).values()) + 1
  found = subwords.of('file', size, description)
  found.encode('a')
  return found


def of_lines(tokens: list[str]) -> dict[str, Any]:
  """Describes the WordPiece of a vocab.txt, a token a line."""
  kit = subwords.library()
  plain = [token for token in tokens if not token.startswith('[')]
  lower = all(token == token.lower() for token in plain)
  model = kit.models.WordPiece(
    {token: number for number, token in enumerate(tokens)}, unk_token='[UNK]'
  )
  tokenizer = kit.Tokenizer(model)
  tokenizer.normalizer = kit.normalizers.BertNormalizer(lowercase=lower)
  tokenizer.pre_tokenizer = kit.pre_tokenizers.BertPreTokenizer()
  return subwords.described(tokenizer)


def of_merges(numbered: dict[str, int], merges: Path) -> dict[str, Any]:
  """Describes the byte-level BPE of a vocab.json and its merges.txt."""
  kit = subwords.library()
  lines = merges.read_text('utf-8').splitlines()
  pairs = [
    tuple(line.split()) for line in lines if line and not line.startswith('#version')
  ]
  tokenizer = kit.Tokenizer(kit.models.BPE(numbered, pairs))
  tokenizer.pre_tokenizer = kit.pre_tokenizers.ByteLevel(add_prefix_space=False)
  return subwords.described(tokenizer)


def read(content: str) -> Vocabulary:
  """Makes a vocabulary from its content.

  Raises:
    ValueError: it is damaged.
  """
  row = json.loads(content)
  kind, size, tokens = row['kind'], row['size'], row['tokens']
  if vocabulary.packed(kind, size, tokens)[0] != row['digest']:
    raise ValueError('the digest is of another vocabulary')
  if kind == CHARACTERS:
    return vocabulary.characters(tokens)
  if kind == 'marked':
    return vocabulary.marked(tokens)
  return subwords.of(kind, size, tokens)


def kept(path: Path, make: Callable[[], Vocabulary]) -> Vocabulary:
  """Reads the vocabulary of a file; makes and writes it if it cannot be read."""
  try:
    return read(path.read_text('utf-8'))
  except (OSError, ValueError, KeyError, TypeError):
    found = make()
    cache.put(path, lambda file: file.write(found.content.encode()))
    return found


def prompt(text: str, vocabulary: Vocabulary) -> np.ndarray:
  """Encodes what a user wrote as tokens int32 [P].

  Raises:
    UserError: the text is empty, or has a character that the vocabulary lacks.
  """
  if not text:
    raise UserError('an empty prompt was given; give at least one character')
  try:
    ids = vocabulary.encode(text).ids
  except Unknown as error:
    (place,) = error.args
    raise UserError(
      f'the prompt has {text[place]!r} at character {place + 1}, which is not among '
      f'the {vocabulary.size} tokens of the text; leave it out'
    ) from error
  if not ids.size:
    raise UserError(
      f'the prompt {text!r} holds no token of the vocabulary; give at least one word'
    )
  return ids.astype(np.int32)
