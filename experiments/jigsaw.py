"""Puts the tiles of an image in order, and learns without labels. Lecture 9.

    python -m experiments.jigsaw                     # digits in 2 x 2 tiles
    python -m experiments.jigsaw --tiles=3 --permutations=100
    python -m experiments.jigsaw --dataset=mnist --data_dir=DIR       # also cifar10
    python -m experiments.jigsaw --dataset=folder --data_dir=DIR --size=64
    python -m experiments.jigsaw --workdir=runs/jigsaw-... --predict=FILE.png

Noroozi & Favaro, 2016 (https://arxiv.org/abs/1603.09246). The network says which of
--permutations shuffled the tiles; a constant answer is right once in as many.
`transfer` measures what its encoder is worth to another task.
"""

import dataclasses

import optax

from dl_core import config, interpret, launch, tasks
from dl_core.data import images, puzzles
from dl_core.interpret import filters
from dl_core.interpret import puzzles as pictures
from dl_core.launch.families import encoders
from dl_core.models import jigsaw
from dl_core.tasks import measures, schedules


@dataclasses.dataclass(frozen=True)
class Config(encoders.Config):
  tiles: int = config.field(2, 'tiles along a side of the image', low=2, high=3)
  permutations: int = config.field(
    24, 'number of permutations of the tiles to tell apart', low=2, high=10_000
  )
  gap: int = config.field(
    4, 'pixels by which a tile is smaller than its cell, where its place is random',
    low=0,
  )  # fmt: skip
  shift: int = config.field(
    3, 'largest shift of the image before it is cut, in pixels', low=0
  )
  steps: int = 2_000
  eval_every: int = 250


RECIPES = {
  'mnist': {'steps': 6_000, 'eval_every': 500},
  'cifar10': {'steps': 6_000, 'eval_every': 500},
}
TINY = Config(steps=2, batch_size=8, size=8, widths=(2, 2, 4, 4), gap=1, shift=1,
              permutations=4, learning_rate=0.01)  # fmt: skip
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  data = images.load(c, c.size, labels='optional')
  shuffle = puzzles.shuffle(c.size, c.tiles, c.permutations, c.gap, c.shift)
  model = jigsaw.Jigsaw(c.permutations, c.widths)
  task = tasks.corrupted(tasks.supervised(model, accuracy=measures.accuracy), shuffle)
  orders = puzzles.permutations(c.tiles**2, c.permutations)
  return launch.Experiment(
    config=c,
    task=pictures.solving(task, shuffle, orders),
    optimizers=(optax.adam(schedules.cosine(c.learning_rate, c.steps)),),
    data=data._replace(baseline=lambda: {'accuracy': 1 / c.permutations}),
    report=interpret.join(
      pictures.report(task, shuffle, orders),
      filters.report('encoder', 'layer_1', 'convolution', 'kernel'),
    ),
    taken=encoders.TAKEN,
  )


if __name__ == '__main__':
  launch.main(__name__)
