"""Mean, sum, maximum or sorted: what a readout of a graph can tell. Lecture 10.

    python -m experiments.graph_readouts            # 16 runs: 2 minutes
    python -m experiments.graph_readouts --seeds=3

Graphs of two classes that differ in their size alone, in their degrees alone, or in
neither; and digits whose pixels are nodes, half of which pooling leaves.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.graphs import readouts
from experiments import molecules


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  steps: int = 300
  pooled_steps: int = config.field(600, 'training steps of each pooling', low=1)
  hidden: int = config.field(32, 'units of each layer', low=1)
  batch_size: int = 32
  learning_rate: float = 0.01
  eval_every: int = 150


TINY = Config(steps=2, pooled_steps=2, batch_size=8, hidden=8, eval_every=1)


def study(c: Config) -> launch.Study:
  own = molecules.Config(**config.shared(c, 'hidden'))
  plain = dataclasses.replace(own, net='gcn', jump='none', layers=3, keep=16)
  runs: dict = {
    f'{name}-{kind}': (
      molecules,
      dataclasses.replace(plain, dataset=name, readout=kind),
    )
    for name in readouts.SETS
    for kind in readouts.READOUTS
  }
  for kind in readouts.POOLS:
    pooled = dataclasses.replace(
      own, pool=kind, steps=c.pooled_steps, layers=3, learning_rate=0.005
    )
    runs[f'pool-{kind}'] = molecules, pooled
  return launch.Study(runs, readouts.pictures)


if __name__ == '__main__':
  launch.main(__name__)
