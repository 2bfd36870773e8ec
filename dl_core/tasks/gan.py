"""GAN training: in every step first the discriminator is updated, then the generator.

Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, algorithm 1: first the
discriminator's turn, on real images and fakes, then the generator's, on new fakes and
against the new discriminator. All variables are kept apart by player, {'params':
{'generator', 'discriminator'}, ...}; a turn's optimizer moves its player's alone. In
both turns batch norm sees the batch, one kind of image at a time; its running
statistics move in their own player's turn only.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from dl_core import metrics
from dl_core.models.gan import GAN
from dl_core.tasks.apply import apply, untrained
from dl_core.types import Array, Task

metrics.declare('real_accuracy', fraction=True)
metrics.declare('fake_accuracy', fraction=True)
# Of samples, as a classifier judges them; see `interpret.judge`.
metrics.declare('classes')
metrics.declare('confidence', fraction=True)
metrics.declare('largest_share', rising=False, fraction=True)


class Game(NamedTuple):
  """What the players minimise, as functions of the discriminator's logits s.

  With D = sigmoid(s), log D = -softplus(-s) and log(1 - D) = -softplus(s).

  Attributes:
    real: the discriminator's, at a real image.
    fake: the discriminator's, at a fake.
    fool: the generator's, at a fake.
  """

  real: Callable[[Array], Array]
  fake: Callable[[Array], Array]
  fool: Callable[[Array], Array]


softplus = jax.nn.softplus

GAMES = {
  # Section 3 of the paper: the generator maximises log D(G(z)). (The lecture has it
  # maximise -log D(G(z)); that is what it minimises.) This is its default because its
  # gradient is steepest where the discriminator is sure.
  'nonsaturating': Game(lambda s: softplus(-s), softplus, lambda s: softplus(-s)),
  # Equation 1: both play for E[log D(x)] + E[log(1 - D(G(z)))], one up, one down.
  'minimax': Game(lambda s: softplus(-s), softplus, lambda s: -softplus(s)),
  # Lim & Ye 2017, https://arxiv.org/abs/1705.02894; Miyato et al. 2018.
  'hinge': Game(
    lambda s: jax.nn.relu(1 - s), lambda s: jax.nn.relu(1 + s), jnp.negative
  ),
}


def gan(model: GAN, loss: str = 'nonsaturating') -> Task:
  """Makes the task of both players; `batch.x` holds real images, `batch.y` is not read.

  Reported are `loss`, the discriminator's, `generator_loss`, and how many images of
  each kind the discriminator takes for what they are, `real_accuracy` and
  `fake_accuracy`.

  Args:
    model: the players.
    loss: one of `GAMES`.
  """
  game = GAMES[loss]

  def play(player, params, extra, x, key=None):
    """Runs a player; returns its output and `extra`, its own part moved."""
    own = {name: tree[player] for name, tree in extra.items() if player in tree}
    output, moved = apply(getattr(model, player), params[player], own, x, key=key)
    return output, extra | {name: extra[name] | {player: moved[name]} for name in own}

  def draw(key, x):
    return jax.random.normal(key, (x.shape[0], model.latent))

  def init(key, batch):
    inputs = {'generator': jnp.zeros((1, model.latent)), 'discriminator': batch.x}
    variables: dict = {}
    for (player, x), own_key in zip(inputs.items(), jax.random.split(key), strict=True):
      own = getattr(model, player).init(own_key, x, train=False)
      for name, tree in own.items():
        variables.setdefault(name, {})[player] = tree
    return variables

  def discerned(real, fake, weight):
    return {
      'loss': metrics.weighted(game.real(real) + game.fake(fake), weight),
      'real_accuracy': metrics.weighted(jnp.float32(real > 0), weight),
      'fake_accuracy': metrics.weighted(jnp.float32(fake < 0), weight),
    }

  def fooled(fake, weight):
    return {'generator_loss': metrics.weighted(game.fool(fake), weight)}

  def discriminate(params, extra, batch, key):
    latent_key, make_key, real_key, fake_key = jax.random.split(key, 4)
    z = draw(latent_key, batch.x)
    fakes, _ = play('generator', params, extra, z, make_key)
    if extra:  # batch norm sees one kind of image at a time
      real, extra = play('discriminator', params, extra, batch.x, real_key)
      fake, extra = play('discriminator', params, extra, fakes, fake_key)
    else:  # both at once, which is quicker; a new axis leaves that of the batch split
      judge = lambda x: play('discriminator', params, {}, x, real_key)[0]
      real, fake = jax.vmap(judge)(jnp.stack([batch.x, fakes]))
    sums = discerned(real, fake, batch.weight)
    return mean(sums['loss']), (extra, sums)

  def deceive(params, extra, batch, key):
    latent_key, make_key, fake_key = jax.random.split(key, 3)
    z = draw(latent_key, batch.x)
    fakes, moved = play('generator', params, extra, z, make_key)
    fake, _ = play('discriminator', params, extra, fakes, fake_key)
    sums = fooled(fake, batch.weight)
    return mean(sums['generator_loss']), (moved, sums)

  def evaluate(variables, batch, key):
    params = variables['params']
    extra = untrained(variables)
    fakes, _ = play('generator', params, extra, draw(key, batch.x))
    real, _ = play('discriminator', params, extra, batch.x)
    fake, _ = play('discriminator', params, extra, fakes)
    return discerned(real, fake, batch.weight) | fooled(fake, batch.weight)

  return Task(init, (discriminate, deceive), evaluate)


def mean(sums: tuple[Array, Array]) -> Array:
  total, weight = sums
  return total / jnp.where(weight > 0, weight, 1)
