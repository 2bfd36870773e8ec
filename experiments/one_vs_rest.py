"""Three classes by one classifier against the rest for each, or by softmax. Lecture 3.

    python -m experiments.one_vs_rest                   # 30 runs in 45 s
    python -m experiments.one_vs_rest --columns=colour,softness
    python -m experiments.one_vs_rest --tables=breast_cancer

Runs of experiments/classification with both losses on three fruits and on two tables.
K classifiers, each of one class against all others, leave places that none of them
claims, and others that several do. Softmax learns the comparison itself.
"""

import dataclasses

from dl_core import config, launch
from dl_core.data import tabular
from dl_core.lessons.boundaries import one_vs_rest
from experiments import classification


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'fruits', 'data set whose regions are drawn', choices=('fruits',)
  )
  tables: tuple[str, ...] = config.field(
    ('wine', 'iris'), 'tables to classify too; empty: none', empty=True
  )
  columns: tuple[str, ...] = config.field(
    ('shape', 'colour'),
    'features of the fruits to classify by; empty: shape,colour',
    empty=True,
  )
  l2: float = config.field(3e-3, 'L2 penalty: factor of ½Σw² in the loss', low=0)
  seeds: int = 5
  batch_size: int = config.field(500, 'number of training fruits', low=1, below=2**31)
  learning_rate: float = config.field(1.0, 'learning rate on the fruits', above=0)
  eval_every: int = 100
  checkpoint_every: int = 1_000


SHARE = 0.6  # of a table's training examples, drawn by each seed
TINY = Config(steps=2, batch_size=8, tables=(), seeds=1)


def study(c: Config) -> launch.Study:
  same = config.shared(c, 'l2', 'columns')
  changes: dict[str, dict] = {c.dataset: {}}
  for table in c.tables:
    there = tabular.declared(table, c.data_dir).declaration.counts['train']
    changes[table] = {
      'dataset': table,
      'columns': (),
      'batch_size': int(SHARE * there),
      'learning_rate': classification.TABLE['learning_rate'],
    }
  runs = {
    f'{name}-{loss}': (
      classification,
      classification.Config(**same | change, loss=loss),
    )
    for name, change in changes.items()
    for loss in classification.LOSSES
  }

  def draw(found):
    sets = {
      name: {loss: found[f'{name}-{loss}'] for loss in classification.LOSSES}
      for name in changes
    }
    return one_vs_rest.pictures(sets, c.l2)

  return launch.Study(runs, draw)


if __name__ == '__main__':
  launch.main(__name__)
