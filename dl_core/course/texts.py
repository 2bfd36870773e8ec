"""The sentences of a page in one language, read from a TOML file.

A claim is measured and worded by a lesson, in English. Its pattern has the same key in
the file of every language, under `claims` and the lesson: `{names}` in it stand for
what the lesson puts there.
"""

import ast
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dl_core.types import UserError

HOLE = re.compile(r'\{(\w+)\}')
MADE = 'Claim', 'types.Claim', 'claims.identity'
TOLERANCE = re.compile(r', to (\d[\d.e-]*)$')  # added by `report.claims.identity`


class Found(NamedTuple):
  """A claim that was recognised: its key, and what stands for the names in it."""

  key: str
  parts: Mapping[str, str]
  tolerance: str = ''


class Texts(NamedTuple):
  """All sentences of one language.

  Attributes:
    language: 'en' or 'ko'.
    flat: {dotted key: sentence}.
  """

  language: str
  flat: Mapping[str, str]

  def __call__(self, key: str, **parts: Any) -> str:
    """Returns a sentence with parts put in."""
    return fill(self.flat[key], parts)

  def get(self, key: str) -> str:
    """Returns a sentence as it stands, '' where there is none."""
    return self.flat.get(key, '')

  def under(self, key: str) -> dict[str, str]:
    """Returns {rest of the key: sentence} of the keys that begin with `key`."""
    start = f'{key}.'
    return {
      k.removeprefix(start): s for k, s in self.flat.items() if k[: len(start)] == start
    }


def fill(sentence: str, parts: Mapping[str, Any]) -> str:
  """Puts parts in the place of the names of a sentence; other braces stay."""
  return HOLE.sub(lambda hole: str(parts.get(hole[1], hole[0])), sentence)


def read(path: Path) -> Texts:
  """Reads the file of a language, whose name is the language.

  Raises:
    UserError: it is missing, damaged, or has a value that is no text.
  """
  try:
    tree = tomllib.loads(path.read_text(encoding='utf-8'))
  except (OSError, ValueError) as error:
    raise UserError(f'{path} cannot be read ({error}); restore it from git') from None
  return Texts(path.stem, dict(_flatten(tree, '')))


def _flatten(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
  for name, value in tree.items():
    if isinstance(value, Mapping):
      yield from _flatten(value, f'{prefix}{name}.')
    elif isinstance(value, str):
      yield f'{prefix}{name}', value
    else:
      raise UserError(f'{prefix}{name} is {value!r} and must be a text; mend it')


def differences(one: Texts, other: Texts) -> list[str]:
  """Returns what one of two languages lacks, and sentences with other names in them."""
  found = []
  for a, b in ((one, other), (other, one)):
    found += [f'{b.language} lacks {key}' for key in a.flat if key not in b.flat]
  for key in one.flat.keys() & other.flat.keys():
    names = [sorted(set(HOLE.findall(each.flat[key]))) for each in (one, other)]
    if names[0] != names[1]:
      found.append(f'{key} has {names[0]} in {one.language} and {names[1]} otherwise')
  return sorted(found)


class Claims(NamedTuple):
  """Recognises English claims by the patterns of a language file."""

  patterns: Mapping[str, re.Pattern]

  def find(self, sentence: str) -> Found | None:
    """Returns the claim that a sentence is, the one with the most words of its own."""
    ended = TOLERANCE.search(sentence)
    for key, pattern in self.patterns.items():
      found = pattern.fullmatch(sentence)
      if found and not any(map(TOLERANCE.search, found.groups())):
        return Found(key, found.groupdict())
    for key, pattern in self.patterns.items():
      if ended and (found := pattern.fullmatch(TOLERANCE.sub('', sentence))):
        return Found(key, found.groupdict(), ended[1])
    return None


def claims(english: Texts) -> Claims:
  """Compiles the patterns of all claims, the most specific first.

  A pattern without a word of its own, as '{condition}, {sentence}', would match any
  claim and is left out; what a lesson puts together so stands under `claims.other`.
  """
  found = {f'claims.{k}': text for k, text in english.under('claims').items()}
  own = {key: HOLE.sub('', text) for key, text in found.items() if worded(text)}
  order = sorted(own, key=lambda key: -len(own[key]))
  return Claims({key: re.compile(expression(found[key])) for key in order})


def worded(pattern: str) -> bool:
  """Returns whether a pattern has a word of its own, besides its names."""
  return bool(re.search(r'\w', HOLE.sub('', pattern)))


def expression(pattern: str, part: str = '.*?') -> str:
  """Returns the regular expression of a pattern; each name matches a `part`."""
  parts = HOLE.split(pattern)
  return ''.join(
    f'(?P<{each}>{part})' if number % 2 else re.escape(each)
    for number, each in enumerate(parts)
  )


def said(texts: Texts, found: Found, words: Callable[[str], str] = str) -> str:
  """Returns a claim in a language; `words` translates what stands for its names."""
  parts = {name: words(part) for name, part in found.parts.items()}
  sentence = fill(texts.flat[found.key], parts)
  if found.tolerance:
    sentence += texts('page.tolerance', tolerance=found.tolerance)
  return sentence


def declared(path: Path, made: Collection[str] = MADE) -> list[str]:
  """Returns the patterns of the claims that a source file makes, `{}` for each hole.

  A sentence that is put together elsewhere is left out.

  Args:
    path: of the source file.
    made: what makes them; ('Picture',) for the titles of pictures.
  """
  return [
    sentence
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
    if isinstance(node, ast.Call) and ast.unparse(node.func) in made and node.args
    for sentence in skeleton(node.args[0])
  ]


def skeleton(node: ast.expr) -> list[str]:
  """Returns [the text of a literal], `{}` for each hole; [] for another expression."""
  if isinstance(node, ast.Constant) and isinstance(node.value, str):
    return [node.value]
  if not isinstance(node, ast.JoinedStr):
    return []
  parts = [v.value if isinstance(v, ast.Constant) else '{}' for v in node.values]
  return [''.join(map(str, parts))]
