"""Reads what reports need from a workdir: settings, history, result."""

import collections
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dl_core import metrics
from dl_core.train import history, log, workdir
from dl_core.types import Figure


class Row(NamedTuple):
  """One figure of the test split with one reference value.

  Attributes:
    name: the figure.
    measured: its value on the test split.
    baseline: score of the best constant answer, None if unknown.
    published: a published value, None if there is none.
    source: who published that value.
    elsewhere: the data set of the published value, '' if it is this run's.
  """

  name: str
  measured: float
  baseline: float | None = None
  published: float | None = None
  source: str = ''
  elsewhere: str = ''


class Run(NamedTuple):
  """The contents of a workdir, {} or [] for what is missing.

  Attributes:
    config, manifest: config.json and manifest.json.
    lines: the lines of metrics.jsonl.
    test: the line of the test split.
    rows: the result, see `headline`.
  """

  config: dict[str, Any]
  manifest: dict[str, Any]
  lines: list[dict[str, Any]]
  test: history.Line
  rows: list[Row]


def read(folder: Path, published: Sequence[Figure] = ()) -> Run:
  """Reads a workdir; a missing or damaged file is empty."""
  config = workdir.read_json(folder / 'config.json')
  manifest = workdir.read_json(folder / 'manifest.json')
  metrics.restore(manifest.get('metrics') or {})
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
  """Pairs each figure of the result with its baseline and its published values.

  Args:
    test: the line of the test split.
    baseline: {figure: score of the best constant answer}.
    published: published figures; one on another data set is kept and marked.
    dataset: the run's data set, without its version.

  Returns:
    One row for each figure and each publication of it: first figures with a published
    value, then figures with a baseline, and the loss last.
  """
  measured = history.figures(test)
  held = {figure.metric for figure in published}
  rank = lambda name: (name not in held, name not in baseline, name == 'loss')
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


def duration(seconds: float) -> str:
  """Returns seconds in words: '1 min 23 s' for 83."""
  minutes, rest = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  if hours:
    return f'{hours} h {minutes} min'
  return f'{minutes} min {rest} s' if minutes else f'{seconds:.2g} s'


def devices(manifest: Mapping[str, Any]) -> str:
  """Returns the devices of a manifest.json, counted: '2 × NVIDIA H100'."""
  found = [str(device).partition(' ') for device in manifest.get('devices') or []]
  kinds = [kind or place.partition(':')[0] for place, _, kind in found]
  counts = collections.Counter('CPU' if kind == 'cpu' else kind for kind in kinds)
  return ', '.join(f'{n} × {kind}' if n > 1 else kind for kind, n in counts.items())
