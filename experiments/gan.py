"""Two players make and judge images (GAN, Goodfellow et al., 2014). Lecture 13.

    python -m experiments.gan                    # digits out of noise, under 2 minutes
    python -m experiments.gan --loss=minimax     # equation 1 as it stands; or hinge
    python -m experiments.gan --dataset=faces    # a DCGAN, and sums of its latents
    python -m experiments.gan --dataset=mnist --data_dir=DIR     # a DCGAN
    python -m experiments.gan --dataset=folder --data_dir=DIR    # colour, 64 pixels
    python -m experiments.gan --workdir=runs/gan-... --sample=64

A LeNet trained on the real images names 1,000 samples at the end: all ten classes, none
above 13 %, mean confidence 0.95; with --loss=minimax the generator dies and makes one.
By default it maximises log D(G(z)) (https://arxiv.org/abs/1406.2661, section 3), not
"-log D(G(z))", whose sign is wrong in the lecture. `loss` is the discriminator's; no
loss of a game says how good the samples are. The players are perceptrons, or with
--net=dcgan those of Radford, Metz & Chintala 2015 (https://arxiv.org/abs/1511.06434).
The report walks between latents; on faces it also adds and subtracts them.
"""

import dataclasses

import optax

from dl_core import config, interpret, launch, tasks
from dl_core.data import faces, images
from dl_core.interpret import arithmetic, judge
from dl_core.interpret import gan as pictures
from dl_core.launch.families import calls
from dl_core.models import gan
from dl_core.tasks import players, schedules, standing
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  net: str = config.field(
    'mlp', 'architecture of generator and discriminator', choices=('mlp', 'dcgan')
  )
  loss: str = config.field(
    'nonsaturating', 'loss of the game', choices=('nonsaturating', 'minimax', 'hinge')
  )
  width: int = config.field(64, 'feature maps of a DCGAN at full image size', low=1)
  critic_width: int = config.field(
    0, 'feature maps of the discriminator of a DCGAN; 0: --width', low=0
  )
  noise: float = config.field(
    0.0,
    'standard deviation of the Gaussian noise on the images in [-1, 1] that the '
    'discriminator reads in training',
    low=0,
    below=10,
  )
  size: int = config.field(28, 'height and width of the images, in pixels', low=16)
  latent: int = config.field(128, 'dimensions of the latent vector', low=1)
  critic_steps: int = config.field(1, 'discriminator steps per generator step', low=1)
  average: float = config.field(
    0.999,
    "decay of the moving average of the generator's parameters, which is evaluated",
    low=0,
    below=1,
  )
  decay: bool = config.field(
    False, 'whether the learning rates of both players fall to 0 along a cosine'
  )
  judge_steps: int = config.field(
    600, 'training steps of the LeNet that classifies samples', low=1
  )
  steps: int = 6_000
  learning_rate: float = 2e-3
  eval_every: int = 500


RECIPES = {
  'cifar10': {'net': 'dcgan', 'size': 32, 'latent': 100, 'learning_rate': 2e-4},
  'faces': {'net': 'dcgan', 'size': 32, 'width': 32, 'critic_width': 16}
  | {'latent': 12, 'noise': 0.15, 'learning_rate': 5e-4, 'decay': True}
  | {'average': 0.99, 'steps': 2_500},
  'mnist': {'net': 'dcgan', 'width': 32, 'critic_width': 16, 'noise': 0.15}
  | {'learning_rate': 5e-4, 'decay': True, 'average': 0.99, 'eval_every': 1_000},
  'folder': {'net': 'dcgan', 'size': 64, 'latent': 100, 'learning_rate': 2e-4},
}
TINY = Config(steps=2, batch_size=8, size=16, latent=8, judge_steps=2)
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  data = images.load(c, c.size, normalise=(0.5, 0.5))
  model = networks(c, data.spec.channels)
  names = judge.make(data, c.judge_steps)
  rate = c.learning_rate
  falling = lambda steps: schedules.cosine(rate, steps) if c.decay else rate
  adam = lambda steps: optax.adam(falling(steps), b1=0.5)
  experiment = launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL if c.net == 'mlp' else {},
    task=tasks.gan(model, c.loss, c.noise),
    optimizers=(
      players.turn(adam(c.steps), 'discriminator'),
      players.generator(adam(c.steps // c.critic_steps), c.average, c.critic_steps),
    ),
    data=data._replace(baseline=dict),
    scores=pictures.scores(model, names),
    averaged=players.averaged('generator'),
    settled=standing.standing(model),
    observe=pictures.observe(model),
    sample=pictures.samples(model),
  )
  report = pictures.report(model, names, experiment, c.noise)
  if data.spec.classes == faces.KINDS:
    sums = arithmetic.report(pictures.generator(model), names, model.latent)
    report = interpret.join(report, sums)
  return experiment._replace(report=report)


def networks(c: Config, channels: int) -> gan.GAN:
  """Returns the generator and the discriminator."""
  if c.net == 'mlp':
    return gan.mlp(c.size, channels, c.latent)
  try:
    return gan.dcgan(c.size, channels, c.latent, c.width, c.critic_width)
  except ValueError as error:
    raise UserError(
      f'--size={c.size} was given with --net=dcgan, but {error}; 16, 28, 32, 56, 64 are'
    ) from None


if __name__ == '__main__':
  launch.main(__name__)
