"""Which features to ask for: softness, not shape, and no columns of noise. Lecture 3.

    python -m experiments.feature_choice                  # 30 runs in 40 s
    python -m experiments.feature_choice --batch_size=400     # less of a curse

Runs of experiments/classification on apples and oranges: by shape and colour, which
overlap; with softness, where the boundary becomes a plane in three dimensions; without
shape; and with columns of noise, which let a classifier learn its few fruits by heart.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.boundaries import features
from experiments import classification


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field('apple_orange', 'data set', choices=('apple_orange',))
  choices: tuple[str, ...] = config.field(
    ('shape+colour', 'shape+colour+softness', 'colour+softness'),
    'sets of features to compare, their features joined by +',
  )
  noise: tuple[int, ...] = config.field(
    (10, 100, 1_000),
    'numbers of noise columns that are added to the last of --choices',
    low=1,
  )
  l2: float = config.field(1e-3, 'L2 penalty: factor of ½Σw² in the loss', low=0)
  seeds: int = 5
  batch_size: int = config.field(40, 'number of training examples', low=1, below=2**31)
  learning_rate: float = 1.0
  eval_every: int = 100
  checkpoint_every: int = 1_000


TINY = Config(steps=2, batch_size=8, choices=('colour+softness',), noise=(8,), seeds=1)


def study(c: Config) -> launch.Study:
  chosen = [tuple(each.split('+')) for each in c.choices]
  counts, same = sorted(set(c.noise)), config.shared(c, 'l2')

  def run(columns, noise=0):
    return classification, classification.Config(**same, columns=columns, noise=noise)

  runs = {'+'.join(columns): run(columns) for columns in chosen}
  runs |= {f'noise-{count}': run(chosen[-1], count) for count in counts}
  return launch.Study(
    runs,
    lambda found: features.pictures(
      {columns: found['+'.join(columns)] for columns in chosen},
      {count: found[f'noise-{count}'] for count in counts},
    ),
  )


if __name__ == '__main__':
  launch.main(__name__)
