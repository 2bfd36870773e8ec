"""Lists the experiments by lecture, from their docstrings; imports none of them.

`python -m experiments WORD` finds by model, task, paper, data set or lecture: first
those whose name, lecture or first line has WORD, then those whose text has it.
"""

import ast
import contextlib
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

LECTURES = Path(__file__).parent / 'lectures'


class Found(NamedTuple):
  """An experiment of the listing, sorted by lecture and name."""

  lecture: int
  name: str
  star: str  # '*' for a study
  title: str
  text: str  # where else a word is looked for


def known() -> list[Found]:
  """Returns all experiments; their texts name papers, models, tasks and data sets."""
  rows = said()
  found = []
  for path in sorted(Path(__file__).parent.glob('[!_]*.py')):
    tree = ast.parse(path.read_text(encoding='utf-8'))
    doc = ast.get_docstring(tree) or ''
    title, _, lecture = doc.partition('\n')[0].partition('Lecture ')
    number = int((re.match(r'\d+', lecture) or ['99'])[0])
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    star = '*' if functions & {'study', 'draw'} and 'build' not in functions else ' '
    constants = [
      node.value
      for node in ast.walk(tree)
      if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    text = '\n'.join([doc, *constants, *rows.get(path.stem, ())])
    found.append(Found(number, path.stem, star, title.strip(), text))
  return sorted(found)


def said() -> dict[str, list[str]]:
  """Returns what the page of the course says of each experiment, in all languages."""
  files = {path.stem: path for path in LECTURES.glob('*.toml')}
  trees = {n: tomllib.loads(p.read_text(encoding='utf-8')) for n, p in files.items()}
  plan = trees.pop('plan')
  found: dict[str, list[str]] = {}
  for section in plan['section']:
    for row in section['rows']:
      for command in plan['rows'][row]:
        each = found.setdefault(command.split()[0], [])
        for tree in trees.values():
          each += [
            tree['rows'][row]['text'], tree['sections'][str(section['key'])]['title'],
          ]  # fmt: skip
  for tree in trees.values():
    for name, title in tree['titles'].items():
      found.setdefault(name, []).append(title)
  return found


def pattern(word: str) -> re.Pattern:
  """Returns the expression of a word; lecture 1 is not meant by lecture 13."""
  return re.compile(re.escape(word) + r'(?!\d)' * word[-1:].isdigit(), re.IGNORECASE)


def listing(word: str = '') -> str:
  """Returns a line for each experiment that has the word, under its lecture.

  The word is looked for in the name and the first line. A star marks studies: modules
  that compare several runs or only draw.
  """
  wanted = pattern(word)
  lecture = lambda each: f'Lecture {each.lecture}' if each.lecture != 99 else ''
  return table(
    [
      each
      for each in known()
      if wanted.search(f'{each.name}\n{each.title} {lecture(each)}')
    ]
  )


def wider(word: str) -> str:
  """Returns those that have the word elsewhere: paper, model, task or data set."""
  wanted, direct = pattern(word), listing(word)
  names = {
    line.lstrip(' *').split()[0] for line in direct.splitlines() if line[:1] == ' '
  }
  return table([e for e in known() if e.name not in names and wanted.search(e.text)])


def table(found: list[Found]) -> str:
  """Writes experiments below their lectures."""
  width = max([0, *(len(each.name) for each in found)])
  lines, last = [], None
  for each in found:
    if each.lecture != last:
      lines.append(f'\nLecture {each.lecture}' if each.lecture != 99 else '\nMore')
    lines.append(f'{each.star:>2}{each.name:<{width}}  {each.title}')
    last = each.lecture
  return '\n'.join(lines).strip('\n')


def main(words: list[str]) -> int:
  """Prints the listing; returns the exit code."""
  word = '' if words[:1] in (['-h'], ['--help']) else ' '.join(words)
  word = word.removeprefix('experiments.')
  found, more = listing(word), wider(word) if word else ''
  if not found and not more:
    print(
      f'error: {word} was given, but no name, lecture or text of an experiment has it; '
      'python -m experiments lists all',
      file=sys.stderr,
    )
    return 2
  text = [
    *([found] if found else []),
    *([f'\nAlso, by its text:\n{more}' if found else more] if more else []),
    '\n* a study: several runs compared, or pictures without training',
    'Run one:    python -m experiments.NAME',
    'Its flags:  python -m experiments.NAME --help',
    'Fewer:      python -m experiments WORD',
    'All claims: python -m experiments.course',
  ]
  try:
    sys.stdout.reconfigure(errors='replace')  # type: ignore[union-attr]
    print('\n'.join(text), flush=True)
  except (AttributeError, OSError):  # whoever reads has read enough, or nobody does
    with contextlib.suppress(AttributeError, OSError):
      os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
  return 0


if __name__ == '__main__':
  if code := main(sys.argv[1:]):
    sys.exit(code)
