"""Classifies the nodes of a graph (GCN, Kipf & Welling, 2017). Lecture 10.

    python -m experiments.gcn                # the karate club: two labels for 34 nodes
    python -m experiments.gcn --hidden=      # one layer: direct neighbours only

The club split in two after a quarrel; from the labels of the two leaders and the ties
of its members the network says who joined whom. Nodes have no features of their own.
Settings are those of the paper (https://arxiv.org/abs/1609.02907, section 5.2): 16
hidden units, dropout 0.5, 200 steps of Adam at 0.01, L2 on the first layer alone.
"""

import dataclasses

import optax

from dl_core import config, interpret, launch, tasks
from dl_core.data import graphs
from dl_core.interpret import classification, nodes
from dl_core.launch.families import calls
from dl_core.models import gcn
from dl_core.tasks import measures


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field('karate', 'name of the data set', group='data')
  hidden: tuple[int, ...] = config.field(
    (16,), 'units of each hidden layer, as in 16,16; empty: none', low=1, empty=True
  )
  dropout: float = config.field(
    0.5, 'dropout rate of the features and of the hidden layers', low=0, below=1
  )
  l2: float = config.field(
    5e-4, 'L2 penalty: factor of ½Σw² of the first layer in the loss', low=0
  )
  batch_size: int = config.field(
    1, 'examples per step; the graph is the only example', low=1, below=2
  )
  steps: int = 200
  learning_rate: float = 0.01
  eval_every: int = 50


TINY = Config(steps=2, hidden=(8,))
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  data = graphs.load(c)
  model = gcn.GCN(len(data.spec.classes), c.hidden, c.dropout)
  task = tasks.supervised(model, accuracy=measures.accuracy)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(
      optax.chain(
        optax.add_decayed_weights(c.l2, mask=first), optax.adam(c.learning_rate)
      ),
    ),
    data=data,
    report=interpret.join(nodes.report(task), classification.report(task)),
  )


def first(params):
  """Marks the parameters of the first layer: a tree of bools, one for each layer."""
  return {name: name == 'convolution_1' for name in params}


if __name__ == '__main__':
  launch.main(__name__)
