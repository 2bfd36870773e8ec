"""Sentences of a few known words, as tokens padded to one length.

Shapes: n sentences, T tokens of each.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from dl_core.data import subwords, vocabularies
from dl_core.data.vocabulary import Vocabulary

PAD, START, STOP = range(len(subwords.MARKS))  # their tokens


class Wording(NamedTuple):
  """A vocabulary of words that is known before any sentence is read.

  Attributes:
    tag: kind, size and digest, by which it is part of the source of a data set.
    size: V, the size asked for; fewer rows may be filled.
    vocabulary: () -> the vocabulary, the same object every time.
  """

  tag: str
  size: int
  vocabulary: Callable[[], Vocabulary]

  def files(self) -> dict[str, str]:
    """Returns what a workdir keeps of it; see `Data.files`."""
    return {vocabularies.FILE: self.vocabulary().content}

  def write(self, tokens: Iterable[int], decoder: object = None) -> str:
    """Returns the text of tokens; see `Data.write`."""
    return self.vocabulary().decode(tokens, decoder)


def of(source: str, size: int, text: Callable[[], str]) -> Wording:
  """Makes the vocabulary of the words of a text.

  Args:
    source: name and version of the sentences.
    size: V.
    text: () -> all words, at the beginning of a line and after a space, as they occur.
  """
  choice = vocabularies.choice('words', size)
  trained = functools.cache(lambda: vocabularies.train(choice, text()))
  return Wording(choice.tag(source), size, trained)


def given(vocabulary: Vocabulary) -> Wording:
  """Makes the wording of a vocabulary that is there, such as a workdir's."""
  choice = vocabularies.Choice(vocabulary.kind, vocabulary.size, vocabulary)
  return Wording(choice.tag(''), vocabulary.size, lambda: vocabulary)


def padded(
  vocabulary: Vocabulary, texts: Sequence[str], length: int, ended: bool = False
) -> tuple[np.ndarray, np.ndarray]:
  """Encodes sentences, each distinct one once.

  Args:
    vocabulary: of their words.
    texts: n sentences.
    length: T; what is longer is cut.
    ended: whether a stop token follows the last word and counts as one.

  Returns:
    tokens int32 [n, T] and weights float32 [n, T], 0 where there is padding.
  """
  distinct, which = np.unique(np.array(texts, object), return_inverse=True)
  tokens = np.full((len(distinct), length), vocabulary.pad, np.int32)
  counts = np.zeros(len(distinct), int)
  for row, text in enumerate(distinct):
    ids = vocabulary.encode(text).ids[: length - ended].tolist()
    ids += [vocabulary.stop] if ended else []
    tokens[row, : len(ids)], counts[row] = ids, len(ids)
  weight = (np.arange(length)[None] < counts[:, None]).astype(np.float32)
  return tokens[which], weight[which]


def shifted(vocabulary: Vocabulary, tokens: np.ndarray) -> np.ndarray:
  """Returns what precedes each of the tokens [n, T]: the start token first."""
  first = np.full((len(tokens), 1), vocabulary.start, tokens.dtype)
  return np.concatenate([first, tokens[:, :-1]], axis=1)
