"""Activations, depth and cells of recurrent networks on one text. Lecture 9.

    python -m experiments.recurrence                     # all three: nine runs
    python -m experiments.recurrence --what=cell         # LSTM, GRU and the plain cell
    python -m experiments.recurrence --what=activation --seeds=3
    python -m experiments.recurrence --dataset=tiny_shakespeare --data_dir=DIR \\
      --what=cell --layers=2 --hidden=256 --steps=2000 --seeds=3

Activations are those of a plain recurrent network: tanh, sigmoid, ReLU and identity.
Depth is that of an LSTM of one, two and three layers, each narrower, so that they have
as many parameters. Cells have as many units, so an LSTM has about four times the
parameters of the plain cell and a GRU three times.
"""

import bisect
import dataclasses

from dl_core import config, launch
from dl_core.data import text
from dl_core.interpret import writing
from dl_core.lessons.recurrent import kinds
from dl_core.models import char_lm as models
from experiments import char_lm

ACTIVATIONS = ('rnn', 'rnn_sigmoid', 'rnn_relu', 'rnn_identity')
CELLS = ('lstm', 'gru', 'rnn')
DEPTHS = (1, 2, 3)
WHAT = ('activation', 'depth', 'cell')


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  what: tuple[str, ...] = config.field(WHAT, 'comparisons to make', choices=WHAT)
  dataset: str = 'python_docs'
  hidden: int = config.field(
    128, 'units of each recurrent layer; with --what=depth of the only one', low=4
  )
  layers: int = config.field(
    1, 'number of recurrent layers; --what=depth has its own', low=1
  )
  steps: int = 600
  batch_size: int = 32
  learning_rate: float = 4e-3


TINY = Config(steps=2, batch_size=8, hidden=8, eval_every=1)


def study(c: Config) -> launch.Study:
  base = char_lm.Config(**config.shared(c, 'hidden', 'layers'))
  of = lambda **more: (char_lm, dataclasses.replace(base, **more))
  labels = {'activation': ACTIVATIONS, 'cell': CELLS}
  runs = {
    cell: of(cell=cell) for what in labels if what in c.what for cell in labels[what]
  }
  sizes = {}
  if 'depth' in c.what:
    tokens = text.load(base, base.window).spec.limits.x
    wide = models.CharLM(tokens, layers=1, hidden=c.hidden).parameters()
    for depth in DEPTHS:
      label = f'depth-{depth}'
      hidden = narrowed(tokens, depth, c.hidden, wide)
      model = models.CharLM(tokens, layers=depth, hidden=hidden)
      sizes[label] = depth, hidden, model.parameters()
      runs[label] = of(layers=depth, hidden=hidden)
  return launch.Study(runs, lambda results: draw(c.what, sizes, results))


def narrowed(tokens: int, layers: int, most: int, parameters: int) -> int:
  """Returns the fewest units a layer that give a network as many parameters."""
  count = lambda hidden: models.CharLM(
    tokens, layers=layers, hidden=hidden
  ).parameters()
  return 1 + bisect.bisect_left(range(1, most), parameters, key=count)


def draw(what, sizes, results):
  """Draws the curves of everything compared, and what each cell writes."""
  only = lambda labels: {label: results[label] for label in labels}
  found = []
  if 'activation' in what:
    found.append(kinds.activations(only(ACTIVATIONS)))
  if 'depth' in what:
    found.append(kinds.depth(only(sizes), sizes))
  if 'cell' in what:
    found.append(kinds.cells(only(CELLS)))
    for cell, (run, *_) in only(CELLS).items():
      seen = run.observed[max(run.observed)]
      found.append(writing.picture(cell, seen, run.experiment.data.write))
  return found


if __name__ == '__main__':
  launch.main(__name__)
