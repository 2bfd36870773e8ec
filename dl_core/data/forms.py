"""Arranges the tokens of an example's text, or of its two texts, as a model reads them.

  PLAIN   A                              recurrent networks
  BERT    [CLS] A [SEP], or [CLS] A [SEP] B [SEP] with segments 0 and 1
  GPT     start A classify, or start A delimiter B classify

The tokens of BERT are part of its vocabulary. Those of GPT follow after it: Radford et
al., 2018 (https://openai.com/index/language-unsupervised), add them for fine-tuning.

Shapes: T tokens of the longest example, V tokens in the vocabulary.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from dl_core.data.vocabulary import Vocabulary
from dl_core.types import Batch

PAIR = '\t'  # stands between the two texts of an example
LEAST = 8  # width of a length class
START, DELIMITER, CLASSIFY = range(3)  # numbers after those of GPT's vocabulary

Texts = Sequence[Sequence[int]]  # tokens of one text or of two


class Form(NamedTuple):
  """How the texts of an example become one sequence of tokens.

  Attributes:
    texts: most texts of an example.
    row: (tokens of its texts, vocabulary, T) -> x, which has `tokens` [T], padded, and
      `lengths` [].
    extra: number of tokens that follow after those of the vocabulary.
    leaves: {leaf of x beside `tokens` and `lengths`, [T]: how many values it takes}.
    ends: whether the vocabulary must have a token that ends a text.
  """

  texts: int
  row: Callable[[Texts, Vocabulary, int], Mapping[str, Any]]
  extra: int = 0
  leaves: Mapping[str, int] = MappingProxyType({})
  ends: bool = False


def plain(texts: Texts, given: Vocabulary, longest: int) -> Mapping[str, Any]:
  """Returns the tokens of one text without any marks."""
  return padded(list(texts[0][:longest]), given, longest)


def bert(texts: Texts, given: Vocabulary, longest: int) -> Mapping[str, Any]:
  """Returns [CLS] A [SEP], or [CLS] A [SEP] B [SEP], and which segment each is of."""
  assert given.stop is not None, 'the vocabulary has a [SEP]'
  ids, segments = [given.start], [0]
  for number, text in enumerate(trimmed(texts, longest - 1 - len(texts))):
    ids += [*text, given.stop]
    segments += [number] * (len(text) + 1)
  found = np.zeros(longest, np.int32)
  found[: len(segments)] = segments
  return {**padded(ids, given, longest), 'segments': found}


def gpt(texts: Texts, given: Vocabulary, longest: int) -> Mapping[str, Any]:
  """Returns start A classify, or start A delimiter B classify."""
  ids: list[int] = []
  for text in trimmed(texts, longest - 1 - len(texts)):
    ids += [given.size + (DELIMITER if ids else START), *text]
  return padded([*ids, given.size + CLASSIFY], given, longest)


def trimmed(texts: Texts, room: int) -> Texts:
  """Cuts one text or two at their ends to `room` tokens; the longer one loses more."""
  if len(texts) == 1:
    return [texts[0][:room]]
  first, second = texts
  kept = min(len(second), max(room - len(first), room // 2))
  return [first[: room - kept], second[:kept]]


def padded(ids: Sequence[int], given: Vocabulary, longest: int) -> dict[str, Any]:
  tokens = np.full(longest, given.pad, np.int32)
  tokens[: len(ids)] = ids
  return {'tokens': tokens, 'lengths': np.int32(len(ids))}


PLAIN = Form(1, plain)
BERT = Form(2, bert, leaves=MappingProxyType({'segments': 2}), ends=True)
GPT = Form(2, gpt, extra=CLASSIFY + 1)


def widths(longest: int) -> tuple[int, ...]:
  """Returns the widths of up to three length classes, the last T; see `tasks.cut`.

  There are few, since a Transformer is compiled for each.
  """
  parts = {-(-longest // part) for part in (4, 2)}
  return (*sorted(width for width in parts if LEAST <= width < longest), longest)


def axes(form: Form) -> Batch:
  """Returns which axis of the leaves of a batch is time; see `tasks.cut`."""
  x = {'tokens': 1, 'lengths': None} | dict.fromkeys(form.leaves, 1)
  return Batch(x, None, None)
