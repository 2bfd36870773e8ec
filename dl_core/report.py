"""A workdir in, report/index.html out: one page for a person, which needs nothing else.

The page holds all that it shows, opens from disk and asks nothing of the network. The
same input gives the same bytes. From the command line, a page that compares runs:

    python -m dl_core.report WORKDIR... [--out=comparison.html]

A WORKDIR whose sub-folders are workdirs (a study) stands for all of them.
"""

import collections
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from dl_core import chart, claims, drawing, history, log, metrics, workdir
from dl_core.types import Figure, Picture


def write(
  folder: Path, pictures: Sequence[Picture] = (), published: Sequence[Figure] = ()
) -> Path:
  """Writes the report of a run and returns its path.

  Args:
    folder: holds config.json, manifest.json and metrics.jsonl; whatever is missing of
      them, or in them, is left out of the page.
    pictures: drawn one after another; see `drawing` for their colours.
    published: the figures that the result is held against.

  Raises:
    OSError: the workdir cannot be read or written.
  """
  run = read(Path(folder), published)
  return render(
    'report.html',
    Path(folder) / 'report' / 'index.html',
    config=run.config,
    quiet=quiet(run.config),
    manifest=run.manifest and run.manifest | {'devices': devices(run.manifest)},
    rows=run.rows,
    facts=facts(run),
    bars=bars(run.rows),
    verdict=history.verdict(run.lines),
    charts=chart.charts(run.lines),
    drawings=[drawing.draw(picture) for picture in pictures],
    remark=remark,
  )


def summary(folder: Path, published: Sequence[Figure] = ()) -> str:
  """Returns the lines that end a run on the terminal: its result and the verdict."""
  run = read(Path(folder), published)
  said, names = [], set()
  for row in run.rows:
    if row.name not in names:
      said.append(text(row))
    if row.published is not None:
      said.append(f'  {remark(row)}')
    names.add(row.name)
  verdict = f'verdict: {history.verdict(run.lines).kind}'
  return '\n'.join([*said, verdict, *claims.said(folder)])


def render(template: str, path: Path, **parts: Any) -> Path:
  """Writes a page made of a template of this folder, whole or not at all."""
  templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
  )
  templates.globals['shown'] = history.shown  # for the macros, too
  page = templates.get_template(template).render(parts)
  path.parent.mkdir(parents=True, exist_ok=True)
  draft = path.with_suffix('.draft')
  draft.write_text(page, encoding='utf-8', errors='replace')
  os.replace(draft, path)
  return path


class Row(NamedTuple):
  """One figure of the test split beside what it is held against.

  Attributes:
    name: of the figure.
    measured: on the test split.
    baseline: what the best constant answer scores, None if unknown.
    published: somebody's figure, None if there is none.
    source: who published it.
    elsewhere: the data set it was measured on, '' if it is this run's.
  """

  name: str
  measured: float
  baseline: float | None = None
  published: float | None = None
  source: str = ''
  elsewhere: str = ''


class Run(NamedTuple):
  """What a workdir holds, {} or [] where it holds nothing yet.

  Attributes:
    config, manifest: config.json and manifest.json.
    lines: of metrics.jsonl.
    test: the line of the result.
    rows: its `headline`.
  """

  config: dict[str, Any]
  manifest: dict[str, Any]
  lines: list[dict[str, Any]]
  test: history.Line
  rows: list[Row]


def read(folder: Path, published: Sequence[Figure] = ()) -> Run:
  """Reads a workdir, as far as it is there and whole."""
  config = workdir.read_json(folder / 'config.json')
  manifest = workdir.read_json(folder / 'manifest.json')
  lines = log.read(folder / 'metrics.jsonl')
  test = next((line for line in reversed(lines) if line.get('split') == 'test'), {})
  rows = headline(test, test.get('baseline') or {}, published, dataset(config))
  return Run(config, manifest, lines, test, rows)


def dataset(config: Mapping[str, Any]) -> str:
  """Returns the data set of a config.json, without its version."""
  return str(config.get('source', '')).partition('/')[0]


