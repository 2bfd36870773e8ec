"""Prints rows of the benchmark as a table, and compares them with earlier rows."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dl_core.types import UserError

Row = Mapping[str, Any]  # see `benchmark.row`
COLUMNS: dict[str, Callable[[Row], str]] = {
  'experiment': lambda row: row['experiment'],
  'batch': lambda row: f'{row["batch_size"]:,}',
  'precision': lambda row: row['precision'],
  'compile s': lambda row: f'{row["compile_seconds"]:.1f}',
  'step ms': lambda row: within(row, 'step_ms'),
  'a second': lambda row: (
    f'{row["tokens_per_second"]:,.0f} tokens'
    if row['tokens_per_second']
    else f'{row["examples_per_second"]:,.0f} examples'
  ),
  'GFLOP/s': lambda row: f'{row["flops_per_second"] / 1e9:,.3g}',
  'MFU': lambda row: f'{row["mfu"]:.1%}' if row['mfu'] else '',
  'MB': lambda row: f'{row["peak_bytes"] / 1e6:,.1f}',
  'peer': lambda row: row['peer'] or '',
  'peer ms': lambda row: f'{row["peer_ms"]:.3g}' if row['peer'] else '',
  'ratio': lambda row: within(row, 'ratio') if row['peer'] else '',
  'before ms': lambda row: f'{row["before_ms"]:.3g}' if 'before_ms' in row else '',
}


def within(row: Row, name: str) -> str:
  return f'{row[name]:.3g} [{row[f"{name}_low"]:.3g}, {row[f"{name}_high"]:.3g}]'


def table(rows: Sequence[Row]) -> str:
  """Formats rows as a table; empty columns are left out."""
  cells = {title: [write(row) for row in rows] for title, write in COLUMNS.items()}
  cells = {title: column for title, column in cells.items() if any(column)}
  widths = {
    title: max(len(title), *map(len, column)) for title, column in cells.items()
  }
  first = next(iter(cells))

  def line(words):
    return '  '.join(
      f'{word:<{widths[title]}}' if title == first else f'{word:>{widths[title]}}'
      for title, word in words.items()
    ).rstrip()

  lines = [line({title: title for title in cells})]
  for number in range(len(rows)):
    lines.append(line({title: column[number] for title, column in cells.items()}))
  return '\n'.join(lines)


# Fields in which comparable rows agree, and fields whose difference is mentioned.
SAME = ('experiment', 'batch_size', 'precision', 'mesh', 'platform')
TOLD = ('devices', 'machine')


def comparable(row: Any) -> bool:
  """Returns whether a value is a row that other rows can be compared with."""
  wanted = {*SAME, *TOLD, 'step_ms', 'ratio'}
  return isinstance(row, dict) and wanted <= row.keys()


def read(path: str) -> list[dict]:
  """Reads the rows of an earlier run. Raises UserError where there are none."""
  try:
    rows = json.loads(Path(path).read_text(encoding='utf-8'))
  except (OSError, ValueError):
    rows = None
  if not isinstance(rows, list) or not all(map(comparable, rows)):
    raise UserError(
      f'--against={path} was given, but that is no file of rows; name one that --json '
      'wrote'
    )
  return rows


def check(path: str) -> None:
  """Raises UserError where the rows could not be written."""
  try:
    if path:
      Path(path).open('a').close()
  except OSError as error:
    raise UserError(
      f'--json={path} was given, which cannot be written ({error.strerror}); name '
      'another file'
    ) from None


def earlier(row: Row, before: Sequence[Row]) -> dict[str, Any]:
  """Returns the figures of an earlier run for a row; {} if there are none."""
  for old in before:
    if all(old[key] == row[key] for key in SAME):
      return {
        'before_ms': old['step_ms'],
        'before_ratio': old['ratio'],
        'same_machine': all(old[key] == row[key] for key in TOLD),
      }
  return {}


def against(rows: Sequence[Row]) -> str:
  """Describes the change of each row since an earlier run; see `earlier`."""
  lines = []
  for row in rows:
    if 'before_ms' in row:
      change = row['before_ms'] / row['step_ms']
      ratios = row['before_ratio'], row['ratio']
      told = '' if None in ratios else ', ratio {:.2f} -> {:.2f}'.format(*ratios)
      lines.append(
        f'{row["experiment"]}, batch of {row["batch_size"]}: {change:.2f} times as '
        f'fast as before{told}' + ' (another machine)' * (not row['same_machine'])
      )
  return '\n'.join(lines) or 'nothing in that file is of these experiments'


def rounded(value: Any) -> Any:
  """Returns a figure as JSON has it, with six significant digits."""
  if isinstance(value, float):
    return float(f'{value:.6g}') if math.isfinite(value) else None
  if isinstance(value, dict):
    return {name: rounded(each) for name, each in value.items()}
  return value
