"""Lists the experiments by lecture, from their docstrings; imports none of them.

`python -m experiments WORD` lists those whose name, lecture or first line has WORD.
"""

import ast
import contextlib
import os
import re
import sys
from pathlib import Path


def listing(word: str = '') -> str:
  """Returns a line for each experiment that has the word, under its lecture.

  A star marks studies: modules that compare several runs or only draw.
  """
  # After `lecture 1` comes no digit, so that lecture 13 is not meant.
  wanted = re.compile(re.escape(word) + r'(?!\d)' * word[-1:].isdigit(), re.IGNORECASE)
  found = []
  for path in sorted(Path(__file__).parent.glob('[!_]*.py')):
    tree = ast.parse(path.read_text(encoding='utf-8'))
    first = (ast.get_docstring(tree) or '').partition('\n')[0]
    if wanted.search(f'{path.stem}\n{first}'):
      title, _, lecture = first.partition('Lecture ')
      number = int((re.match(r'\d+', lecture) or ['99'])[0])
      functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
      star = '*' if functions & {'study', 'draw'} and 'build' not in functions else ' '
      found.append((number, path.stem, star, title.strip()))
  width = max([0, *(len(name) for _, name, _, _ in found)])
  lines, last = [], None
  for number, name, star, title in sorted(found):
    if number != last:
      lines.append(f'\nLecture {number}' if number != 99 else '\nMore')
    lines.append(f'{star:>2}{name:<{width}}  {title}')
    last = number
  return '\n'.join(lines).strip('\n')


def main(words: list[str]) -> int:
  """Prints the listing; returns the exit code."""
  word = '' if words[:1] in (['-h'], ['--help']) else ' '.join(words)
  found = listing(word.removeprefix('experiments.'))
  if not found:
    print(
      f'error: {word} was given, but no name, lecture or first line of an experiment '
      'has it; python -m experiments lists all',
      file=sys.stderr,
    )
    return 2
  text = [
    found,
    '\n* a study: several runs compared, or pictures without training',
    'Run one:    python -m experiments.NAME',
    'Its flags:  python -m experiments.NAME --help',
    'Fewer:      python -m experiments WORD',
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
