"""MUTAG by GIN, by its own protocol and with a validation fold. Lecture 10.

    python -m experiments.molecule_protocols --data_dir=DIR       # 20 runs: 20 minutes
    python -m experiments.molecule_protocols --data_dir=DIR --net=gcn --readout=mean
    python -m experiments.molecule_protocols --dataset=cycles     # needs no file

GIN (Xu et al. 2019, https://arxiv.org/abs/1810.00826) has 89.4 ± 5.6 % published, the
best epoch of the mean of ten curves of the folds that are reported: nothing is left to
test it. Beside it stands what a validation fold chooses. The recipe is that of
experiments.molecules on mutag; `cycles` has one split, which counts as the only fold.
"""

import dataclasses
import functools
from typing import Any

from dl_core import config, launch
from dl_core.data import graph_sets, shapes
from dl_core.lessons.graphs import protocols
from experiments import molecules

MUTAG: dict[str, Any] = molecules.RECIPES['mutag']


@dataclasses.dataclass(frozen=True)
class Config(molecules.Config):
  dataset: str = config.field('mutag', 'name of the data set', group='data')
  batch_size: int = MUTAG['batch_size']
  learning_rate: float = MUTAG['learning_rate']
  dropout: float = MUTAG['dropout']
  halve_every: int = MUTAG['halve_every']
  steps: int = MUTAG['steps']
  eval_every: int = MUTAG['eval_every']
  checkpoint_every: int = MUTAG['checkpoint_every']


TINY = Config(
  dataset='cycles', steps=2, batch_size=8, hidden=8, layers=2, eval_every=1
)  # fmt: skip


def study(c: Config) -> launch.Study:
  own = molecules.Config(
    **{entry.name: getattr(c, entry.name) for entry in dataclasses.fields(c)}
  )
  folds = 1 if c.dataset in shapes.SETS else graph_sets.FOLDS
  runs = {
    f'{protocol}-{fold}': (
      molecules,
      dataclasses.replace(
        own, fold=fold, protocol=protocol, keep_best=protocol == 'validation'
      ),
    )
    for protocol in graph_sets.PROTOCOLS
    for fold in range(folds)
  }
  held = c.dataset == 'mutag' and c.net == 'gin'
  draw = functools.partial(protocols.pictures, folds, held=held)
  return launch.Study(runs, draw)


if __name__ == '__main__':
  launch.main(__name__)
