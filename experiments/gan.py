"""Two players make and judge images (GAN, Goodfellow et al., 2014). Lecture 13.

    python -m experiments.gan                    # digits out of noise, under 2 minutes
    python -m experiments.gan --loss=minimax     # equation 1 as it stands; or hinge
    python -m experiments.gan --net=dcgan --width=16 --learning_rate=1e-3 --steps=200
    python -m experiments.gan --dataset=folder --data_dir=DIR    # colour, 64 pixels

A LeNet trained on the real images names 1,000 samples at the end: all ten classes, none
above 13 %, mean confidence 0.95; with --loss=minimax the generator dies and makes one.
By default it maximises log D(G(z)) (https://arxiv.org/abs/1406.2661, section 3), not
"-log D(G(z))", whose sign is wrong in the lecture. `loss` is the discriminator's; no
loss of a game says how good the samples are. DCGANs are slow on a CPU: 0.5 s a step.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import images
from dl_core.interpret import gan as pictures
from dl_core.interpret import judge
from dl_core.launch.families import calls
from dl_core.models import gan
from dl_core.tasks import optimizers
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
  size: int = config.field(28, 'height and width of the images, in pixels', low=16)
  latent: int = config.field(128, 'dimensions of the latent vector', low=1)
  critic_steps: int = config.field(1, 'discriminator steps per generator step', low=1)
  average: float = config.field(
    0.999,
    "decay of the moving average of the generator's parameters, which is tested",
    low=0,
    below=1,
  )
  judge_steps: int = config.field(
    600, 'training steps of the LeNet that classifies samples', low=1
  )
  steps: int = 6_000
  learning_rate: float = 2e-3
  eval_every: int = 500


RECIPES = {
  'cifar10': {'net': 'dcgan', 'size': 32, 'latent': 100, 'learning_rate': 2e-4},
  'folder': {'net': 'dcgan', 'size': 64, 'latent': 100, 'learning_rate': 2e-4},
}
TINY = Config(steps=2, batch_size=8, size=16, latent=8, judge_steps=2)
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  data = images.load(c, c.size, normalise=(0.5, 0.5))
  model = players(c, data.spec.channels)
  names = judge.make(data, c.judge_steps)
  critic, maker = (turn(c, player) for player in ('discriminator', 'generator'))
  if c.critic_steps > 1:
    last = lambda step: step % c.critic_steps == c.critic_steps - 1
    maker = optax.conditionally_mask(maker, last)
  average = optax.masked(
    optimizers.average(c.average), {'generator': True, 'discriminator': False}
  )
  experiment = launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL if c.net == 'mlp' else {},
    task=tasks.gan(model, c.loss),
    optimizers=(critic, optax.chain(maker, average)),
    data=data._replace(baseline=dict),
    scores=pictures.scores(model, names),
    averaged=averaged,
    observe=pictures.observe(model),
  )
  return experiment._replace(report=pictures.report(model, names, experiment))


def players(c: Config, channels: int) -> gan.GAN:
  """Returns the generator and the discriminator."""
  if c.net == 'mlp':
    return gan.mlp(c.size, channels, c.latent)
  try:
    return gan.dcgan(c.size, channels, c.latent, c.width)
  except ValueError as error:
    raise UserError(
      f'--size={c.size} was given with --net=dcgan, but {error}; 16, 28, 32, 56, 64 are'
    ) from None


def turn(c: Config, player: str) -> optax.GradientTransformation:
  """Returns the optimizer that updates one player and leaves the other unchanged."""
  movers = {True: optax.adam(c.learning_rate, b1=0.5), False: optax.set_to_zero()}
  return optax.partition(
    movers, lambda params: {name: name == player for name in params}
  )


def averaged(state):
  """Returns the last parameters, with the generator's moving average."""
  return state.params | {'generator': optimizers.averaged(state)['generator']}


if __name__ == '__main__':
  launch.main(__name__)
