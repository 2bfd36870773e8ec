"""Filling holes against a critic that tells filled images from untouched ones.

Pathak et al. 2016 (https://arxiv.org/abs/1604.07379), section 3.3: the squared error
prefers the mean of all that could be in a hole, which is blurred; a critic punishes
what no image looks like. In every step the critic moves first. Here it sees the whole
image with the hole filled in; the paper's sees what is in the hole.

Shapes: B images, H x W pixels, C channels.
"""

import jax.numpy as jnp
import optax
from flax import linen as nn

from dl_core import metrics
from dl_core.tasks.apply import apply
from dl_core.tasks.filling import filling
from dl_core.tasks.gan import GAMES, mean
from dl_core.types import Array, Batch, Key, Params, Task

CRITIC = 'critic'
GAME = GAMES['nonsaturating']

metrics.declare('critic_loss', rising=False, player=True)


def adversarial(model: nn.Module, critic: nn.Module, share: float) -> Task:
  """Makes the task of both players; see `filling` for the batches.

  The parameters of the critic are under `CRITIC`, beside the parts of the model.
  Reported are what `filling` reports, `critic_loss`, and `fooled`, the loss of the
  model in the game. Neither network may have collections but its parameters.

  Args:
    model: maps images with holes to images [B, H, W, C].
    critic: maps images to logits [B, 1], above 0 where one looks untouched.
    share: λ: the model minimises (1 - λ) of the squared error and λ of its loss in the
      game.
  """
  own = filling(model)

  def filled(params: Params, batch: Batch, key: Key | None) -> Array:
    image, _ = apply(model, without(params), {}, batch.x, key=key)
    return jnp.where(batch.weight > 0, image, batch.y)

  def judged(params: Params, images: Array) -> Array:
    return apply(critic, params[CRITIC], {}, images)[0][:, 0]

  def discerned(params, batch, fakes):
    loss = GAME.real(judged(params, batch.y)) + GAME.fake(judged(params, fakes))
    return {'critic_loss': metrics.weighted(loss, metrics.labelled(batch.weight))}

  def fooled(params, batch, fakes):
    loss = GAME.fool(judged(params, fakes))
    return {'fooled': metrics.weighted(loss, metrics.labelled(batch.weight))}

  def init(key, batch):
    variables = own.init(key, batch)
    made = critic.init(key, batch.y, train=False)
    params = {**variables['params'], CRITIC: made['params']}
    return {**variables, 'params': params}

  def discriminate(params, extra, batch, key):
    sums = discerned(params, batch, filled(params, batch, key))
    return mean(sums['critic_loss']), (extra, sums)

  def restore(params, extra, batch, key):
    error, (_, sums) = own.losses[0](without(params), {}, batch, key)
    sums |= fooled(params, batch, filled(params, batch, key))
    return (1 - share) * error + share * mean(sums['fooled']), (extra, sums)

  def evaluate(variables, batch, key):
    params = variables['params']
    fakes = filled(params, batch, None)
    found = own.metrics({'params': without(params)}, batch, key)
    return found | discerned(params, batch, fakes) | fooled(params, batch, fakes)

  def outputs(variables, x):
    assert own.outputs is not None
    return own.outputs({'params': without(variables['params'])}, x)

  return Task(init, (discriminate, restore), evaluate, outputs)


def without(params: Params) -> Params:
  """Returns the parameters of the model alone."""
  return {name: tree for name, tree in params.items() if name != CRITIC}


def turns(
  optimizer: optax.GradientTransformation,
) -> tuple[optax.GradientTransformation, ...]:
  """Returns the optimizers of both turns, the critic's and the model's."""

  def turn(critic: bool) -> optax.GradientTransformation:
    movers = {True: optimizer, False: optax.set_to_zero()}
    return optax.partition(
      movers, lambda params: {name: (name == CRITIC) == critic for name in params}
    )

  return turn(True), turn(False)
