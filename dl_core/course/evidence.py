"""The evidence for an experiment: its run in a folder of runs, or its recorded rows."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dl_core.report import record, results
from dl_core.train import workdir
from dl_core.types import Claim, UserError

# Raised while reading a run that has not ended, or that another version wrote.
UNREADABLE = UserError, KeyError, TypeError, ValueError, AttributeError


class Evidence(NamedTuple):
  """What is known of the result of one command.

  Attributes:
    command: 'NAME FLAGS'.
    folder: workdir of its finished run, None if there is none.
    summary: its result, None if there is none.
    claims: those of the run, or the recorded ones; [] if only their number is known.
    total, hold: how many claims there are, and how many of them hold.
    started, machine: of the run or the record, '' if unknown.
  """

  command: str
  folder: Path | None = None
  summary: results.Summary | None = None
  claims: tuple[Claim, ...] = ()
  total: int = 0
  hold: int = 0
  started: str = ''
  machine: str = ''

  @property
  def name(self) -> str:
    return self.command.split()[0]

  @property
  def anchor(self) -> str:
    return anchor(self.command)


def anchor(command: str) -> str:
  """Returns the id of a command on the page: 'perceptron--gate-xor'."""
  return command.replace(' ', '').replace('=', '-')


class Known(NamedTuple):
  """Everything that has been measured.

  Attributes:
    runs: {experiment: workdirs of finished runs}.
    rows: the groups of results.jsonl.
  """

  runs: Mapping[str, Sequence[Path]]
  rows: Sequence[results.Group]


def known(folder: Path, recorded: str, claims: str = '') -> Known:
  """Finds the finished runs in a folder of workdirs; reads recorded results.

  Args:
    folder: of workdirs; it may be missing.
    recorded, claims: texts of results.jsonl and claims.jsonl.
  """
  runs: dict[str, list[Path]] = {}
  for each in workdir.inside(folder):
    stored = workdir.read_json(each / 'config.json')
    settings = stored.get('identity'), stored.get('defaults')
    if workdir.finished(each) and all(isinstance(s, dict) for s in settings):
      runs.setdefault(str(stored.get('experiment')), []).append(each)
  said = results.read(claims, 'claims.jsonl')
  rows = results.joined(results.read(recorded), said)
  return Known(runs, results.grouped(rows))


def of(command: str, known: Known) -> Evidence:
  """Returns the evidence for a command.

  Prefers its run, then its recorded result (without flags, the default's or else the
  best); for a command without flags, then the run with the fewest changed settings.
  """
  name, *flags = shlex.split(command)
  pairs = [flag.lstrip('-').partition('=') for flag in flags]
  given = {flag: value if equals else 'True' for flag, equals, value in pairs}
  ranked = sorted((changes(f, given), f.name, f) for f in known.runs.get(name, ()))
  own = [folder for changed, _, folder in ranked if not changed]
  others = [] if flags else [folder for changed, _, folder in ranked if changed]
  return (
    _of_runs(command, own)
    or _of_record(command, given, known.rows)
    or _of_runs(command, others)
    or Evidence(command)
  )


def _of_runs(command: str, folders: Iterable[Path]) -> Evidence | None:
  """Returns the evidence of the first run that can be read."""
  for folder in folders:
    try:
      rows = [record.row(each) for each in record.recorded(folder)]
      return _of_rows(command, results.chosen(results.grouped(rows))[0], folder)
    except UNREADABLE:
      continue
  return None


def _of_record(
  command: str, given: Mapping[str, str], rows: Sequence[results.Group]
) -> Evidence | None:
  name = command.split()[0]
  groups = [
    group
    for group in rows
    if first(group)['experiment'] == name and _has(first(group)['settings'], given)
  ]
  return _of_rows(command, results.chosen(groups)[0], None) if groups else None


def changes(folder: Path, given: Mapping[str, str]) -> int:
  """Returns how many settings of a run are neither given nor defaults."""
  stored = workdir.read_json(folder / 'config.json')
  wanted = stored.get('defaults', {}) | given
  identity = stored.get('identity', {})
  return sum(
    str(identity[name]) != str(value)
    for name, value in wanted.items()
    if name in identity and name != 'source'
  )


def _has(settings: Mapping[str, Any], given: Mapping[str, str]) -> bool:
  return all(str(settings.get(name)) == value for name, value in given.items())


def first(group: results.Group) -> results.Row:
  return next(iter(group.values()))


def _of_rows(command: str, group: results.Group, folder: Path | None) -> Evidence:
  row = first(group)
  claims = tuple(Claim(**each) for each in row.get('claims', ()))
  result = row['result']
  return Evidence(
    command,
    folder,
    results.summary(group),
    claims,
    len(claims) or result.get('claims', 0),
    sum(bool(c.holds) for c in claims) if claims else result.get('hold', 0),
    row['started'][:10],
    row['machine'],
  )


def totals(found: Iterable[Evidence]) -> tuple[int, int]:
  """Returns how many claims there are in all, and how many hold."""
  pairs = [(each.total, each.hold) for each in found]
  return sum(c for c, _ in pairs), sum(h for _, h in pairs)


def text(path: Path) -> str:
  """Reads results.jsonl; '' where the package stands without it."""
  return path.read_text(encoding='utf-8') if path.exists() else ''
