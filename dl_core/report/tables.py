"""Lays out the tables of the page that compares runs: results, settings, origins."""

import math
import os
import statistics
import urllib.parse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dl_core import metrics
from dl_core.report import contents, grouping, verdict
from dl_core.train import history


class Row(NamedTuple):
  """One row of the table of results.

  Attributes:
    label, look: name and CSS classes of the run or the group.
    inner: whether the row is a run of the group above it.
    settings: values of the settings that differ; '' if they differ within the group, or
      if the row of the group shows them.
    texts: the figures of the test split, in words.
    best: for each figure, whether it is the best.
    steps, seconds, verdict: in words.
    link: address of the run's own report, '' if there is none.
  """

  label: str
  look: str
  inner: bool
  settings: list[str]
  texts: list[str]
  best: list[bool]
  steps: str
  seconds: str
  verdict: str
  link: str


def table(
  groups: Sequence[grouping.Group], names: Sequence[str], base: Path
) -> list[Row]:
  """Lays out a row for each run, below a row for its group if that has several runs.

  Args:
    groups: the runs.
    names: the figures.
    base: absolute path of the folder that links are relative to.
  """
  members = [member for group in groups for member in group.members]
  keys = columns(members)
  # Seeds are ranked only where there is nothing else to rank.
  ranked = groups if len(groups) > 1 else [grouping.Group('', '', [m]) for m in members]
  tops = [grouping.best(ranked, name) for name in names]

  def row(label, look, runs, ranks):
    group = grouping.Group(label, look, runs)
    taken = [m.run.test['seconds'] for m in runs if m.run.test.get('seconds')]
    page = runs[0].folder / 'report' / 'index.html'
    single = len(runs) == 1
    return Row(
      label,
      look,
      False,
      [shared([traits(m).get(key, '') for m in runs]) for key in keys],
      [text(name, group.values(name).values()) for name in names],
      [
        ranks and top is not None and group.spread(name).mean == top
        for name, top in zip(names, tops, strict=True)
      ],
      progress(runs),
      contents.duration(statistics.fmean(taken)) if taken else '',
      verdict.verdict(runs[0].run.lines).kind if single and runs[0].figures else '',
      link(page, base) if single and page.exists() else '',
    )

  found = []
  for label, look, runs in groups:
    if len(runs) == 1:
      found.append(row(label, look, runs, True))
      continue
    whole = row(label, look, runs, len(groups) > 1)
    inner = [row(m.label, look, [m], len(groups) == 1) for m in runs]
    found.append(whole)
    found += [
      one._replace(
        inner=True,
        settings=[
          '' if above else own
          for above, own in zip(whole.settings, one.settings, strict=True)
        ],
      )
      for one in inner
    ]
  return found


def columns(members: Sequence[grouping.Member]) -> list[str]:
  """Returns the names of the settings that differ between runs, with `parameters`."""
  sizes = {traits(member)['parameters'] for member in members}
  found = grouping.differing([member.settings for member in members])
  return [*found, *(['parameters'] if len(sizes) > 1 else [])]


def traits(member: grouping.Member) -> dict[str, Any]:
  """Returns the settings of a run and its number of parameters."""
  size = member.run.manifest.get('parameters')
  return {**member.settings, 'parameters': f'{size:,}' if size else ''}


def shared(values: Sequence[Any]) -> str:
  """Returns the value if all values are the same, '' otherwise."""
  return str(values[0]) if all(value == values[0] for value in values) else ''


def text(name: str, values: Iterable[float]) -> str:
  """Returns a figure in words, mean ± standard deviation if it has several values."""
  values = list(values)
  mean, deviation = grouping.spread(values)
  if mean is None or deviation is None:
    value = values[0] if len(values) == 1 else math.nan
    return history.shown(name, value) if values else ''
  if metrics.kind(name).fraction:
    return f'{100 * mean:.2f} ± {100 * deviation:.2f}%'
  return f'{mean:.4g} ± {deviation:.2g}'


def progress(members: Sequence[grouping.Member]) -> str:
  """Returns the progress of runs: '200', 'unfinished, 80 of 200', '3 runs'."""
  if len(members) > 1:
    ended = sum(bool(member.figures) for member in members)
    of = f' of {len(members)}' if ended < len(members) else ''
    return f'{ended}{of} runs'
  (member,) = members
  step = max((line['step'] for line in member.run.lines), default=0)
  if member.figures:
    return f'{step:,}'
  steps = member.settings.get('steps')
  return f'unfinished, {step:,} of {steps:,}' if steps else 'unfinished'


def references(members: Sequence[grouping.Member]) -> dict[str, dict[str, float]]:
  """Returns baselines and published values as {label: {figure: value}}."""
  found: dict[str, dict[str, float]] = {}
  several = len(grouping.sources(members)) > 1
  for member in members:
    data = f', {member.settings.get("source")}' if several else ''
    for row in grouping.rows(member):
      if row.baseline is not None:
        found.setdefault(f'best constant answer{data}', {})[row.name] = row.baseline
      if row.published is not None:
        place = f', on {row.elsewhere}' if row.elsewhere else data
        found.setdefault(f'{row.source}{place}', {})[row.name] = row.published
  return found


class Common(NamedTuple):
  """The settings that all runs share, their defaults, and which are unchanged."""

  settings: dict[str, Any]
  defaults: dict[str, Any]
  unchanged: list[str]


def common(members: Sequence[grouping.Member]) -> Common:
  """Returns the settings that have the same value in all runs."""
  every = [member.settings for member in members]
  apart = {*grouping.differing(every), 'experiment', 'source'}
  kept = {k: v for k, v in every[0].items() if all(k in each for each in every)}
  kept = {k: v for k, v in kept.items() if k not in apart}
  defaults = members[0].run.config.get('defaults', {})
  return Common(kept, defaults, [k for k in kept if kept[k] == defaults.get(k)])


class Origin(NamedTuple):
  """How the runs were made.

  Attributes:
    shared: {name: value} of what is the same for all runs.
    names: what differs.
    rows: (label, folder, values of what differs) for each run.
  """

  shared: dict[str, str]
  names: list[str]
  rows: list[tuple[str, str, list[str]]]


def origin(members: Sequence[grouping.Member], base: Path) -> Origin:
  """Returns how each run was made, with its folder relative to `base`."""
  found = []
  for member in members:
    manifest = member.run.manifest
    named = {name: manifest.get(name) for name in ('machine', 'git', 'xla_flags')}
    versions = manifest.get('versions') or {}
    made = {'command': manifest.get('command'), 'device': contents.devices(manifest)}
    found.append({**made, **named, **versions})
  names = list(dict.fromkeys(name for each in found for name in each))
  values = {name: [str(each.get(name) or '—') for each in found] for name in names}
  same = {name: each[0] for name, each in values.items() if len(set(each)) == 1}
  rest = [name for name in names if name not in same]
  lines = [
    (
      member.label,
      os.path.relpath(member.folder, base),
      [values[name][number] for name in rest],
    )
    for number, member in enumerate(members)
  ]
  return Origin({k: v for k, v in same.items() if v != '—'}, rest, lines)


def link(page: Path, base: Path) -> str:
  """Returns the address of a page relative to the folder `base`."""
  return urllib.parse.quote(os.fsencode(os.path.relpath(page, base)))
