"""What a workdir holds, as reports read it: settings, history, result."""

import collections
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dl_core.train import history, log, workdir
from dl_core.types import Figure


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
  """Writes 83 as '1 min 23 s'."""
  minutes, rest = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  if hours:
    return f'{hours} h {minutes} min'
  return f'{minutes} min {rest} s' if minutes else f'{seconds:.2g} s'


def devices(manifest: Mapping[str, Any]) -> str:
  """Writes ['gpu:0 NVIDIA H100', 'gpu:1 NVIDIA H100'] as '2 × NVIDIA H100'."""
  found = [str(device).partition(' ') for device in manifest.get('devices') or []]
  kinds = [kind or place.partition(':')[0] for place, _, kind in found]
  counts = collections.Counter('CPU' if kind == 'cpu' else kind for kind in kinds)
  return ', '.join(f'{n} × {kind}' if n > 1 else kind for kind, n in counts.items())
