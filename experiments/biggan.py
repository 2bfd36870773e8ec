"""A GAN that is asked for a class: a small BigGAN (Brock et al., 2019). Lecture 13.

    python -m experiments.biggan                     # digits of 16 pixels
    python -m experiments.biggan --orthogonal=0.0001
    python -m experiments.biggan --workdir=runs/biggan-... --sample=20
    python -m experiments.biggan --size=128 --channels=3 --classes=1000 --width=96 \\
        --chunk=20 --shared=128 --attention=64 --plan   # 158,416,358 parameters

https://arxiv.org/abs/1809.11096: residual players, conditional batch norm, projection
discriminator, spectral norm in both, hinge loss, self-attention, truncation by drawing
again. A LeNet says how many of 1,000 samples are of the class that was asked for. The
paper's figures (FID 8.7 on ImageNet of 128 pixels) need Inception's features.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import images
from dl_core.interpret import biggan as pictures
from dl_core.interpret import judge
from dl_core.models import biggan
from dl_core.tasks import players, schedules, standing
from dl_core.types import Data, UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  size: int = config.field(
    16, 'height and width of the images, in pixels: 16, 32, 64, 128 or 256', low=16
  )
  channels: int = config.field(1, 'channels of the images, 1 or 3', low=1, high=3)
  classes: int = config.field(
    0, 'number of classes, for --plan without a data set; 0: as many as the set has',
    low=0,
  )  # fmt: skip
  width: int = config.field(16, 'features of the narrowest block', low=8)
  chunk: int = config.field(8, 'latent dimensions that each block gets', low=1)
  shared: int = config.field(32, 'dimensions of the embedding of a class', low=1)
  attention: int = config.field(
    8, 'side of the maps with self-attention, in pixels; 0: none', low=0
  )
  orthogonal: float = config.field(
    0.0, 'weight of the orthogonal regularisation of the generator (1e-4 in the paper)',
    low=0,
  )  # fmt: skip
  critic_rate: float = config.field(1e-3, 'learning rate of the discriminator', above=0)
  critic_steps: int = config.field(1, 'discriminator steps per generator step', low=1)
  average: float = config.field(
    0.998,
    "decay of the moving average of the generator's parameters, which is evaluated",
    low=0,
    below=1,
  )
  decay: bool = config.field(
    True,
    'whether the learning rates of both players fall to 0 over the last half of the '
    'steps',
  )
  judge_steps: int = config.field(
    600, 'training steps of the LeNet that classifies samples', low=1
  )
  steps: int = 800
  batch_size: int = 32
  learning_rate: float = 5e-4
  eval_every: int = 200


RECIPES = {
  'cifar10': {'size': 32, 'channels': 3, 'width': 64, 'chunk': 20, 'attention': 0}
  | {'steps': 100_000, 'batch_size': 50, 'learning_rate': 2e-4, 'critic_rate': 2e-4}
  | {'critic_steps': 4, 'average': 0.9999, 'eval_every': 5_000, 'decay': False},
}
TINY = Config(
  steps=2, batch_size=8, width=8, chunk=2, shared=4, attention=0, judge_steps=2,
  orthogonal=1e-4, learning_rate=0.01, critic_rate=0.01,
)  # fmt: skip
BENCH = Config(batch_size=64)


def build(c: Config) -> launch.Experiment:
  if c.size not in biggan.SIZES:
    sizes = ', '.join(map(str, biggan.SIZES))
    raise UserError(
      f'--size={c.size} was given, but there are networks for {sizes} pixels; give one '
      'of them'
    )
  sides = [side for side in biggan.SIZES | {8: 0} if side < c.size]
  if c.attention and c.attention not in sides:
    raise UserError(
      f'--attention={c.attention} was given with --size={c.size}, where maps of both '
      f'players have {", ".join(map(str, sorted(sides)))} pixels; give one of them or 0'
    )
  data = load(c)
  classes = len(data.spec.classes)
  model = biggan.make(
    c.size, data.spec.channels, classes, c.width, c.chunk, c.shared, c.attention
  )
  by = judge.make(data, c.judge_steps)
  falling = lambda rate, steps: schedules.late(rate, steps) if c.decay else rate
  adam = lambda rate, steps: optax.adam(falling(rate, steps), b1=0.0, b2=0.999)
  made = adam(c.learning_rate, c.steps // c.critic_steps)
  return launch.Experiment(
    config=c,
    task=tasks.gan(model, 'hinge', orthogonal=c.orthogonal),
    optimizers=(
      players.turn(adam(c.critic_rate, c.steps), 'discriminator'),
      players.generator(made, c.average, c.critic_steps),
    ),
    data=data._replace(baseline=dict),
    scores=pictures.scores(model, by),
    averaged=players.averaged('generator'),
    settled=standing.standing(model),
    observe=pictures.observe(model),
    sample=pictures.samples(model),
    report=pictures.report(model, by),
  )


def load(c: Config) -> Data:
  if c.classes:
    return images.absent(c, c.size, c.channels, c.classes)
  return images.load(c, c.size, c.channels, normalise=(0.5, 0.5))


if __name__ == '__main__':
  launch.main(__name__)
