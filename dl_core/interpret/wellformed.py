"""Judges parts of a written text: words that exist, marks in pairs, valid Python.

Texts are cut at both ends, so their first and last words, lines and passages are left
out.
"""

import ast
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

# Shorter runs of random letters are words by chance.
WORD = re.compile(r'[^\W\d_]{4,}')
# A line that is no whole statement, completed.
FORMS = ('{}', '{} pass', 'if 1: pass\n{} pass', 'try: pass\n{} pass', '{}\ndef f(): 0')


class Passed(NamedTuple):
  """How many parts of some texts are right, and of how many."""

  right: int
  parts: int

  @property
  def share(self) -> float:
    return self.right / max(self.parts, 1)

  def __str__(self) -> str:
    return f'{self.share:.1%} of {self.parts:,}'


class Judge(NamedTuple):
  """A kind of part that is right or wrong.

  Attributes:
    parts: what is right, in a few words.
    sentence: the claim that training raises the share of right parts.
    judge: (texts) -> how many parts are right.
    steadily: whether the share is to rise from each moment to the next.
  """

  parts: str
  sentence: str
  judge: Callable[[Sequence[str]], Passed]
  steadily: bool = False


def tally(right: Callable[[str], bool], parts: Iterator[str]) -> Passed:
  """Counts the parts that are right."""
  found = [right(part) for part in parts]
  return Passed(sum(found), len(found))


def words(training: str) -> Judge:
  """Makes the judge of words, which are right if the training text has them.

  Args:
    training: the training text.
  """
  known = frozenset(WORD.findall(training))

  def judge(texts):
    found = (word for text in texts for word in WORD.findall(uncut(text)))
    return tally(known.__contains__, found)

  return Judge(
    'words of the training text',
    'Writing becomes natural with training: more and more words of four letters or '
    'more occur in the training text',
    judge,
    steadily=True,
  )


def uncut(text: str) -> str:
  """Returns a text without what stands before its first space and after its last."""
  return re.sub(r'^\S*|\S*$', '', text)


def balanced(text: str) -> bool:
  """Returns whether braces are nested, and $ and backticks come in pairs."""
  depth = 0
  for mark in text:
    depth += (mark == '{') - (mark == '}')
    if depth < 0:
      return False
  return not depth and text.count('$') % 2 == 0 and text.count('`') % 2 == 0


def passages(text: str) -> Iterator[str]:
  """Yields what stands between blank lines and has $, braces or backticks.

  A text with fewer than two blank lines is one passage.
  """
  found = re.split(r'\n\s*\n', text)
  for passage in found[1:-1] or [text]:
    if re.search(r'[{}$`]', passage):
      yield passage


def python(source: str, whole: bool) -> bool:
  """Returns whether a text is Python; it is not run.

  Args:
    source: the text.
    whole: whether it has to compile, not only to parse: `return` outside of a function
      only parses.
  """
  try:
    with warnings.catch_warnings():
      warnings.simplefilter('ignore')  # what the code does is not our concern
      if whole:
        compile(source, 'sample', 'exec', dont_inherit=True)
      else:
        ast.parse(source)
  except (SyntaxError, ValueError, RecursionError, MemoryError):
    return False
  return True


def parses(line: str) -> bool:
  """Returns whether a line is a statement, or the head of a block."""
  return any(python(form.format(line), whole=False) for form in FORMS)


def lines(text: str) -> Iterator[str]:
  """Yields the lines of a text that are neither empty nor comments."""
  for line in text.splitlines()[1:-1]:
    line = line.strip()
    if line and not line.startswith('#'):
      yield line


def definitions(text: str) -> Iterator[str]:
  """Yields the functions and classes of a text that end before it ends."""
  rows = text.splitlines()[1:-1]
  for start, row in enumerate(rows):
    head = re.match(r'(\s*)(?:async\s+def|def|class)\s', row)
    depth = len(head[1]) if head else 0
    ends = (
      number
      for number, other in enumerate(rows[start + 1 :], start + 1)
      if other.strip() and len(other) - len(other.lstrip()) <= depth
    )
    end = next(ends, None) if head else None
    if end is not None:
      yield textwrap.dedent('\n'.join(rows[start:end]))


def each(part: Callable[[str], Iterator[str]], right: Callable[[str], bool]):
  """Makes the judge of the parts of texts."""
  return lambda texts: tally(right, (one for text in texts for one in part(text)))


FORMULAS = (
  Judge(
    'passages with marks in pairs',
    'It learns to write formulas: in more passages than at first braces, $ and '
    'backticks come in pairs',
    each(passages, balanced),
  ),
)
CODE = (
  Judge(
    'lines that parse',
    'It learns to write code: more lines than at first are Python',
    each(lines, parses),
  ),
  Judge(
    'definitions that compile',
    'What it writes compiles: more functions and classes than at first do',
    each(definitions, lambda source: python(source, whole=True)),
  ),
)
