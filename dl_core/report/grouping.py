"""Reads runs and groups those that differ in the seed alone."""

import json
import math
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dl_core import metrics
from dl_core.models.weights import files
from dl_core.report import contents
from dl_core.train import history, workdir
from dl_core.types import Figure

HUES = 10  # colours in page.html; further groups are grey
Settings = Mapping[str, Any]


class Member(NamedTuple):
  """One of the runs that are compared.

  Attributes:
    label: name of the run on the page.
    folder: workdir.
    run: contents of the workdir.
    settings: the settings that change the result, the experiment's name first.
    figures: figures of the test split; {} while the run has no result.
  """

  label: str
  folder: Path
  run: contents.Run
  settings: dict[str, Any]
  figures: dict[str, float]


class Group(NamedTuple):
  """Runs that differ in the seed alone."""

  label: str
  look: str  # CSS class of the colour: 'c0' ... 'c9', 'rest'
  members: list[Member]

  def values(self, name: str) -> dict[str, float]:
    """Returns {label: value} of the runs that have the figure."""
    return {m.label: m.figures[name] for m in self.members if name in m.figures}

  def spread(self, name: str) -> 'Spread':
    return spread(self.values(name).values())


class Spread(NamedTuple):
  """Mean and deviation of values; None for too few values, or if one is not finite."""

  mean: float | None
  deviation: float | None  # of a sample: the sum of squares is divided by n - 1


def read(runs: Mapping[str, Path]) -> list[Group]:
  """Reads runs and groups them, in the order given."""
  found: dict[str, list[Member]] = {}
  for label, folder in runs.items():
    run = contents.read(Path(folder))
    result = history.figures(run.test)
    member = Member(label, Path(folder), run, settings(run.config), result)
    same = {k: v for k, v in member.settings.items() if k != 'seed'}
    known = 'identity' in run.config
    key = json.dumps(same, sort_keys=True) if known else f'unknown {label}'
    found.setdefault(key, []).append(member)
  members = list(found.values())
  looks = hues(members)
  bare = [{k: v for k, v in m[0].settings.items() if k != 'seed'} for m in members]
  labels = [
    stem([member.label for member in group]) or differences
    for differences, group in zip(words(bare), members, strict=True)
  ]
  return [Group(*parts) for parts in zip(labels, looks, members, strict=True)]


def stem(labels: Sequence[str]) -> str:
  """Returns the labels of runs without their seeds, '' if the rest differs.

  For 'l1-seed-0' and 'l1-seed-1' that is 'l1'; a single label is returned as it is.
  """
  if len(labels) == 1:
    return labels[0]
  found = {re.sub(r'(^|-)seed-\d+$', '', label) for label in labels}
  return found.pop() if len(found) == 1 else ''


def settings(config: Settings) -> dict[str, Any]:
  """Returns the settings that change a result, without the folder of `init_from`."""
  kept = dict(config.get('identity') or {})
  if kept.get('init_from'):
    kept['init_from'] = files.place(kept['init_from'])
  return {'experiment': config.get('experiment', 'unknown'), **kept}


def differing(every: Sequence[Settings]) -> list[str]:
  """Returns the names of the settings that differ between runs.

  A setting that only some experiments have does not count. The data source counts only
  if the other differing settings do not determine it.
  """
  experiments = {each['experiment'] for each in every}
  found = []
  for name in dict.fromkeys(name for each in every for name in each):
    values = {json.dumps(each[name]) for each in every if name in each}
    having = {(each['experiment'], name in each) for each in every}
    if len(values) > 1 or len(having) > len(experiments):
      found.append(name)
  if 'source' in found:
    rest = [name for name in found if name != 'source']
    others = {json.dumps([each.get(name) for name in rest]) for each in every}
    pairs = {json.dumps([each.get(name) for name in found]) for each in every}
    found = rest if len(others) == len(pairs) else found
  return found


def words(every: Sequence[Settings]) -> list[str]:
  """Returns how each of the settings differs from the others: 'channels=6, steps=9'."""
  experiments = {each['experiment'] for each in every}
  found = []
  for each in every:
    peers = [other for other in every if other['experiment'] == each['experiment']]
    names = [name for name in differing(peers) if name != 'experiment']
    parts = [each['experiment']] if len(experiments) > 1 or not names else []
    parts += [f'{name}={each.get(name, "—")}' for name in names]
    found.append(', '.join(map(str, parts)))
  return found


