"""The tables of README.md and RESULTS.md, made from results.jsonl."""

import json
import re
import shlex
import statistics
from collections.abc import Iterable
from typing import Any

from dl_core import metrics
from dl_core.train import history
from dl_core.types import UserError

Row = dict[str, Any]
Group = dict[int, Row]  # {seed: row}, rows of the same settings
BEGIN, END = (
  '<!-- results: made by dl_core/report/record.py -->',
  '<!-- end of results -->',
)
ALL = f"""# Results

Every recorded result; [README.md](README.md) has one for each experiment. Each was
measured by the command beside it, on the machine named in
[results.jsonl](results.jsonl), from which `make record` makes this table.

{BEGIN}
{END}
"""


def read(text: str) -> list[Row]:
  """Reads the text of results.jsonl.

  Raises:
    UserError: a line of it is damaged.
  """
  rows = []
  for number, line in enumerate(text.splitlines(), 1):
    try:
      rows.append(json.loads(line))
    except ValueError:
      raise UserError(
        f'line {number} of results.jsonl is no JSON; restore it from git and record '
        'the run again'
      ) from None
  return rows


def renew(text: str, groups: Iterable[Group]) -> str:
  """Returns the text of a file with a new table between its two marks.

  Raises:
    UserError: the marks are not there, once each.
  """
  if [text.count(mark) for mark in (BEGIN, END)] != [1, 1]:
    raise UserError(
      f'README.md must have the lines {BEGIN} and {END} once each; restore it from git'
    )
  before, _, rest = text.partition(BEGIN)
  _, _, after = rest.partition(END)
  return f'{before}{BEGIN}\n{table(groups)}\n{END}{after}'


def grouped(rows: Iterable[Row]) -> list[Group]:
  """Groups rows of the same settings as {seed: row}, in the order of the tables."""
  groups: dict[str, Group] = {}
  for entry in rows:
    same = {k: v for k, v in entry['settings'].items() if k != 'seed'}
    key = json.dumps([entry['experiment'], same], sort_keys=True)
    groups.setdefault(key, {})[entry['settings']['seed']] = entry
  return sorted(groups.values(), key=lambda group: _order(next(iter(group.values()))))


def chosen(groups: Iterable[Group]) -> list[Group]:
  """Returns one group of each experiment: the default command's, or else the best."""
  found: dict[str, list[Group]] = {}
  for group in groups:
    found.setdefault(next(iter(group.values()))['experiment'], []).append(group)
  return [max(each, key=_rank) for each in found.values()]


def table(groups: Iterable[Group]) -> str:
  """Returns a table with a line for each group, its seeds taken together."""
  lines = [
    '| experiment | data | measured on test | constant answer | published | command |',
    '|---|---|---|---|---|---|',
  ]
  return '\n'.join([*lines, *map(_line, groups)])


def _rank(group: Group) -> tuple[bool, float]:
  """Returns whether a group ran by the default command, and how good its result is."""
  first, results = next(iter(group.values())), [row['result'] for row in group.values()]
  words = shlex.split(first['command'])
  flags = {word.lstrip('-').partition('=')[0] for word in words if word[:1] == '-'}
  called = words[:2] == ['python', '-m'] and words[2].rpartition('.')[2]
  usual = {'m', 'seed', 'data_dir', 'workdir'}
  default = called == first['experiment'] and flags <= usual
  metrics.restore(first.get('metrics') or {})
  if 'claims' in first['result']:
    return default, statistics.fmean(each['hold'] for each in results)
  name = _measure(first)
  mean = statistics.fmean(each[name] for each in results)
  return default, mean if metrics.kind(name).rising else -mean


def _measure(entry: Row) -> str:
  """Returns the name of the figure that the tables show of a run.

  It is the first one that has been published for the data, else the baseline's first.
  """
  dataset = entry['settings']['source'].partition('/')[0]
  published = [
    figure['metric']
    for figure in entry['published']
    if figure['dataset'] == dataset and figure['metric'] in entry['result']
  ]
  return next(iter([*published, *entry['result'].get('baseline', {})]), 'loss')


def _order(entry: Row) -> tuple:
  return entry['experiment'], entry['settings']['source'], entry['command']


def _line(group: Group) -> str:
  entries = list(group.values())
  first, source = entries[0], entries[0]['settings']['source']
  dataset = source.partition('/')[0]
  if 'claims' in first['result']:
    return _claims(group)
  name = _measure(first)
  values = [entry['result'][name] for entry in entries]
  measured = f'{name} {history.shown(name, statistics.fmean(values))}'
  if len(values) > 1:
    deviation = history.shown(name, statistics.stdev(values))
    measured += f' ± {deviation} (seeds {_numbers(group)})'
  seconds = statistics.fmean(entry['result']['seconds'] for entry in entries)
  measured += f', {seconds:.0f} s'
  baseline = first['result'].get('baseline', {}).get(name)
  published = '; '.join(
    f'{history.shown(name, figure["value"])} ({figure["source"]})'
    for figure in first['published']
    if figure['metric'] == name and figure['dataset'] == dataset
  )
  command = re.sub(r' --seed[= ]\d+', '', first['command'])
  cells = (
    first['experiment'],
    source,
    measured,
    '' if baseline is None else history.shown(name, baseline),
    published,
    f'`{command}`',
  )
  return '| ' + ' | '.join(cells) + ' |'


def _claims(group: Group) -> str:
  """Returns the line of a study: how many of its claims hold, for each seed."""
  first, found = next(iter(group.values())), [row['result'] for row in group.values()]
  held = ' and '.join(str(result['hold']) for result in found)
  measured = f'{held} of {found[0]["claims"]} claims hold'
  if len(found) > 1:
    measured += f' (seeds {_numbers(group)})'
  measured += f', {statistics.fmean(result["seconds"] for result in found):.0f} s'
  command = re.sub(r' --seed[= ]\d+', '', first['command'])
  source = _sources(first['settings']['source'])
  return f'| {first["experiment"]} | {source} | {measured} | | | `{command}` |'


def _numbers(seeds: Iterable[int]) -> str:
  """Writes numbers in order, with a dash where three or more follow each other."""
  rows: list[list[int]] = []
  for seed in sorted(seeds):
    if rows and seed == rows[-1][-1] + 1:
      rows[-1].append(seed)
    else:
      rows.append([seed])
  return ', '.join(
    f'{row[0]}–{row[-1]}' if len(row) > 2 else ', '.join(map(str, row)) for row in rows
  )


def _sources(text: str) -> str:
  """Writes the sources of a study once each, and of more than five only the sets."""
  parts = list(dict.fromkeys(text.split(', ')))
  return ', '.join(p for p in parts if len(parts) <= 5 or '/' in p)