def headline(
  test: history.Line,
  baseline: Mapping[str, float],
  published: Sequence[Figure],
  dataset: str,
) -> list[Row]:
  """Sets the result beside the trivial answer and the published figures.

  Args:
    test: the last line of metrics.jsonl.
    baseline: {name: what the best constant answer scores}.
    published: a figure of another data set is kept, and marked as such.
    dataset: the run's, without its version.

  Returns:
    One row for each figure and each publication of it. Figures that were published
    come first, then those that have a baseline; the loss is last.
  """
  measured = history.figures(test)
  held = {figure.metric for figure in published}
  rank = lambda name: (name not in held, name not in baseline, name == 'loss')  # noqa: E731
  rows = []
  for name in sorted(measured, key=rank):
    row = Row(name, measured[name], baseline.get(name))
    rows += [
      row._replace(
        published=figure.value,
        source=figure.source,
        elsewhere='' if figure.dataset == dataset else figure.dataset,
      )
      for figure in published
      if figure.metric == name
    ] or [row]
  return rows


def remark(row: Row) -> str:
  """Says what a row is held against, in a few words; '' if nothing."""
  if row.published is None:
    return ''
  words = f'held against {history.shown(row.name, row.published)} of {row.source}'
  return f'{words} on {row.elsewhere}, another data set' if row.elsewhere else words


def text(row: Row) -> str:
  """Writes what was measured as the line that ends a run on the terminal."""
  line = f'test {row.name} {history.shown(row.name, row.measured)}'
  if row.baseline is None:
    return line
  return f'{line}, best constant answer {history.shown(row.name, row.baseline)}'


class Bar(NamedTuple):
  kind: str  # 'run', 'baseline', 'published' or 'elsewhere'
  label: str
  value: str
  width: float  # per cent


def bars(rows: Sequence[Row]) -> list[Bar]:
  """Draws the first figure of `headline` as bars, with all it is held against."""
  if not rows:
    return []
  first = rows[0]
  found = [('run', 'this run', first.measured)]
  if first.baseline is not None:
    found.append(('baseline', 'best constant answer', first.baseline))
  for row in rows:
    if row.name == first.name and row.published is not None:
      if row.elsewhere:
        label = f'{row.source}, on {row.elsewhere}'
        found.append(('elsewhere', label, row.published))
      else:
        found.append(('published', row.source, row.published))
  values = [abs(value) for _, _, value in found if math.isfinite(value)]
  whole = 1 if first.name in metrics.FRACTIONS else max([*values, 1e-30])
  return [
    Bar(kind, label, history.shown(first.name, value), width)
    for kind, label, value in found
    for width in [min(100, 100 * abs(value) / whole) if math.isfinite(value) else 0]
  ]


def facts(run: Run) -> list[tuple[str, str]]:
  """Returns the few (name, value) that stand under the title."""
  skipped = max((line.get('skipped') or 0 for line in run.lines), default=0)
  steps = max((line['step'] for line in run.lines), default=0)
  count, seconds = run.manifest.get('parameters'), run.test.get('seconds')
  found = {
    'data': run.config.get('source'),
    'parameters': count and f'{count:,}',
    'steps': f'{steps:,}' if run.lines else '',
    'time': seconds and duration(seconds),
    'speed': history.rate(run.lines),
    'device': devices(run.manifest),
    'skipped updates': skipped and f'{skipped:,}',
    'stopped': run.test.get('stopped'),
  }
  return [(name, str(value)) for name, value in found.items() if value]


def duration(seconds: float) -> str:
  """Writes 83 as '1 min 23 s'."""
  minutes, rest = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  if hours:
    return f'{hours} h {minutes} min'
  return f'{minutes} min {rest} s' if minutes else f'{seconds:.2g} s'


def quiet(config: Mapping[str, Any]) -> list[str]:
  """Returns the settings that say how a run is executed and are at their defaults."""
  values, identity = config.get('settings', {}), config.get('identity')
  defaults = config.get('defaults', {})
  how = [name for name in values if identity and name not in identity]
  return [name for name in how if name in defaults and values[name] == defaults[name]]


def devices(manifest: Mapping[str, Any]) -> str:
  """Writes ['gpu:0 NVIDIA H100', 'gpu:1 NVIDIA H100'] as '2 × NVIDIA H100'."""
  found = [str(device).partition(' ') for device in manifest.get('devices') or []]
  kinds = [kind or place.partition(':')[0] for place, _, kind in found]
  counts = collections.Counter('CPU' if kind == 'cpu' else kind for kind in kinds)
  return ', '.join(f'{n} × {kind}' if n > 1 else kind for kind, n in counts.items())


if __name__ == '__main__':
  from dl_core import compare  # which imports this module

  sys.exit(compare.main(sys.argv[1:]))
