"""Translates between two sets of images without pairs (CycleGAN, 2017). Lecture 13.

    python -m experiments.cyclegan                 # digits and their outlines
    python -m experiments.cyclegan --identity=0    # colours may be inverted
    python -m experiments.cyclegan --dataset=folder --data_dir=DIR --size=64
    python -m experiments.cyclegan --workdir=runs/cyclegan-... --translate=FILE.png
    python -m experiments.cyclegan --size=256 --width=64 --blocks=9 --critic_layers=3 \\
        --batch_size=1 --plan                       # 28,285,832 parameters

Zhu, Park, Isola & Efros (https://arxiv.org/abs/1703.10593): a generator each way and a
critic of each domain; what is translated there and back must return. `domains` is
drawn, so a test image has a known partner in the other domain, which training never
sees: the scores say how often the class survives, how often a classifier takes a
translation for the other domain, and how far it is from the truth, each beside that of
the untranslated image.

`--dataset=folder` reads the layout of the paper's public code: DIR/trainA/* and
DIR/trainB/*, and testA and testB, valA and valB if they exist. The first domain is A,
the second is B. They may have different numbers of images; each is fed in its own
order. Such images have no classes and no partners, so the scores only say how often the
classifier takes a translation for the other domain.
"""

import dataclasses

import optax

from dl_core import config, launch
from dl_core.data import unpaired
from dl_core.interpret import image_translations
from dl_core.interpret import unpaired as judged
from dl_core.models import cyclegan
from dl_core.tasks import cycle, players, schedules
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  size: int = config.field(
    32, 'height and width of the images, in pixels, a multiple of 4', low=16
  )
  width: int = config.field(16, 'feature maps at full image size', low=1)
  blocks: int = config.field(3, 'residual blocks of a generator', low=0)
  critic_layers: int = config.field(
    2, 'strided layers of a critic; with 3 its patches are 70 pixels wide', low=1
  )
  weight: float = config.field(10.0, 'weight of the cycle-consistency loss', low=0)
  identity: float = config.field(
    0.5,
    'weight of the identity loss, as a share of --weight; 0: no identity loss',
    low=0,
  )
  pool: int = config.field(
    50, 'earlier translations kept for each critic; 0: none', low=0
  )
  judge_steps: int = config.field(
    1_200, 'training steps of the classifiers that judge translations', low=1
  )
  dataset: str = 'domains'
  steps: int = 1_500
  batch_size: int = 4
  learning_rate: float = 1e-3
  eval_every: int = 500


TINY = Config(
  steps=2, batch_size=8, size=16, width=2, blocks=1, critic_layers=1, judge_steps=2,
  pool=12, learning_rate=0.01,
)  # fmt: skip
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  least = 2 ** (c.critic_layers + 2)
  if c.size % 4 or c.size < least:
    raise UserError(
      f'--size={c.size} was given with --critic_layers={c.critic_layers}, but '
      f'generators halve images twice, and critics read {least} pixels or more; give a '
      f'multiple of 4 from {least} on'
    )
  data = unpaired.load(c, c.size)
  by = judged.judges(unpaired.load(c, c.size, least=64), c.judge_steps)
  model = cyclegan.make(data.spec.channels, c.width, c.blocks, c.critic_layers)
  adam = optax.adam(schedules.late(c.learning_rate, c.steps), b1=0.5)
  return launch.Experiment(
    config=c,
    task=cycle.cycle(model, c.weight, c.identity, c.pool),
    optimizers=(
      players.turn(adam, 'there', 'back'),
      players.turn(adam, 'first', 'second'),
    ),
    data=data,
    partition=cycle.PARTITION,
    scores=judged.scores(model, by),
    report=image_translations.report(model, by),
    translate=judged.both_ways(model),
  )


if __name__ == '__main__':
  launch.main(__name__)
