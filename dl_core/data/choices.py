r"""Multiple-choice examples: a context and several answers, one of them right.

A user's own file has an example in each line: the context, the right answer, and one or
more wrong ones, separated by tabs. A context may be empty, `\n` stands for a newline,
and empty lines are passed over. The first quarter of the examples is for training.

The embedded examples ask which sentence follows the first line of a docstring: the one
that does, or one that follows the first line of three others.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dl_core import config
from dl_core.data import encodings, summaries
from dl_core.data.corpus import Text
from dl_core.data.summaries import Document
from dl_core.types import UserError

WRONG = 3  # answers of an embedded example
SHORT, LONG = 20, 160  # characters of an embedded answer
WANTED = 'a context, its right answer and one or more wrong ones, with tabs between'


class Example(NamedTuple):
  """A context, its answers, the right one first, and the place that it is from."""

  context: str
  answers: tuple[str, ...]
  place: str


class Choices(NamedTuple):
  """Examples for training, from which shots are taken, and those to be answered."""

  train: Sequence[Example]
  test: Sequence[Example]


class Source(NamedTuple):
  """Where examples come from: its name with a version, and () -> the examples."""

  name: str
  read: Callable[[], Choices]


def own(path: str, shots: int) -> Source:
  """Reads a user's own file.

  Args:
    path: of the file, in UTF-8.
    shots: examples that its training part must have.

  Raises:
    UserError: it cannot be read, a line is not as wanted, or there are too few.
  """
  try:
    content = config.path(path).read_bytes()
  except OSError as error:
    raise UserError(
      f'--examples={path} was given, which cannot be read ({error.strerror}); give a '
      f'text file with {WANTED}, in each line'
    ) from error
  text = encodings.decoded(content, path, 'save it as UTF-8')
  lines = enumerate(text.replace('\r\n', '\n').split('\n'), 1)
  examples = [one(line, f'line {n} of {path}') for n, line in lines if line.strip()]
  cut = len(examples) // 4
  if cut < max(shots, 1):
    raise UserError(
      f'{path} has {len(examples)} examples, and the first quarter of them gives the '
      f'shots; --shots={shots} wants {4 * max(shots, 1)} or more'
    )
  digest = hashlib.sha256(content).hexdigest()[:12]
  found = Choices(examples[:cut], examples[cut:])
  return Source(f'examples/{digest}', lambda: found)


def one(line: str, place: str) -> Example:
  """Reads the example of a line.

  Raises:
    UserError: it has too few cells, or an answer is empty or there twice.
  """
  context, *answers = (cell.replace(r'\n', '\n') for cell in line.split('\t'))
  if len(answers) < 2:
    raise UserError(f'{place} has {len(answers) + 1} cells; wanted are {WANTED}')
  if not all(answer.strip() for answer in answers):
    raise UserError(f'{place} has an empty answer; wanted are {WANTED}')
  if len({*answers}) < len(answers):
    raise UserError(f'{place} has the same answer twice; leave one out')
  return Example(context, tuple(answers), place)


def embedded(text: Text, count: int, shots: int) -> Source:
  """Makes examples of the documents with a summary in a text.

  Those to be answered are of its validation and test splits.

  Args:
    text: whose documents.
    count: the most examples to be answered.
    shots: examples that the training part must have.

  Raises:
    UserError: there is nothing to be answered; `read` raises it, too.
  """
  if not count:
    raise UserError(
      '--documents=0 was given without --examples, which leaves no question; give '
      '--examples=FILE, or drop it'
    )

  def read():
    train = endings(summaries.found(text.read('train')), f'train of {text.source}')
    test = endings(summaries.held_out(text), f'validation and test of {text.source}')[
      :count
    ]
    if len(train) < shots:
      raise UserError(
        f'{text.source} was given, whose training split has {len(train)} examples; '
        f'--shots={shots} wants as many, give --examples=FILE or fewer shots'
      )
    return Choices(train, test)

  return Source(f'endings of {text.source}', read)


def endings(documents: Sequence[Document], place: str) -> list[Example]:
  """Makes an example of each document: which sentence follows the summary?

  Raises:
    UserError: there are too few different sentences.
  """
  pairs = [(each.summary, summaries.first_sentence(each.body)) for each in documents]
  pairs = [
    (context, right)
    for context, right in pairs
    if SHORT <= len(right) <= LONG and right[-1] in '.!?'
  ]
  sentences = np.array(list(dict.fromkeys(right for _, right in pairs)))
  if len(sentences) <= WRONG:
    raise UserError(
      f'{place} was given, where {len(sentences)} first lines are followed by a '
      f'sentence of their own; {WRONG + 1} or more are wanted, give --examples=FILE'
    )
  random = np.random.default_rng(0)

  def example(context, right):
    wrong = random.choice(sentences[sentences != right], WRONG, replace=False)
    return Example(context, (right, *map(str, wrong)), place)

  return [example(*each) for each in pairs]


def shots(examples: Sequence[Example], count: int, seed: int) -> str:
  """Returns examples with their right answers, joined by blank lines.

  They are drawn without replacement; more of the same seed begin with the same ones.
  """
  order = np.random.default_rng(seed).permutation(len(examples))[:count]
  chosen = [examples[number] for number in order]
  return ''.join(f'{each.context} {each.answers[0]}\n\n' for each in chosen)