def hues(groups: Sequence[Sequence[Member]]) -> list[str]:
  """Assigns colours; with more groups than colours, only the best groups get one."""
  order = list(range(len(groups)))
  names = figures([member for group in groups for member in group])
  if len(groups) > HUES and names:
    sign = -1 if metrics.kind(names[0]).rising else 1
    means = [spread(m.figures.get(names[0], math.nan) for m in g).mean for g in groups]
    order.sort(key=lambda i: math.inf if (m := means[i]) is None else sign * m)
  chosen = sorted(order[:HUES])
  return [f'c{chosen.index(i)}' if i in chosen else 'rest' for i in range(len(groups))]


def figures(members: Iterable[Member]) -> list[str]:
  """Returns the figures of the test split, in the order of the reports of the runs."""
  found = dict.fromkeys(row.name for member in members for row in rows(member))
  return sorted(found, key=lambda name: name == 'loss')


def rows(member: Member) -> list[contents.Row]:
  """Returns the result of a run with its baselines and published values."""
  run = member.run
  published = [Figure(**each) for each in run.manifest.get('published') or []]
  baseline = run.test.get('baseline') or {}
  return contents.headline(run.test, baseline, published, contents.dataset(run.config))


def sources(members: Iterable[Member]) -> set[str]:
  """Returns the data sources of the runs that have a result."""
  return {m.settings['source'] for m in members if m.figures and 'source' in m.settings}


def best(groups: Sequence[Group], name: str) -> float | None:
  """Returns the best mean of a figure, None if a ranking would mean nothing.

  There is none between different data sources, of fewer than two groups, or of equal
  means.
  """
  data = sources(m for group in groups for m in group.members)
  means = [mean for group in groups if (mean := group.spread(name).mean) is not None]
  if len(data) > 1 or len(set(means)) < 2:
    return None
  return max(means) if metrics.kind(name).rising else min(means)


def spread(values: Iterable[float]) -> Spread:
  """Returns the mean and the sample standard deviation."""
  values = list(values)
  if not values or not all(map(math.isfinite, values)):
    return Spread(None, None)
  deviation = statistics.stdev(values) if len(values) > 1 else None
  return Spread(statistics.fmean(values), deviation)


def seconds(member: Member) -> float:
  """Returns the seconds of a run; runs trained side by side share their time."""
  together = member.run.manifest.get('side_by_side') or 1
  return (member.run.test.get('seconds') or 0) / together


def expand(folder: Path) -> list[Path]:
  """Returns the workdirs of the runs in a folder, or the folder if it is a workdir.

  The runs of a study come in its order, others in the order of their names.

  Raises:
    UserError: the folder contains no run.
  """
  runs = workdir.read_json(folder / 'config.json').get('identity', {}).get('runs')
  if runs:
    inner = [folder / label for label in runs if (folder / label).exists()]
  else:
    inner = workdir.inside(folder)
  natural = lambda path: [part.zfill(20) for part in re.split(r'(\d+)', path.name)]
  if not inner:
    workdir.read_config(folder)
    return [folder]
  inner = list(inner) if runs else sorted(inner, key=natural)
  return [run for each in inner for run in expand(each)]


def labelled(folders: Iterable[Path]) -> dict[str, Path]:
  """Labels each run by its path or by the settings that differ, whichever is shorter.

  A path is cut to what makes it unique. A folder that is named by a fingerprint of the
  settings (see `workdir.find`) is labelled by settings.
  """
  places = list(dict.fromkeys(folder.resolve() for folder in folders))
  every = [settings(contents.read(place).config) for place in places]
  depth = 1
  while len({place.parts[-depth:] for place in places}) < len(places):
    depth += 1
  ends = ['/'.join(place.parts[-depth:]) for place in places]
  differences = words(every)
  made = any(re.search('-[0-9a-f]{8}$', end) for end in ends)
  shorter = sum(map(len, differences)) < sum(map(len, ends))
  if len(set(differences)) == len(differences) and (made or shorter):
    ends = differences
  return dict(zip(ends, places, strict=True))
