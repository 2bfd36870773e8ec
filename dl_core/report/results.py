"""The tables of README.md and RESULTS.md, made from results.jsonl."""

import json
import re
import shlex
import statistics
from collections.abc import Iterable
from typing import Any, NamedTuple

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


class Summary(NamedTuple):
  """What a table shows of a group of rows.

  Attributes:
    experiment, source, command: of the rows.
    figure, measured: name and value of the result; of a study, '' and its claims.
    seconds: mean over the seeds.
    baseline: score of the best constant answer, '' if unknown.
    published: (value, who published it), on the same data.
    elsewhere: (value, who published it, data set), on other data.
  """

  experiment: str
  source: str
  figure: str
  measured: str
  seconds: float
  baseline: str
  published: tuple[tuple[str, str], ...]
  command: str
  elsewhere: tuple[tuple[str, str, str], ...] = ()


def read(text: str, name: str = 'results.jsonl') -> list[Row]:
  """Reads the text of results.jsonl, or of the file with a given name.

  Raises:
    UserError: a line of it is damaged.
  """
  rows = []
  for number, line in enumerate(text.splitlines(), 1):
    try:
      rows.append(json.loads(line))
    except ValueError:
      raise UserError(
        f'line {number} of {name} is no JSON; restore it from git and record '
        'the run again'
      ) from None
  return rows


def said(text: str, new: Iterable[Row]) -> str:
  """Returns the text of claims.jsonl with the claims of new rows, sorted.

  A line of the same experiment and settings is replaced.
  """
  kept = {_identity(line): line for line in read(text, 'claims.jsonl')}
  names = 'experiment', 'settings', 'claims', 'started', 'git', 'machine'
  for row in new:
    if row.get('claims'):
      kept[_identity(row)] = {name: row[name] for name in names}
  lines = sorted(kept.items())
  return ''.join(json.dumps(line, ensure_ascii=False) + '\n' for _, line in lines)


def joined(rows: Iterable[Row], said: Iterable[Row]) -> list[Row]:
  """Returns rows with their claims, where as many are known and hold as recorded."""
  known = {_identity(line): line['claims'] for line in said}
  found = []
  for row in rows:
    own, result = known.get(_identity(row), []), row['result']
    counts = len(own), sum(claim['holds'] for claim in own)
    same = counts == (result.get('claims', len(own)), result.get('hold', counts[1]))
    found.append(row | {'claims': own if same else []})
  return found


def _identity(row: Row) -> str:
  return json.dumps([row['experiment'], row['settings']], sort_keys=True)


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
    metrics.restore(entry.get('metrics') or {})
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
  usual = {'m', 'seed', 'seeds', 'data_dir', 'workdir'}
  default = called == first['experiment'] and flags <= usual
  if 'claims' in first['result']:
    return default, statistics.fmean(each['hold'] for each in results)
  name = _measure(first)
  mean = statistics.fmean(each[name] for each in results)
  return default, mean if metrics.kind(name).rising else -mean


def _measure(entry: Row) -> str:
  """Returns the name of the figure that the tables show of a run.

  It is the first one that has been published for the data, else the baseline's first,
  else the first of all: the scores of an experiment stand before its loss.
  """
  dataset, found = entry['settings']['source'].partition('/')[0], entry['result']
  published = [
    figure['metric']
    for figure in entry['published']
    if figure['dataset'] == dataset and figure['metric'] in found
  ]
  measured = history.figures(found)
  return next(iter([*published, *found.get('baseline', {}), *measured]))


def _order(entry: Row) -> tuple:
  return entry['experiment'], entry['settings']['source'], entry['command']


def summary(group: Group) -> Summary:
  """Returns what the tables show of a group; of a study, how many claims hold."""
  first, found = next(iter(group.values())), [row['result'] for row in group.values()]
  source = first['settings']['source']
  seconds = statistics.fmean(result['seconds'] for result in found)
  command = re.sub(r' --seed[= ]\d+', '', first['command'])
  over = f' (seeds {_numbers(group)})' if len(found) > 1 else ''
  if 'claims' in first['result']:
    held = ' and '.join(str(result['hold']) for result in found)
    measured = f'{held} of {found[0]["claims"]} claims hold{over}'
    return Summary(
      first['experiment'], _sources(source), '', measured, seconds, '', (), command
    )
  name, dataset = _measure(first), source.partition('/')[0]
  values = [result[name] for result in found]
  measured = history.shown(name, statistics.fmean(values))
  if over:
    measured += f' ± {history.shown(name, statistics.stdev(values))}{over}'
  baseline = first['result'].get('baseline', {}).get(name)
  figures = [
    (history.shown(name, figure['value']), figure['source'], figure['dataset'])
    for figure in first['published']
    if figure['metric'] == name
  ]
  return Summary(
    first['experiment'],
    source,
    name,
    measured,
    seconds,
    '' if baseline is None else history.shown(name, baseline),
    tuple((value, who) for value, who, data in figures if data == dataset),
    command,
    tuple(each for each in figures if each[2] != dataset),
  )


def _line(group: Group) -> str:
  each = summary(group)
  measured = f'{each.measured}, {each.seconds:.0f} s'
  if not each.figure:
    return f'| {each.experiment} | {each.source} | {measured} | | | `{each.command}` |'
  published = '; '.join(f'{value} ({source})' for value, source in each.published)
  measured = f'{each.figure.replace("_", " ")} {measured}'
  cells = each.experiment, each.source, measured, each.baseline, published
  return f'| {" | ".join(cells)} | `{each.command}` |'


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
