"""Lists every experiment by lecture. Reads their docstrings, imports none of them."""

import ast
import re
import sys
from pathlib import Path


def listing() -> str:
  """Returns a line for each experiment, under its lecture."""
  found = []
  for path in sorted(Path(__file__).parent.glob('[!_]*.py')):
    doc = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8'))) or ''
    title, _, lecture = doc.partition('\n')[0].partition('Lecture ')
    number = int((re.match(r'\d+', lecture) or ['99'])[0])
    found.append((number, path.stem, title.strip()))
  width = max(len(name) for _, name, _ in found)
  lines, last = [], None
  for number, name, title in sorted(found):
    if number != last:
      lines.append(f'\nLecture {number}' if number != 99 else '\nMore')
    lines.append(f'  {name:<{width}}  {title}')
    last = number
  return '\n'.join(lines).strip()


if __name__ == '__main__':
  if len(sys.argv) > 1 and sys.argv[1] not in ('-h', '--help'):
    name = sys.argv[1].removeprefix('experiments.')
    print(f'error: run it as python -m experiments.{name}', file=sys.stderr)
    sys.exit(2)
  sys.stdout.reconfigure(errors='replace')  # type: ignore[union-attr]
  print(listing())
  print('\nRun one:    python -m experiments.NAME')
  print('Its flags:  python -m experiments.NAME --help')
