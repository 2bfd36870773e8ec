"""Times the train steps of experiments, beside PyTorch's in the same run.

    python -m experiments.benchmark --experiments=lenet,gan --peer=torch
    python -m experiments.benchmark --batch_sizes=64,256 --json=FILE
    python -m experiments.benchmark --experiments=char_lm --cells=lstm,gru,rnn
    python -m experiments.benchmark --experiments=pixelcnn --nets=gated,row_lstm
    python -m experiments.benchmark --experiments=char_lm,seq2seq --decoding=single \\
      --peer=torch                          # texts are written, in one dispatch
    python -m experiments.benchmark --json=FILE --against=FILE     # of an earlier day

Each experiment is trained at its BENCH, on generated data. `ratio` is the time of the
better PyTorch, eager or compiled, over ours: above 1 we are faster. In brackets, where
nine of ten rounds lie. The peer wants the extra: pip install -e '.[bench]'.
"""

import dataclasses
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import jax

import experiments
from dl_core import config, launch
from dl_core.bench import benchmark, decoding, settings, timings
from dl_core.launch import cli
from dl_core.runtime import sharding
from dl_core.train import manifest, workdir
from dl_core.types import UserError


def main(s: settings.Settings) -> int:
  """Measures; prints a table, writes a file. Returns the exit code."""
  names = chosen(s)
  before = timings.read(s.against) if s.against else []
  timings.check(s.json)
  cli.use(s.platform)
  # What is compiled here is timed, so nothing comes from an earlier start.
  jax.config.update('jax_enable_compilation_cache', False)
  rows: list[dict] = []
  modules = {name: importlib.import_module(f'experiments.{name}') for name in names}
  planned = [
    (name, changes)
    for name, module in modules.items()
    for changes in settings.variants(module.BENCH, s)
  ]
  how = {name: getattr(s, name) for name in ('precision', 'mesh', 'steps_per_call')}
  for name, changes in planned:
    module, loop = modules[name], changes.pop('loop', '')
    c = dataclasses.replace(module.BENCH, **changes, **how)
    sharding.check(c.mesh, c.batch_size)
    measure = partial(decoding.measured, loop) if loop else benchmark.measured
    row = measure(name, module.build(c), s.peer == 'torch', s.rounds, note)
    for flag in ('cell', 'net'):
      if flag in changes:
        row['experiment'] += f' --{flag}={changes[flag]}'
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


def note(text: str) -> None:
  print(text, file=sys.stderr)


def chosen(s: settings.Settings) -> Sequence[str]:
  """Returns the requested experiments; with --decoding, those that write texts.

  Raises:
    UserError: one is unknown or writes none, or texts are wanted of several devices.
  """
  names = listed(s.experiments)
  if not s.decoding:
    return names
  if s.mesh or s.precision != 'float32':
    raise UserError(
      '--decoding was given with --mesh or --precision, but texts are written on one '
      'device in float32; drop them'
    )
  benches = {n: importlib.import_module(f'experiments.{n}').BENCH for n in names}
  found = [name for name in names if decoding.writes(benches[name])]
  if s.experiments != ('all',) and found != [*names]:
    raise UserError(
      f'--experiments={config.stored(s.experiments)} was given with --decoding, but '
      f'{min(set(names) - set(found))} writes no texts; leave it out'
    )
  return found


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


if __name__ == '__main__':
  sys.exit(launch.command(settings.Settings, __doc__, sys.argv, main))
