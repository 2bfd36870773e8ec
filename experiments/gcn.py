"""Classifies the nodes of a graph (GCN, Kipf & Welling, 2017). Lecture 10.

    python -m experiments.gcn                  # digits: three labels of each class
    python -m experiments.gcn --net=mlp        # the same net without edges
    python -m experiments.gcn --dataset=karate
    python -m experiments.gcn --dataset=cora --data_dir=DIR --seeds=100
    python -m experiments.gcn --dataset=cora --data_dir=DIR --net=gcnii --depth=64 \\
      --dropout=0.6 --steps=1500 --until= --patience=100 --keep_best
    python -m experiments.gcn --dataset=edges --data_dir=DIR   # nodes.tsv and edges.tsv

Digits are joined to those that look alike; members of a karate club to whom they meet;
papers to those that they cite. The recipe of cora is that of the paper's code, to the
letter (https://github.com/tkipf/gcn): rows of words sum to 1, dropout of the words and
of the hidden layer, L2 on the first layer alone as part of the loss, 200 steps of Adam
or until the validation loss rises above the mean of the last ten, tested at the last
step. The flags of gcnii are those of its authors (Chen et al. 2020,
https://github.com/chennnM/GCNII), who test the lowest validation loss.
"""

import dataclasses

import optax

from dl_core import config, interpret, launch, tasks
from dl_core.data import graphs
from dl_core.interpret import classification, nodes
from dl_core.launch.families import calls
from dl_core.models import gcn
from dl_core.tasks import measures

PUBLISHED = {
  'gcn': launch.Figure('accuracy', 0.815, 'cora', 'Kipf & Welling 2017'),
  'gcnii': launch.Figure('accuracy', 0.855, 'cora', 'Chen et al. 2020, 64 layers'),
}


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field('digits_graph', 'name of the data set', group='data')
  labels: int = config.field(
    3, 'training labels of each class; 0: all that the set has', low=0
  )
  net: str = config.field(
    'gcn',
    'kind of network; mlp: the GCN without edges',
    choices=('gcn', 'gcnii', 'mlp'),
  )
  depth: int = config.field(
    2, 'layers; of a GCNII, those between the first and the last', low=1
  )
  hidden: int = config.field(
    0, 'units of each hidden layer; 0: 16, and 64 of a GCNII', low=0
  )
  skip: str = config.field(
    'none',
    'skip connections of a GCN: to the layer before, or to all before it',
    choices=gcn.SKIPS,
  )
  dropout: float = config.field(
    0.5, 'dropout rate of the features and of the hidden layers', low=0, below=1
  )
  l2: float = config.field(
    5e-4,
    'L2 penalty: factor of ½Σw² in the loss, of the first layer; of a GCNII also of '
    'the last',
    low=0,
  )
  l2_inner: float = config.field(0.01, 'the same of the convolutions of a GCNII', low=0)
  batch_size: int = config.field(
    1, 'examples per step; the graph is the only example', low=1, below=2
  )
  steps: int = 200
  learning_rate: float = 0.01
  eval_every: int = 50


RECIPES = {
  'karate': {'labels': 0},
  'edges': {'labels': 0},
  'cora': {'labels': 0, 'eval_every': 1, 'until': 'risen:10'},
}
TINY = Config(steps=2, hidden=8, dataset='karate', labels=0)
BENCH = Config(dataset='cora', labels=0)


def build(c: Config) -> launch.Experiment:
  data = graphs.load(c, c.labels)
  task = tasks.supervised(network(c, data), accuracy=measures.accuracy)
  moves = optax.adam(c.learning_rate)
  if c.net == 'gcnii':
    inner = lambda params: {name: name == 'stack' for name in params}
    outer = lambda params: {name: name != 'stack' for name in params}
    decays = (
      optax.add_decayed_weights(c.l2_inner, mask=inner),
      optax.add_decayed_weights(c.l2, mask=outer),
    )
    moves = optax.chain(*decays, moves)
  else:
    first = lambda params: tasks.half_squares(c.l2, params['convolution_1'])
    task = tasks.penalised(task, first)
  published = (PUBLISHED[c.net],) if c.net in PUBLISHED else ()
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(moves,),
    data=data,
    report=interpret.join(nodes.report(task), classification.report(task)),
    published=published,
  )


def network(c: Config, data):
  """Returns the model of the settings."""
  classes, most = len(data.spec.classes), data.spec.limits.x.nodes
  inputs = getattr(most, 'column', 0)
  if c.net == 'gcnii':
    return gcn.GCNII(classes, c.depth, c.hidden or 64, dropout=c.dropout, inputs=inputs)
  return gcn.GCN(
    classes,
    (c.hidden or 16,) * (c.depth - 1),
    c.dropout,
    c.skip,
    connected=c.net == 'gcn',
    inputs=inputs,
  )


if __name__ == '__main__':
  launch.main(__name__)
