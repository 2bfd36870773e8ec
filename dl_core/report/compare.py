"""The page that compares runs, and its summary for the terminal.

Runs that differ in the seed alone are a group, shown as mean ± standard deviation.
"""

import math
import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dl_core import metrics
from dl_core.report import chart, contents, grouping, page, strip, svg, tables
from dl_core.train import history
from dl_core.types import Picture


def write(
  runs: Mapping[str, Path],
  target: Path,
  pictures: Sequence[Picture] = (),
  title: str = '',
  doc: str = '',
  note: str = '',
) -> Path:
  """Writes the page that compares runs and returns its path.

  Args:
    runs: {label: workdir}; a missing or damaged file leaves its part blank.
    target: path of the page.
    pictures: drawn above the results; a sentence stands in place of one that fails.
    title: heading; the names of the experiments if empty.
    doc: what is compared, in a sentence; the experiment's docstring if empty.
    note: a sentence below the table of the runs.

  Raises:
    OSError: a workdir cannot be read, or the page cannot be written.
  """
  groups = grouping.read(runs)
  members = [member for group in groups for member in group.members]
  names = grouping.figures(members)
  base = Path(os.path.abspath(target)).parent
  experiments = dict.fromkeys(str(m.settings['experiment']) for m in members)
  docs = {m.run.config.get('doc', '') for m in members}
  return page.render(
    'compare.html',
    Path(target),
    title=title or ', '.join(experiments),
    doc=doc or (docs.pop() if len(docs) == 1 else ''),
    note=note,
    count=len(members),
    facts=facts(members),
    finding=finding(groups, names) if groups else tally(pictures),
    groups=groups,
    names=names,
    drawings=[svg.attempt(picture) for picture in pictures],
    **(of_runs(groups, names, base) if groups else {}),
  )


def of_runs(
  groups: Sequence[grouping.Group], names: Sequence[str], base: Path
) -> dict[str, Any]:
  """Returns the parts of compare.html that need runs."""
  members = [member for group in groups for member in group.members]
  return {
    'columns': tables.columns(members),
    'table': tables.table(groups, names, base),
    'references': tables.references(members),
    'strips': strips(groups, names),
    'charts': curves(groups),
    'common': tables.common(members),
    'origin': tables.origin(members, base),
  }


def summary(runs: Mapping[str, Path]) -> str:
  """Returns the results of runs as a table for the terminal.

  The table has a row for each run, and a row of mean ± standard deviation for each
  group of runs that differ in the seed alone.
  """
  groups = grouping.read(runs)
  names = grouping.figures([member for group in groups for member in group.members])
  cells = [['', *names, 'progress', 'time']]
  for row in tables.table(groups, names, Path.cwd()):
    label = svg.legible(row.label).replace('\n', r'\n')
    cells.append(
      [f'  {label}' if row.inner else label, *row.texts, row.steps, row.seconds]
    )
  widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
  lines = ('  '.join(map(str.ljust, line, widths)).rstrip() for line in cells)
  return '\n'.join(lines)


def finding(groups: Sequence[grouping.Group], names: Sequence[str]) -> tuple[str, str]:
  """Returns the best result of the first figure, and a sentence on its certainty."""
  ended = [group for group in groups if names and group.values(names[0])]
  if not ended:
    return '', 'No run has a result yet.'
  name, first, top = names[0], ended[0], grouping.best(ended, names[0])
  values = list(first.values(name).values())
  if len(ended) == 1 and len(values) == 1:
    return tables.text(name, values), f'Only one run has a result: {first.label}.'
  if len(ended) == 1:
    low, high = history.shown(name, min(values)), history.shown(name, max(values))
    count = f'over {len(values)} runs that differ in the seed alone'
    return tables.text(
      name, values
    ), f'Mean ± standard deviation {count}: {low} to {high}.'
  if top is None:
    if len(grouping.sources(m for group in ended for m in group.members)) > 1:
      return '', 'The runs used different data, so their results are not ranked.'
    return '', f'All runs have the same {name}.'
  means = [(abs(m - top), g) for g in ended if (m := g.spread(name).mean) is not None]
  (_, first), (gap, second) = sorted(means, key=lambda pair: pair[0])[:2]
  errors = [
    standard_error(list(group.values(name).values())) for group in (first, second)
  ]
  if errors[0] is None or errors[1] is None:
    sure = 'One run each does not show whether another seed would change the order.'
  elif gap > 2 * math.hypot(errors[0], errors[1]):
    sure = 'The difference is more than twice its standard error.'
  else:
    sure = 'The difference is within what other seeds might give.'
  after = (
    f'{second.label} comes next with {tables.text(name, second.values(name).values())}'
  )
  big = tables.text(name, first.values(name).values())
  return big, f'{first.label} has the best {name}, {after}. {sure}'


