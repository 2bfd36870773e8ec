"""A finished workdir into results.jsonl; README's table out of results.jsonl.

python -m dl_core.report.record WORKDIR...  # appends runs, and studies by their claims
python -m dl_core.report.record             # only renews the table
"""

import json
import re
import shlex
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dl_core.models.weights import files
from dl_core.report import claims, grouping
from dl_core.train import history, log, workdir
from dl_core.types import UserError

ROOT = Path(__file__).parents[2]
BEGIN, END = (
  '<!-- results: made by dl_core/report/record.py -->',
  '<!-- end of results -->',
)
PLACES = {
  'data_dir': lambda given: 'DATA_DIR',
  'workdir': lambda given: 'WORKDIR',
  'init_from': files.place,
}

Row = dict[str, Any]


def row(folder: Path) -> Row:
  """Returns what is recorded of a finished run.

  Raises:
    UserError: the folder is no workdir, or its run has not ended.
  """
  stored = workdir.read_config(folder)
  manifest = workdir.read_json(folder / 'manifest.json')
  lines = log.read(folder / 'metrics.jsonl')
  if not manifest or not lines or lines[-1]['split'] != 'test':
    raise UserError(f'the run in {folder} has no result yet; let it end first')
  return {
    'experiment': stored['experiment'],
    'doc': stored['doc'],
    'settings': {
      name: files.place(value) if name == 'init_from' else value
      for name, value in stored['identity'].items()
    },
    'result': result(folder, lines),
    'published': manifest.get('published', []),
    'parameters': manifest.get('parameters'),
    'command': public(manifest['command']),
    'started': manifest['started'],
    'git': manifest['git'],
    'machine': manifest['machine'],
    'devices': manifest['devices'],
    'versions': manifest['versions'],
  }


def result(folder: Path, lines: Sequence[history.Line]) -> history.Line:
  """Returns the line of a run's result; of a study that of its claims."""
  runs = workdir.read_json(folder / 'config.json')['identity'].get('runs')
  if not runs:
    return lines[-1]
  groups = grouping.read({label: folder / label for label in runs})
  seconds = sum(
    grouping.seconds(member) for group in groups for member in group.members
  )
  return claims.line(folder, seconds)


def public(command: str) -> str:
  """Returns a command with the places of one machine replaced by their names."""
  words = shlex.split(command)
  for number, word in enumerate(words):
    name, equals, given = word.lstrip('-').partition('=')
    if word.startswith('-') and name in PLACES:
      if equals:
        words[number] = f'--{name}={PLACES[name](given)}'
      elif number + 1 < len(words):
        words[number + 1] = PLACES[name](words[number + 1])
  return shlex.join(word for word in words if word != '--fresh')


def table(rows: Iterable[Row]) -> str:
  """Returns README's table: a line for the same settings, seeds taken together."""
  groups: dict[str, dict[int, Row]] = {}
  for entry in rows:
    same = {k: v for k, v in entry['settings'].items() if k != 'seed'}
    key = json.dumps([entry['experiment'], same], sort_keys=True)
    groups.setdefault(key, {})[entry['settings']['seed']] = entry
  lines = [
    '| experiment | data | measured on test | constant answer | published | command |',
    '|---|---|---|---|---|---|',
  ]
  ordered = sorted(groups.values(), key=lambda g: _order(next(iter(g.values()))))
  return '\n'.join([*lines, *map(_line, ordered)])


def _order(entry: Row) -> tuple:
  return entry['experiment'], entry['settings']['source'], entry['command']


def _line(group: Mapping[int, Row]) -> str:
  entries = list(group.values())
  first, source = entries[0], entries[0]['settings']['source']
  dataset = source.partition('/')[0]
  if 'claims' in first['result']:
    return _claims(group)
  name = next((n for n in first['result'].get('baseline', {})), 'loss')
  values = [entry['result'][name] for entry in entries]
  measured = f'{name} {history.shown(name, statistics.fmean(values))}'
  if len(values) > 1:
    seeds = ', '.join(str(seed) for seed in sorted(group))
    measured += f' ± {history.shown(name, statistics.stdev(values))} (seeds {seeds})'
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


def _claims(group: Mapping[int, Row]) -> str:
  """Returns the line of a study: how many of its claims hold, with each seed."""
  first, found = next(iter(group.values())), [row['result'] for row in group.values()]
  held = ' and '.join(str(result['hold']) for result in found)
  measured = f'{held} of {found[0]["claims"]} claims hold'
  if len(found) > 1:
    measured += f' (seeds {", ".join(map(str, group))})'
  measured += f', {statistics.fmean(result["seconds"] for result in found):.0f} s'
  command = re.sub(r' --seed[= ]\d+', '', first['command'])
  source = first['settings']['source']
  return f'| {first["experiment"]} | {source} | {measured} | | | `{command}` |'


def renew(readme: str, rows: Iterable[Row]) -> str:
  """Returns the text of README.md with its table made anew."""
  before, _, rest = readme.partition(BEGIN)
  _, _, after = rest.partition(END)
  return f'{before}{BEGIN}\n{table(rows)}\n{END}{after}'


def recorded(folder: Path) -> list[Path]:
  """Returns whose rows a folder stands for: its runs', or its own if it has claims."""
  return [folder] if claims.read(folder) else grouping.expand(folder)


def read(path: Path = ROOT / 'results.jsonl') -> list[Row]:
  return [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]


def main(folders: Sequence[str]) -> int:
  """Records the runs in the folders and renews README.md; returns the exit code."""
  try:
    new = [row(run) for folder in folders for run in recorded(Path(folder))]
  except UserError as error:
    print(f'error: {error}', file=sys.stderr)
    return 2
  with (ROOT / 'results.jsonl').open('a', encoding='utf-8') as file:
    file.writelines(json.dumps(entry) + '\n' for entry in new)
  readme = ROOT / 'README.md'
  readme.write_text(renew(readme.read_text(encoding='utf-8'), read()))
  print(f'{len(new)} runs recorded; the table of README.md is up to date')
  return 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
