"""Activations, depth and cells of recurrent networks on one text. Lecture 9.

    python -m experiments.recurrence                     # all three: eight networks
    python -m experiments.recurrence --what=cell         # LSTM, GRU and the plain cell
    python -m experiments.recurrence --what=activation --seeds=5
    python -m experiments.recurrence --dataset=tiny_shakespeare --data_dir=DIR \\
      --what=cell --layers=2 --hidden=256 --steps=2000 --seeds=3

Activations are those of a plain recurrent network: tanh, sigmoid, ReLU and identity.
Depth is that of an LSTM of one, two and three layers, each narrower, so that they have
as many parameters. Cells have as many units, so an LSTM has about four times the
parameters of the plain cell and a GRU three times.

No single learning rate is fair to all: at 4e-3 the LSTM ends behind the plain cell, at
their own best rates ahead of it. So each network has its own, chosen on validation.
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.data import text
from dl_core.interpret import writing
from dl_core.launch import equal
from dl_core.lessons.recurrent import kinds
from dl_core.models import char_lm as models
from experiments import char_lm

ACTIVATIONS = ('rnn', 'rnn_sigmoid', 'rnn_relu', 'rnn_identity')
CELLS = ('lstm', 'gru', 'rnn')
DEPTHS = (1, 2, 3)
# Of 0.004, 0.012 and 0.03, the rate with the fewest nats on the validation split after
# 600 steps (seed 0, python_docs); LSTMs of two and three layers have the rate of one.
RATES = {
  'lstm': 0.03,
  'gru': 0.012,
  'rnn': 0.012,
  'rnn_sigmoid': 0.03,
  'rnn_relu': 0.012,
  'rnn_identity': 0.012,
}
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
  seeds: int = 3
  steps: int = 600
  batch_size: int = 32
  learning_rate: float = config.field(
    1.0, "factor on each network's own best learning rate (see RATES)", above=0
  )
  eval_every: int = 150


TINY = Config(steps=2, batch_size=8, hidden=8, seeds=1, eval_every=1)


def study(c: Config) -> launch.Study:
  base = char_lm.Config(**config.shared(c, 'hidden', 'layers'))

  def run(cell, **more):
    rate = c.learning_rate * RATES[cell]
    return char_lm, dataclasses.replace(base, cell=cell, learning_rate=rate, **more)

  compared = {'activation': ACTIVATIONS, 'cell': CELLS}
  runs = {cell: run(cell) for what in c.what for cell in compared.get(what, ())}
  sizes = {}
  if 'depth' in c.what:
    tokens = text.load(base, base.window).spec.limits.x
    sized = functools.partial(models.CharLM, tokens)
    most = sized(layers=1, hidden=c.hidden).parameters()
    for depth in DEPTHS:
      # One layer is the LSTM that is compared with other cells, too.
      label = 'lstm' if depth == c.layers == 1 else f'depth-{depth}'
      count = lambda hidden, depth=depth: sized(
        layers=depth, hidden=hidden
      ).parameters()
      hidden = equal.fewest(count, most, c.hidden)
      sizes[label] = depth, hidden, sized(layers=depth, hidden=hidden).parameters()
      runs[label] = run('lstm', layers=depth, hidden=hidden)
  return launch.Study(runs, functools.partial(draw, c.what, sizes))


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
