"""Vocabularies: texts as numbers, and back. Here: the contract, and characters.

Tokens of several characters are in `subwords`; which vocabulary a data set gets, and
where it is kept, is in `vocabularies`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

MARKS, UNKNOWN = 4, 1  # of `marked`: how many there are, and one of them
STRANGE = '\ufffd'.encode()  # how a row of the vocabulary that no token fills is spelt


class Encoded(NamedTuple):
  """A text of n tokens.

  Attributes:
    ids: [n], of the smallest unsigned type that holds all numbers of the vocabulary.
    characters: integers [n], how many characters of the text each token stands for.
      They sum to the length of the text, whatever the vocabulary drops.
  """

  ids: np.ndarray
  characters: np.ndarray


class Unknown(ValueError):
  """A text has a character that a vocabulary without an unknown token lacks.

  `args` are the place of the character, from 0.
  """


class Vocabulary(NamedTuple):
  """The tokens of a model, as values and functions.

  Attributes:
    kind: 'characters', 'marked' (characters with marks), 'words', 'bpe', 'wordpiece'
      or 'file'.
    size: V; fewer rows may be filled.
    encode: (text) -> Encoded; raises Unknown.
    decode: (tokens, decoder=None) -> text; see `Data.write`. Marks spell nothing.
    pad: what fills up a batch.
    unknown: what stands for anything not in the vocabulary; None: it is refused.
    start: what stands before the first token of a text.
    stop: what stands after the last one; None: there is none.
    mask: what stands for a hidden token; None: there is none.
    digest: 12 hexadecimal digits over the content.
    content: JSON from which `vocabularies.read` makes the same vocabulary.
  """

  kind: str
  size: int
  encode: Callable[[str], Encoded]
  decode: Callable[..., str]
  pad: int
  unknown: int | None
  start: int
  stop: int | None
  mask: int | None
  digest: str
  content: str


def characters(alphabet: str) -> Vocabulary:
  """Makes the vocabulary whose tokens are single characters (code points).

  It has no marks: a text begins after a newline, or after token 0 where there is none.

  Args:
    alphabet: in the order of the code points; the place of a character is its number.
  """

  def encode(text):
    ids, known = numbers(text, alphabet)
    if not known.all():
      raise Unknown(int(known.argmin()))
    return Encoded(ids, np.broadcast_to(np.uint8(1), ids.shape))

  pieces = [one.encode('utf-8', 'surrogatepass') for one in alphabet]
  digest, content = packed('characters', len(alphabet), alphabet)
  return Vocabulary(
    kind='characters',
    size=len(alphabet),
    encode=encode,
    decode=speller(pieces),
    pad=0,
    unknown=None,
    start=max(alphabet.find('\n'), 0),
    stop=None,
    mask=None,
    digest=digest,
    content=content,
  )


def marked(alphabet: str) -> Vocabulary:
  """Makes the vocabulary of single characters after four marks.

  They are padding, unknown (any other character), start and stop, of numbers 0 to 3.

  Args:
    alphabet: in the order of the code points.
  """

  def encode(text):
    ids, known = numbers(text, alphabet)
    kind = kind_of(len(alphabet) + MARKS)
    ids = np.where(known, ids.astype(kind) + MARKS, UNKNOWN).astype(kind)
    return Encoded(ids, np.broadcast_to(np.uint8(1), ids.shape))

  spelt = [one.encode('utf-8', 'surrogatepass') for one in alphabet]
  digest, content = packed('marked', len(alphabet) + MARKS, alphabet)
  return Vocabulary(
    kind='marked',
    size=len(alphabet) + MARKS,
    encode=encode,
    decode=speller([b'', STRANGE, b'', b'', *spelt]),
    pad=0,
    unknown=UNKNOWN,
    start=2,
    stop=3,
    mask=None,
    digest=digest,
    content=content,
  )


def numbers(text: str, alphabet: str) -> tuple[np.ndarray, np.ndarray]:
  """Finds each character in an alphabet that is in the order of code points.

  Returns:
    The numbers [n], of the smallest type that holds them, and bool [n]: whether the
    character is there at all.
  """
  tokens, codes = points(alphabet), points(text)
  places = np.searchsorted(tokens, codes).clip(max=len(tokens) - 1)
  return places.astype(kind_of(len(tokens))), tokens[places] == codes


def points(text: str) -> np.ndarray:
  """Returns the code points uint32 [n] of a text."""
  return np.frombuffer(text.encode('utf-32-le', 'surrogatepass'), '<u4')


def kind_of(size: int) -> np.dtype:
  """Returns the smallest unsigned type that holds the numbers below `size`."""
  return np.min_scalar_type(size - 1)


def speller(pieces: Sequence[bytes], clip: bool = False) -> Callable[..., str]:
  """Makes the `decode` of a vocabulary.

  Args:
    pieces: the UTF-8 bytes of each token, or a part of a character's.
    clip: whether a whole text loses the space at its beginning, which tokens of words
      have before them.
  """

  def decode(tokens: Iterable[Any], decoder: Any = None) -> str:
    spelt = b''.join(
      pieces[token] if token < len(pieces) else STRANGE for token in map(int, tokens)
    )
    if decoder is not None:
      return decoder.decode(spelt)
    text = spelt.decode('utf-8', 'replace')
    return text.removeprefix(' ') if clip else text

  return decode


def packed(kind: str, size: int, tokens: Any) -> tuple[str, str]:
  """Returns the digest and the content of a vocabulary.

  Args:
    kind, size: see `Vocabulary`.
    tokens: what JSON can write.
  """
  plain = json.dumps([kind, size, tokens], ensure_ascii=True)
  digest = hashlib.sha256(plain.encode()).hexdigest()[:12]
  row = {'kind': kind, 'size': size, 'digest': digest, 'tokens': tokens}
  return digest, json.dumps(row, ensure_ascii=True) + '\n'
