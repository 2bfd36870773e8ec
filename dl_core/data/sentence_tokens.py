"""Which vocabulary labelled sentences get, and how a sentence becomes tokens.

Words are separated from each other and from punctuation, however they are written.
"""

import functools
import re
from collections.abc import Callable, Sequence

from dl_core.data import coded, corpus, forms, phrases, sources, vocabularies
from dl_core.data import vocabulary as spelling
from dl_core.data.vocabulary import Vocabulary

SPLITS = ('train', 'validation', 'test')
# Words, and what English joins to them: "do n't", "it 's".
WORD = re.compile(r"n['’]t\b|['’]\w+|\w+?(?=n['’]t\b)|\w+|[^\w\s]")
# A letter to Unicode, so that no vocabulary cuts a word at it.
APOSTROPHE = 'ʼ'
UNKNOWN = {'words': 3, 'wordpiece': 1}  # the number of this token, if it is trained


def stored_only(found: phrases.Phrases) -> bool:
  """Returns whether a workdir is all that is there of the set."""
  return found.declaration is not None and found.declaration.stored


def chosen(found: phrases.Phrases, name: str, pieces: int) -> vocabularies.Choice:
  """Returns the choice of a vocabulary; makes the vocabulary if it is of characters.

  A stored set has the vocabulary that it is stored with, whatever is wanted. A set that
  declares no characters is read to find them.
  """
  if found.declaration is not None and found.declaration.stored:
    return corpus.kept(found.declaration)
  choice = vocabularies.choice(name, pieces)
  if choice.kind != vocabularies.CHARACTERS or choice.given is not None:
    return choice
  letters = set(found.alphabet)
  if not letters:
    letters = set().union(*(text for part in SPLITS for text in found.read(part).texts))
  made = spelling.characters(''.join(sorted(letters)))
  return vocabularies.Choice(made.kind, made.size, made)


def trained(found: phrases.Phrases, choice: vocabularies.Choice) -> Vocabulary:
  """Trains a vocabulary on the training split; a prepared set keeps it on disk."""
  written = functools.partial(spaced, words=choice.kind == 'words')

  def text(split):
    texts = (each.replace(forms.PAIR, ' ') for each in found.read(split).texts)
    return ' '.join(map(written, texts))

  if found.declaration is None:
    return vocabularies.train(choice, text('train'))
  prepared = sources.prepare(found.declaration)
  return coded.trained(prepared, text, choice, 'sentences')


def spaced(text: str, words: bool) -> str:
  """Returns a text with a space before each word and punctuation mark, if wanted."""
  if not words:
    return text
  found = (
    word.replace("'", APOSTROPHE).replace('’', APOSTROPHE)
    for word in WORD.findall(text)
  )
  return ' '.join(found)


def encoder(given: Vocabulary) -> Callable[[str], Sequence[int]]:
  """Makes (text) -> the tokens of one sentence."""
  spelt = given.decode(range(given.size))
  small, words = spelt == spelt.lower(), given.kind == 'words'
  letters = set(spelt) if given.kind == vocabularies.CHARACTERS else None

  def encode(text: str) -> Sequence[int]:
    text = spaced(text.lower() if small else text, words)
    if letters is not None:
      text = ''.join(filter(letters.__contains__, text))
    return given.encode(f' {text}' if words else text).ids.tolist()

  return encode
