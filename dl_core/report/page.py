"""Writes the report of a run: one HTML page, made from its workdir.

The page contains everything it shows, opens from disk and loads nothing from the
network. The same input gives the same bytes.
"""

import html
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from dl_core import metrics
from dl_core.report import chart, claims, contents, svg, verdict
from dl_core.report.contents import Row, Run
from dl_core.train import history, workdir
from dl_core.types import Figure, Picture


def write(
  folder: Path, pictures: Sequence[Picture] = (), published: Sequence[Figure] = ()
) -> Path:
  """Writes the report of a run and returns its path.

  Args:
    folder: workdir of the run; a missing or damaged file leaves its part of the page
      out.
    pictures: drawn one after another; see `svg` for their colours. A sentence stands in
      place of a picture that fails; see `undrawn`.
    published: figures that the result is compared with.

  Raises:
    OSError: the workdir cannot be read or written.
  """
  run = contents.read(Path(folder), published)
  return render(
    'report.html',
    Path(folder) / 'report' / 'index.html',
    config=run.config,
    unchanged=unchanged(run.config),
    manifest=run.manifest
    and run.manifest | {'devices': contents.devices(run.manifest)},
    rows=run.rows,
    facts=facts(run),
    bars=bars(run.rows),
    verdict=verdict.verdict(run.lines),
    charts=chart.charts(run.lines),
    drawings=[svg.attempt(picture) for picture in pictures],
    remark=remark,
  )


def undrawn(folder: Path) -> list[str]:
  """Returns a sentence for each picture that is missing from the report in a workdir.

  The report is whole otherwise. Its pictures are drawn again by the command of the run
  once report/index.html is removed.
  """
  page = Path(folder) / 'report' / 'index.html'
  text = page.read_text(encoding='utf-8', errors='replace') if page.exists() else ''
  found = re.findall(r'<p class="undrawn">(.*?)</p>', text, re.DOTALL)
  return [html.unescape(sentence) for sentence in found]


def summary(folder: Path, published: Sequence[Figure] = ()) -> str:
  """Returns the last lines of a run on the terminal: its result and the verdict."""
  run = contents.read(Path(folder), published)
  lines, names = [], set()
  for row in run.rows:
    if row.name not in names:
      lines.append(text(row))
    if row.published is not None:
      lines.append(f'  {remark(row)}')
    names.add(row.name)
  judged = f'verdict: {verdict.verdict(run.lines).kind}'
  return '\n'.join([*lines, judged, *claims.said(folder)])


def render(template: str, path: Path, **parts: Any) -> Path:
  """Writes a page from one of our templates, whole or not at all."""
  templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / 'templates'),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
  )
  templates.globals['shown'] = history.shown  # for the macros, too
  page = templates.get_template(template).render(parts)
  path.parent.mkdir(parents=True, exist_ok=True)
  workdir.write(path, page)
  return path


def remark(row: Row) -> str:
  """Returns a published figure in a few words, '' if the row has none."""
  if row.published is None:
    return ''
  words = f'published: {history.shown(row.name, row.published)} by {row.source}'
  return f'{words} on {row.elsewhere}, another data set' if row.elsewhere else words


def text(row: Row) -> str:
  """Returns a result as a line for the terminal."""
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
  """Lays out the first figure of the result as bars, beside its reference values."""
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
  whole = 1 if metrics.kind(first.name).fraction else max([*values, 1e-30])
  return [
    Bar(kind, label, history.shown(first.name, value), width)
    for kind, label, value in found
    for width in [min(100, 100 * abs(value) / whole) if math.isfinite(value) else 0]
  ]


def facts(run: Run) -> list[tuple[str, str]]:
  """Returns what the page shows under its title, as (name, value)."""
  skipped = max((line.get('skipped') or 0 for line in run.lines), default=0)
  steps = max((line['step'] for line in run.lines), default=0)
  count, seconds = run.manifest.get('parameters'), run.test.get('seconds')
  found = {
    'data': run.config.get('source'),
    'parameters': count and f'{count:,}',
    'steps': f'{steps:,}' if run.lines else '',
    'time': seconds and contents.duration(seconds),
    'speed': history.rate(run.lines),
    'device': contents.devices(run.manifest),
    'skipped updates': skipped and f'{skipped:,}',
    'stopped': run.test.get('stopped'),
  }
  return [(name, str(value)) for name, value in found.items() if value]


def unchanged(config: Mapping[str, Any]) -> list[str]:
  """Returns the settings of how a run is executed that are at their defaults."""
  values, identity = config.get('settings', {}), config.get('identity')
  defaults = config.get('defaults', {})
  how = [name for name in values if identity and name not in identity]
  return [name for name in how if name in defaults and values[name] == defaults[name]]
