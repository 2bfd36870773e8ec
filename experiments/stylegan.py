"""A generator that sets the style of every layer (StyleGAN, 2019). Lecture 13.

    python -m experiments.stylegan                   # drawn faces of 32 pixels
    python -m experiments.stylegan --growing=4000    # from 8 pixels on
    python -m experiments.stylegan --workdir=runs/stylegan-... --sample=20
    python -m experiments.stylegan --size=1024 --latent=512 --base=8192 --most=512 \\
        --mapping_layers=8 --growing=600000 --plan   # 49,306,876 parameters

Karras, Laine & Aila (https://arxiv.org/abs/1812.04948): a mapping network, adaptive
instance norm, noise, mixed styles, an average w for truncation; the discriminator is
kept smooth by R1. What coarse and fine styles move, truncation and path lengths are
measured with a LeNet trained on the faces. The paper's figures (FID 4.42, path length
in W 233 against 665 in Z, on FFHQ) need Inception's and VGG's features.
"""

import dataclasses
import math

import optax

from dl_core import config, launch, tasks
from dl_core.data import images
from dl_core.interpret import judge
from dl_core.interpret import styles as pictures
from dl_core.layers import deviation
from dl_core.models import stylegan
from dl_core.tasks import players
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  size: int = config.field(
    32, 'height and width of the images, in pixels, a power of two', low=8
  )
  latent: int = config.field(64, 'dimensions of z and of w', low=1)
  base: int = config.field(
    256, 'feature maps of a layer times half the side of its maps', low=1
  )
  most: int = config.field(64, 'upper limit of the feature maps of a layer', low=1)
  mapping_layers: int = config.field(4, 'layers of the mapping network', low=1)
  growing: int = config.field(
    0,
    'images after which the side doubles, from 8 pixels on, with a fade over the '
    'second half of them; 0: all sizes are trained at once',
    low=0,
  )
  r1: float = config.field(
    1.0, "weight of the penalty on the discriminator's gradient", low=0
  )
  average: float = config.field(
    0.995,
    "decay of the moving average of the generator's parameters, which is evaluated",
    low=0,
    below=1,
  )
  judge_steps: int = config.field(
    600, 'training steps of the LeNet that classifies samples', low=1
  )
  dataset: str = 'faces'
  steps: int = 2_000
  batch_size: int = 16
  learning_rate: float = 2e-3
  eval_every: int = 250


TINY = Config(
  steps=2, batch_size=8, size=16, latent=8, base=32, most=8, mapping_layers=1,
  judge_steps=2, dataset='digits', learning_rate=0.03,
)  # fmt: skip
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  if not math.log2(c.size).is_integer():
    raise UserError(
      f'--size={c.size} was given, but every block doubles the side; give a power of '
      'two from 8 on'
    )
  if c.batch_size % deviation.GROUP and c.batch_size > deviation.GROUP:
    raise UserError(
      f'--batch_size={c.batch_size} was given, but the discriminator compares images '
      f'in groups of {deviation.GROUP}; give a multiple of it'
    )
  data = images.load(c, c.size, normalise=(0.5, 0.5))
  model = stylegan.make(
    c.size, data.spec.channels, c.latent, c.base, c.most, c.mapping_layers, c.growing
  )
  by = judge.make(data, c.judge_steps)
  adam = optax.adam(c.learning_rate, b1=0.0, b2=0.99)
  return launch.Experiment(
    config=c,
    task=tasks.gan(model, 'nonsaturating', r1=c.r1),
    optimizers=(
      players.turn(adam, 'discriminator'),
      players.generator(adam, c.average),
    ),
    data=data._replace(baseline=dict),
    scores=pictures.scores(model, by),
    averaged=players.averaged('generator'),
    observe=pictures.observe(model),
    sample=pictures.samples(model),
    report=pictures.report(model, by),
  )


if __name__ == '__main__':
  launch.main(__name__)
