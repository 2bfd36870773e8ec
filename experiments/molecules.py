"""Classifies whole graphs: molecules, or digits whose pixels are nodes. Lecture 10.

    python -m experiments.molecules                    # digits as graphs: 1 minute
    python -m experiments.molecules --readout=sorted   # or mean, sum, max
    python -m experiments.molecules --pool=sag         # or topk, diffpool
    python -m experiments.molecules --dataset=mutag --data_dir=DIR --fold=3 --keep_best
    python -m experiments.molecules --dataset=mutag --data_dir=DIR --protocol=gin

A network of graphs maps any number of nodes in any order to a class. The recipe of
mutag is that of GIN (Xu et al. 2019, https://github.com/weihua916/powerful-gnns): five
layers, the features being one, a sum of the nodes of each, 350 times 50 steps. Its
protocol looks at the test fold after every 50 steps and has no test set: see the study
molecule_protocols, which runs all ten folds by it and by one with a validation fold.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import graph_sets
from dl_core.interpret import classification
from dl_core.launch.families import calls
from dl_core.models import graph_classifier
from dl_core.tasks import measures

PENALTY = 0.1  # share of DiffPool's penalty in the loss


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  net: str = config.field('gin', 'kind of layers', choices=('gcn', 'gin', 'sage'))
  layers: int = config.field(4, 'number of graph layers', low=1)
  hidden: int = config.field(32, 'units of each layer', low=1)
  readout: str = config.field(
    'sum',
    'what becomes of the nodes: their mean, sum or maximum; sorted: the nodes in order '
    'of a feature, as in DGCNN, which a gcn then is',
    choices=('mean', 'sum', 'max', 'sorted'),
  )
  jump: str = config.field(
    'sum',
    'which layers are read out: the last one, all concatenated, or all by a dense '
    'layer each',
    choices=graph_classifier.JUMPS,
  )
  pool: str = config.field(
    'none',
    'what leaves half of the nodes after every second layer but the last',
    choices=graph_classifier.POOLS,
  )
  ratio: float = config.field(
    0.5, 'share of the nodes that pooling leaves', above=0, high=1
  )
  keep: int = config.field(30, 'nodes that the sorted readout keeps', low=8)
  dropout: float = config.field(
    0.0, 'dropout rate before the last layer', low=0, below=1
  )
  fold: int = config.field(
    0, 'fold of a set in ten folds that tests', low=0, below=graph_sets.FOLDS
  )
  protocol: str = config.field(
    'validation',
    'validation: the fold before it validates; gin: it validates, too',
    choices=graph_sets.PROTOCOLS,
  )
  halve_every: int = config.field(
    0, 'steps after which the learning rate is halved; 0: never', low=0
  )
  steps: int = 1_500
  learning_rate: float = 0.005
  eval_every: int = 100


RECIPES = {
  'mutag': {
    'batch_size': 32,
    'learning_rate': 0.01,
    'dropout': 0.5,
    'keep': 19,
    'halve_every': 50 * 50,
    'steps': 350 * 50,
    'eval_every': 50,
    'checkpoint_every': 5_000,
  }
}
TINY = Config(steps=2, batch_size=8, layers=3, hidden=8, learning_rate=0.01)
BENCH = Config(dataset='mutag', batch_size=32, hidden=64)


def build(c: Config) -> launch.Experiment:
  data = graph_sets.load(c, c.fold, c.protocol)
  model = network(c, len(data.spec.classes))
  rate: optax.ScalarOrSchedule = c.learning_rate
  if c.halve_every:
    rate = optax.exponential_decay(rate, c.halve_every, 0.5, staircase=True)
  task = tasks.charged(model, share=PENALTY, accuracy=measures.accuracy)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(optax.adam(rate),),
    data=data,
    report=classification.report(task),
    published=(launch.Figure('accuracy', 0.894, 'mutag', 'GIN, without a test set'),),
  )


def network(c: Config, classes: int) -> graph_classifier.GraphClassifier:
  """Returns the model of the settings."""
  widths = (c.hidden,) * c.layers
  ordered = c.readout == 'sorted'
  return graph_classifier.GraphClassifier(
    classes,
    'walk' if ordered and c.net == 'gcn' else c.net,
    (*widths[1:], 1) if ordered else widths,
    c.readout,
    c.jump,
    c.pool,
    c.ratio,
    c.keep,
    c.dropout,
  )


if __name__ == '__main__':
  launch.main(__name__)
