"""A workdir in, report/index.html out: one page for a person, which needs nothing else.

The page holds all that it shows, opens from disk and asks nothing of the network.
Curves are laid out by `chart`, pictures are drawn by matplotlib. The same input gives
the same bytes.
"""

import base64
import io
import json
import math
import os
import re
import statistics
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import markupsafe

from dl_core import chart, history, log
from dl_core.types import Figure, Picture

HEAVY = 250_000  # characters; a drawing that takes more as SVG becomes a PNG
INK = '#000000'  # matplotlib's default colour of text, axes and ticks
STYLE = {
  'axes.prop_cycle': "cycler('color', ['#2f7fb8', '#cf7a24', '#3f9c74', '#b5577f'])",
  'axes.spines.right': False,
  'axes.spines.top': False,
  'font.size': 10,
  'image.composite_image': False,
  'savefig.bbox': 'tight',
  'savefig.transparent': True,
  'svg.fonttype': 'none',
}


def write(
  workdir: Path, pictures: Sequence[Picture] = (), published: Sequence[Figure] = ()
) -> Path:
  """Writes the report of a run and returns its path.

  Args:
    workdir: holds config.json, manifest.json and metrics.jsonl; whatever is missing of
      them, or in them, is left out of the page.
    pictures: drawn one after another. What has matplotlib's default colour, black,
      follows the page into its dark colours; every other colour stays as it is.
    published: the figures that the result is held against.

  Raises:
    OSError: the workdir cannot be read or written.
  """
  config, manifest, lines, test, rows = _read(Path(workdir), published)
  templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
  )
  page = templates.get_template('report.html').render(
    config=config,
    manifest=manifest,
    test=test,
    facts=facts(config, manifest, lines, test),
    bars=bars(rows),
    rows=rows,
    verdict=history.verdict(lines),
    charts=chart.charts(lines),
    drawings=[draw(picture) for picture in pictures],
    shown=history.shown,
    remark=remark,
  )
  path = Path(workdir) / 'report' / 'index.html'
  path.parent.mkdir(parents=True, exist_ok=True)
  draft = path.with_suffix('.draft')
  draft.write_text(page, encoding='utf-8', errors='replace')
  os.replace(draft, path)  # so that a page is either whole or not there
  return path


def summary(workdir: Path, published: Sequence[Figure] = ()) -> str:
  """Returns the lines that end a run on the terminal: its result and the verdict."""
  *_, lines, _, rows = _read(Path(workdir), published)
  return '\n'.join([*map(text, rows), f'verdict: {history.verdict(lines).kind}'])


def _read(workdir: Path, published: Sequence[Figure]) -> tuple:
  """Returns config, manifest, all lines of the history, its test line and its rows."""
  config, manifest = (
    json.loads(path.read_text(encoding='utf-8')) if path.exists() else {}
    for path in (workdir / 'config.json', workdir / 'manifest.json')
  )
  lines = log.read(workdir / 'metrics.jsonl')
  test = next((line for line in reversed(lines) if line.get('split') == 'test'), {})
  dataset = config.get('source', '').split('/')[0]
  rows = headline(test, test.get('baseline') or {}, published, dataset)
  return config, manifest, lines, test, rows


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
  """Says what a row is held against, in half a sentence; '' if nothing."""
  if row.published is None:
    return ''
  words = f'held against {history.shown(row.name, row.published)} of {row.source}'
  return f'{words} on {row.elsewhere}, another data set' if row.elsewhere else words


def text(row: Row) -> str:
  """Writes a row as the line that ends a run on the terminal."""
  parts = [f'test {row.name} {history.shown(row.name, row.measured)}']
  if row.baseline is not None:
    parts.append(f'best constant answer {history.shown(row.name, row.baseline)}')
  return ', '.join(filter(None, [*parts, remark(row)]))


class Bar(NamedTuple):
  kind: str  # 'run', 'baseline', 'published' or 'elsewhere'
  label: str
  value: str
  width: float  # per cent


