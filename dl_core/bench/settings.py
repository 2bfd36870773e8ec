"""The settings of the benchmark, and the rows that they ask for."""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

from dl_core import config
from dl_core.bench import decoding
from dl_core.layers import sequences
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
  nets: tuple[str, ...] = config.field(
    (),
    'architectures to time, as in mlp,dcgan, of experiments that have --net; empty: '
    "the one of the experiment's BENCH",
    empty=True,
  )
  decoding: tuple[str, ...] = config.field(
    (),
    'time the writing of texts instead of train steps, in one dispatch, where PyTorch '
    'has a loop over the tokens of a single text after another, or of the batch; '
    'empty: train steps are timed',
    choices=decoding.LOOPS,
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


def variants(bench: config.Config, s: Settings) -> Iterator[dict[str, Any]]:
  """Yields the settings in which the timed steps of an experiment differ.

  Raises:
    UserError: the experiment has --net, but not with a value of `s.nets`.
  """
  cells = s.cells if hasattr(bench, 'cell') else ()
  nets = s.nets if hasattr(bench, 'net') else ()
  known = config.rule_of(type(bench), 'net').choices
  for net in nets:
    if net not in known:
      raise UserError(
        f'--nets={config.stored(s.nets)} was given, but an experiment to time has '
        f'--net={"|".join(known)} and no {net}; give some of these, or fewer '
        '--experiments'
      )
  usual = decoding.texts(bench) if s.decoding else bench.batch_size
  axes = {
    'batch_size': s.batch_sizes or (usual,),
    'cell': cells,
    'net': nets,
    'loop': s.decoding,
  }
  axes = {name: values for name, values in axes.items() if values}
  for row in itertools.product(*axes.values()):
    yield dict(zip(axes, row, strict=True))
