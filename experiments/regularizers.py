"""Early stopping, L1, L2, dropout and batch norm on one net that overfits. Lecture 5.

    python -m experiments.regularizers         # six methods, three seeds: 55 s
    python -m experiments.regularizers --methods=none,l1 --l1=1e-4 --seeds=5

The net, two layers of 256 units, has 200 times as many weights as there are images to
learn from: 400 digits, of which every fifth label is drawn anew. To learn those by
heart is to be wrong on digits that look like them.

The test accuracy is 81 % without any of the methods, 84 % with L1 (23 % of the
weights of a layer exactly 0), 84 % with batch norm, 88 % stopped early, 90 % with L2
and 96 % with dropout. The strengths were chosen by hand, on validation.

Batch normalisation stands in the lecture among the regularisers. What it is for is
learning faster (see `batch_norm`); that it narrows the gap too is a side effect.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.training import regularisation
from dl_core.types import Picture
from experiments import mlp

METHODS = ('none', 'early_stopping', 'l1', 'l2', 'dropout', 'batch_norm')
PENALTIES = ('l1', 'l2')


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  methods: tuple[str, ...] = config.field(
    METHODS, 'methods of regularisation to compare', choices=METHODS
  )
  hidden: tuple[int, ...] = config.field(
    (256, 256), 'units of each hidden layer', low=1, empty=True
  )
  size: int = config.field(8, 'height and width of the digits, in pixels', low=1)
  train_size: int = config.field(400, 'number of training examples', low=1)
  label_noise: float = config.field(
    0.2, 'share of training labels replaced by random ones', low=0, below=1
  )
  l1: float = config.field(
    3e-4, 'L1 penalty of the method l1: factor of Σ|w| in the loss', low=0
  )
  l2: float = config.field(
    1e-2, 'L2 penalty of the method l2: factor of ½Σw² in the loss', low=0
  )
  dropout_input: float = config.field(
    0.2, 'dropout rate of the inputs in the method dropout', low=0, below=1
  )
  dropout: float = config.field(
    0.5, 'dropout rate of the hidden layers in the method dropout', low=0, below=1
  )
  patience: int = 10
  seeds: int = 3
  batch_size: int = 50
  learning_rate: float = 0.02
  eval_every: int = 20


TINY = Config(
  steps=2, batch_size=8, hidden=(8,), train_size=16, methods=('none', 'l1'), seeds=1
)


def study(c: Config) -> launch.Study:
  none = {'patience': 0, 'l1': 0.0, 'l2': 0.0, 'dropout': 0.0, 'dropout_input': 0.0}
  changes: dict[str, dict] = {
    'none': {},
    'early_stopping': {'patience': c.patience, 'keep_best': True},
    'l1': {'l1': c.l1},
    'l2': {'l2': c.l2},
    'dropout': {'dropout': c.dropout, 'dropout_input': c.dropout_input},
    'batch_norm': {'batch_norm': True},
  }
  same = config.shared(c, 'hidden', 'size', 'train_size', 'label_noise')
  same |= none | {'optimizer': 'momentum', 'schedule': 'constant'}
  runs = {name: (mlp, mlp.Config(**same | changes[name])) for name in c.methods}
  return launch.Study(runs, draw)


def draw(results) -> list[Picture]:
  """Draws when to stop, the gain of each method, and penalties' effect on weights."""
  pictures = []
  if 'none' in results:
    pictures = [
      regularisation.diagnosis(results['none'], results.get('early_stopping', ())),
      regularisation.gaps(results, 'none'),
    ]
  kept = ('none', *PENALTIES)
  compared = {name: runs for name, runs in results.items() if name in kept}
  return [*pictures, regularisation.sparsity(compared)] if compared else pictures


if __name__ == '__main__':
  launch.main(__name__)
