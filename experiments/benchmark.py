"""Times the train steps of experiments, beside PyTorch's in the same run.

    python -m experiments.benchmark --experiments=lenet,gan --peer=torch
    python -m experiments.benchmark --batch_sizes=64,256 --json=FILE
    python -m experiments.benchmark --experiments=char_lm --cells=lstm,gru,rnn
    python -m experiments.benchmark --json=FILE --against=FILE     # of an earlier day

Each experiment is trained at its BENCH, on generated data. `ratio` is the time of the
better PyTorch, eager or compiled, over ours: above 1 we are faster. In brackets, where
nine of ten rounds lie. The peer wants the extra: pip install -e '.[bench]'.
"""

import dataclasses
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax

import experiments
from dl_core import config, launch
from dl_core.bench import benchmark, timings
from dl_core.launch import cli
from dl_core.layers import sequences
from dl_core.runtime import sharding
from dl_core.train import manifest, workdir
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Settings(config.Settings):
  experiments: tuple[str, ...] = config.field(
    ('all',), 'experiments to time, as in lenet,gan; all: those with a BENCH'
  )
  batch_sizes: tuple[int, ...] = config.field(
    (),
    "batch sizes to time, as in 64,256; empty: the one of the experiment's BENCH",
    low=1,
    empty=True,
  )
  cells: tuple[str, ...] = config.field(
    (),
    'recurrent cells to time, as in lstm,gru,rnn, of experiments that have --cell; '
    "empty: the one of the experiment's BENCH",
    choices=tuple(sequences.CELLS),
    empty=True,
  )
  precision: str = config.field(
    'float32',
    'dtype in which models compute; parameters stay float32',
    choices=config.PRECISIONS,
  )
  steps_per_call: int = config.field(
    0,
    'updates in one call of the compiled program; 0: as in training',
    low=0,
    below=2**31,
  )
  peer: str = config.field('none', 'library to compare with', choices=('none', 'torch'))
  rounds: int = config.field(20, 'number of timed rounds of each program', low=1)
  json: str = config.field('', 'file to write the results to, as JSON; empty: none')
  against: str = config.field(
    '', 'file that an earlier --json wrote, to compare with; empty: none'
  )
  platform: str = config.field(
    'auto',
    'kind of device to compute on; auto: the fastest that JAX finds',
    choices=('auto', 'cpu', 'gpu', 'tpu'),
  )
  mesh: str = config.field('', 'device mesh, as in data:4; empty: one device')


def main(s: Settings) -> int:
  """Measures; prints a table, writes a file. Returns the exit code."""
  names = listed(s.experiments)
  before = read(s.against) if s.against else []
  check(s.json)
  cli.use(s.platform)
  # What is compiled here is timed, so nothing comes from an earlier start.
  jax.config.update('jax_enable_compilation_cache', False)
  rows: list[dict] = []
  for name in names:
    module = importlib.import_module(f'experiments.{name}')
    for changes in variants(module.BENCH, s):
      c = dataclasses.replace(
        module.BENCH,
        **changes,
        precision=s.precision,
        mesh=s.mesh,
        steps_per_call=s.steps_per_call,
      )
      sharding.check(c.mesh, c.batch_size)
      row = benchmark.measured(name, module.build(c), s.peer == 'torch', s.rounds, note)
      if 'cell' in changes:
        row['experiment'] = f'{name} --cell={changes["cell"]}'
      row = timings.rounded(row | manifest.surroundings())
      rows.append(row | timings.earlier(row, before))
      print(timings.table(rows[-1:]) + '\n', flush=True)
      if s.json:
        workdir.write_json(Path(s.json), rows)
  if len(rows) > 1:
    print(timings.table(rows))
  if s.against:
    print(timings.against(rows))
  return 0


def variants(bench: config.Config, s: Settings) -> Iterator[dict[str, Any]]:
  """Yields the settings in which the timed steps of an experiment differ."""
  cells = s.cells if hasattr(bench, 'cell') else ()
  for size in s.batch_sizes or (bench.batch_size,):
    for each in [{'cell': cell} for cell in cells] or [{}]:
      yield {'batch_size': size} | each


def check(path: str) -> None:
  """Raises UserError where the rows could not be written."""
  try:
    if path:
      Path(path).open('a').close()
  except OSError as error:
    raise UserError(
      f'--json={path} was given, which cannot be written ({error.strerror}); name '
      'another file'
    ) from None


def note(text: str) -> None:
  print(text, file=sys.stderr)


def listed(names: Sequence[str]) -> Sequence[str]:
  """Returns the requested experiments. Raises UserError for an unknown one."""
  modules = pkgutil.iter_modules(experiments.__path__)
  sources = {m.name: Path(experiments.__path__[0], f'{m.name}.py') for m in modules}
  known = [
    name for name, path in sources.items() if '\nBENCH = ' in path.read_text('utf-8')
  ]
  for name in () if names == ('all',) else names:
    if name not in known:
      raise UserError(
        f'--experiments={config.stored(names)} was given, but {name!r} is unknown; '
        f'name some of {", ".join(known)}'
      )
  return known if names == ('all',) else names


def read(path: str) -> list[dict]:
  """Reads the rows of an earlier run. Raises UserError where there are none."""
  try:
    rows = json.loads(Path(path).read_text(encoding='utf-8'))
  except (OSError, ValueError):
    rows = None
  if not isinstance(rows, list) or not all(map(timings.comparable, rows)):
    raise UserError(
      f'--against={path} was given, but that is no file of rows; name one that --json '
      'wrote'
    )
  return rows


if __name__ == '__main__':
  sys.exit(launch.command(Settings, __doc__, sys.argv, main))