def bars(rows: Sequence[Row]) -> list[Bar]:
  """Draws the first figure of `headline` as bars, with all it is held against."""
  rows = [row for row in rows if row.name == rows[0].name]
  if not rows:
    return []
  first = rows[0]
  found = [('run', 'this run', first.measured)]
  if first.baseline is not None:
    found.append(('baseline', 'best constant answer', first.baseline))
  for row in rows:
    if row.published is not None:
      kind, place = ('elsewhere', f' on {row.elsewhere}') if row.elsewhere else ('', '')
      source = re.sub(r'[\s,;(]*https?://\S+', '', row.source)
      found.append((kind or 'published', source + place, row.published))
  values = [abs(value) for _, _, value in found if math.isfinite(value)]
  whole = 1 if first.name in history.FRACTIONS else max([*values, 1e-30])
  return [
    Bar(kind, label, history.shown(first.name, value), width)
    for kind, label, value in found
    for width in [min(100, 100 * abs(value) / whole) if math.isfinite(value) else 0]
  ]


def facts(
  config: Mapping[str, Any],
  manifest: Mapping[str, Any],
  lines: Sequence[history.Line],
  test: history.Line,
) -> list[tuple[str, str]]:
  """Returns the few (name, value) that stand under the title."""
  rates = [
    line['examples_per_second']
    for line in lines
    if line.get('split') == 'train' and line.get('examples_per_second')
  ]
  skipped = max([line.get('skipped') or 0 for line in lines], default=0)
  steps = max([line['step'] for line in lines], default=0)
  found = {
    'data': config.get('source'),
    'parameters': f'{manifest["parameters"]:,}' if manifest.get('parameters') else '',
    'steps': f'{steps:,}' if lines else '',
    'time': duration(test['seconds']) if test.get('seconds') else '',
    'speed': f'{statistics.median(rates):,.0f} examples/s' if rates else '',
    'device': ', '.join(map(str, manifest.get('devices', []))),
    'skipped updates': f'{skipped:,}' if skipped else '',
    'stopped': test.get('stopped'),
  }
  return [(name, str(value)) for name, value in found.items() if value]


def duration(seconds: float) -> str:
  """Writes 83 as '1 min 23 s'."""
  minutes, rest = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  if hours:
    return f'{hours} h {minutes} min'
  return f'{minutes} min {rest} s' if minutes else f'{seconds:.2g} s'


class Drawing(NamedTuple):
  title: str
  caption: str
  art: markupsafe.Markup  # an <svg>, or an <img> where that would be too heavy
  width: float  # CSS pixels at natural size


def draw(picture: Picture) -> Drawing:
  """Draws a picture with matplotlib, the same bytes every time."""
  import matplotlib

  with (
    matplotlib.rc_context(STYLE | {'svg.hashsalt': picture.title}),
    warnings.catch_warnings(),
  ):
    warnings.filterwarnings(
      'ignore', 'Glyph .* missing'
    )  # the browser has its own fonts
    figure = picture.draw()
    quiet = dict.fromkeys(('Date', 'Creator', 'Format', 'Type'))
    figure.savefig(file := io.StringIO(), format='svg', metadata=quiet)
    svg = file.getvalue()
    width = float(re.search(r'<svg[^>]* width="([\d.]+)pt"', svg)[1]) * 96 / 72
    if len(svg) > HEAVY:
      figure.savefig(
        file := io.BytesIO(), format='png', dpi=144, metadata={'Software': None}
      )
      data = base64.b64encode(file.getvalue()).decode()
      art = f'<img alt="" src="data:image/png;base64,{data}">'
    else:
      art = svg[svg.index('<svg') :].replace(INK, 'currentColor')
      art = re.sub(r'<defs>\s*<style.*?</style>\s*</defs>', '', art, flags=re.DOTALL)
      art = re.sub(r' id="[A-Za-z0-9]+_\d+"', '', art)  # the page has other figure_1
      art = re.sub(r' (width|height)="[\d.]+pt"', '', art, count=2)
  return Drawing(picture.title, picture.caption, markupsafe.Markup(art), width)
