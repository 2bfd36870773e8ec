"""How deep may a graph network be? Plain, residual, GCNII by layers. Lecture 10.

    python -m experiments.graph_depth                          # digits: 2 minutes
    python -m experiments.graph_depth --dataset=cora --data_dir=DIR --seeds=3
    python -m experiments.graph_depth --depths=2,8,32

Layers stack, says the lecture, and skip connections help. Each layer averages over
neighbours, and after many all nodes look alike: a plain network of 16 layers learns
little. Each kind has the decay of its authors: on the first layer, or for GCNII on all.
"""

import dataclasses
import functools
from typing import Any

from dl_core import config, launch
from dl_core.lessons.graphs import depth
from dl_core.types import UserError
from experiments import gcn


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = 'digits_graph'
  depths: tuple[int, ...] = config.field(
    (2, 4, 8, 16), 'numbers of layers to compare', low=2
  )
  labels: int = config.field(
    3, 'training labels of each class; 0: all that the set has', low=0
  )
  batch_size: int = config.field(
    1, 'examples per step; the graph is the only example', low=1, below=2
  )
  steps: int = 300
  learning_rate: float = 0.01
  eval_every: int = 100


RECIPES = {name: {'labels': 0} for name in ('cora', 'karate', 'edges')}
TINY = Config(steps=2, depths=(2, 3), eval_every=1, dataset='karate', labels=0)


def study(c: Config) -> launch.Study:
  depths = sorted(set(c.depths))
  if len(depths) < 2:
    raise UserError(
      f'--depths={config.stored(c.depths)} was given, two different depths or more are '
      'wanted; give a shallower and a deeper one'
    )
  own = gcn.Config(**config.shared(c, 'labels'))
  changes: dict[str, dict[str, Any]] = {
    'plain': {},
    'residual': {'skip': 'residual'},
    'gcnii': {'net': 'gcnii', 'dropout': 0.6},
  }
  runs = {
    f'{kind}-{n}': (gcn, dataclasses.replace(own, depth=n, **changes[kind]))
    for kind in depth.KINDS
    for n in depths
  }
  return launch.Study(runs, functools.partial(depth.pictures, depths))


if __name__ == '__main__':
  launch.main(__name__)
