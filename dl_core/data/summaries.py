"""Documents whose first line sums up the rest, as a docstring's does.

Documents of a text have two blank lines between them. Of a document with a summary, the
first line is a sentence and the second line is empty.
"""

import re
from typing import NamedTuple

from dl_core.data import passages
from dl_core.data.corpus import Text
from dl_core.types import UserError

SPLITS = ('validation', 'test')
SENTENCE = re.compile(r'(?<=[.!?])\s+')
SHORTEST = 30  # body, in characters
FEWEST = 3  # words of a summary


class Document(NamedTuple):
  """A document: its first line, and what follows the empty line after that."""

  summary: str
  body: str


def found(text: str) -> list[Document]:
  """Returns the documents of a text that have a summary, in order."""
  documents = []
  for each in passages.DOCUMENT.split(text):
    summary, _, rest = each.strip('\n').partition('\n')
    body = rest.strip()
    sentence = summary[:1].isupper() and summary.endswith('.')
    long = len(summary.split()) >= FEWEST and len(body) >= SHORTEST
    if sentence and rest.startswith('\n') and long:
      documents.append(Document(summary, body))
  return documents


def held_out(text: Text) -> list[Document]:
  """Returns those of the validation and test splits of a text.

  Raises:
    UserError: there is none.
  """
  documents = [each for split in SPLITS for each in found(text.read(split))]
  if not documents:
    raise UserError(
      f'{text.source} was given, where no document of the validation and test splits '
      'begins with a summary; give a --dataset with some: a sentence, an empty line '
      'and a body, with two empty lines before the next document'
    )
  return documents


def first_sentence(text: str) -> str:
  """Returns the first sentence of a text, in one line."""
  paragraph = passages.PARAGRAPH.split(text.strip(), maxsplit=1)[0]
  return SENTENCE.split(' '.join(paragraph.split()), maxsplit=1)[0]