def tally(pictures: Sequence[Picture]) -> tuple[str, str]:
  """Returns how many claims of a study without runs hold, and a sentence on them."""
  holds = [claim.holds for picture in pictures for claim in picture.claims]
  rest = '' if all(holds) else 'The claims that do not hold are marked below.'
  return f'{sum(holds)} of {len(holds)} claims hold', rest


def standard_error(values: Sequence[float]) -> float | None:
  """Returns the standard error of a mean; None for fewer than two values."""
  deviation = grouping.spread(values).deviation
  return None if deviation is None else deviation / len(values) ** 0.5


def facts(members: Sequence[grouping.Member]) -> list[tuple[str, str]]:
  """Returns what the page shows under its title, as (name, value)."""
  manifests = [member.run.manifest for member in members]
  unfinished = sum(not member.figures for member in members)
  seconds = sum(map(grouping.seconds, members))
  distinct = lambda values: ', '.join(dict.fromkeys(str(v) for v in values if v))
  found = {
    'runs': str(len(members)),
    'unfinished': unfinished and str(unfinished),
    'data': distinct(member.run.config.get('source') for member in members),
    'device': distinct(contents.devices(manifest) for manifest in manifests),
    'time of all': seconds and contents.duration(seconds),
  }
  return [(name, value) for name, value in found.items() if value and value != '0']


def strips(groups: Sequence[grouping.Group], names: Sequence[str]) -> list[strip.Strip]:
  """Lays out each figure of the test split: a row of dots for each group.

  Baselines and published values are marked if all runs used the same data.
  """
  members = [member for group in groups for member in group.members]
  alike = len(grouping.sources(members)) == 1
  same: dict[str, list[str]] = {}  # figures with the same results share a strip
  for name in names:
    results = [metrics.kind(name).fraction, *(m.figures.get(name) for m in members)]
    same.setdefault(repr(results), []).append(name)
  found = []
  for name, *more in same.values():
    lines = [
      strip.Row(g.label, g.look, v, *g.spread(name), tables.text(name, v.values()))
      for g in groups
      if (v := g.values(name))
    ]
    marks = {}
    for row in [
      row for m in members for row in grouping.rows(m) if alike and row.name == name
    ]:
      if row.baseline is not None:
        marks['best constant answer'] = row.baseline
      if row.published is not None and not row.elsewhere:
        marks[row.source] = row.published
    if (laid := strip.layout(name, lines, marks)) is not None:
      found.append(laid._replace(name=', '.join([name, *more])))
  return found


def curves(groups: Sequence[grouping.Group]) -> list[tuple[str, chart.Chart]]:
  """Lays out each figure over the steps, as (split, chart of all runs)."""
  members = [member for group in groups for member in group.members]
  found = []
  for name, words in chart.names(member.run.lines for member in members).items():
    for split in reversed(chart.SPLITS):
      series = []
      for group in sorted(groups, key=lambda group: group.look != 'rest'):
        drawn = {
          m.label: history.curve(m.run.lines, split, name) for m in group.members
        }
        drawn = {label: points for label, points in drawn.items() if points}
        series += together(group.label, group.look, drawn) if drawn else []
      if (laid := chart.layout(name, series)) is not None:
        found.append((split, laid._replace(name=words)))
  return found


def together(
  label: str, look: str, drawn: Mapping[str, history.Curve]
) -> list[chart.Series]:
  """Joins the curves of runs that differ in the seed alone.

  Over the steps at which all runs have a finite figure there is one curve, the mean,
  with a band from the lowest to the highest. After the last such step, or if there are
  fewer than two, each run has a thin line of its own.

  Args:
    label, look: name and CSS classes of the mean.
    drawn: {label of a run: its curve}.
  """
  if len(drawn) == 1:
    return [chart.Series(label, look, points) for points in drawn.values()]
  found = [dict(history.finite(points)) for points in drawn.values()]
  steps = sorted(set.intersection(*map(set, found)))
  if len(steps) < 2:
    return [chart.Series(run, f'{look} thin', points) for run, points in drawn.items()]
  at = [(step, [points[step] for points in found]) for step in steps]
  mean = [(step, statistics.fmean(values)) for step, values in at]
  band = [(step, min(values), max(values)) for step, values in at]
  tails = {run: [p for p in c if p[0] >= steps[-1]] for run, c in drawn.items()}
  thin = [chart.Series(r, f'{look} thin', c) for r, c in tails.items() if len(c) > 1]
  return [chart.Series(label, look, mean, band), *thin]
