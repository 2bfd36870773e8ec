"""GAN training: in every step first the discriminator is updated, then the generator.

Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, algorithm 1: first the
discriminator's turn, on real images and fakes, then the generator's, on new fakes and
against the new discriminator. All variables are kept apart by player, {'params':
{'generator', 'discriminator'}, ...}; a turn's optimizer moves its player's alone. In
both turns batch norm sees the batch, one kind of image at a time; its running
statistics move in their own player's turn only, and so do other collections.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from dl_core import metrics
from dl_core.models.gan import GAN, drawn
from dl_core.tasks import players
from dl_core.tasks.apply import untrained
from dl_core.types import Array, Params, Task

metrics.declare('generator_loss', rising=False, player=True)
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


def gan(
  model: GAN,
  loss: str = 'nonsaturating',
  noise: float = 0.0,
  r1: float = 0.0,
  orthogonal: float = 0.0,
) -> Task:
  """Makes the task of both players; `batch.x` holds real images.

  `batch.y` holds their classes, which are read where the players are told classes; the
  classes of fakes are drawn, all equally likely.

  Reported are `loss`, the discriminator's, `generator_loss`, and how many images of
  each kind the discriminator takes for what they are, `real_accuracy` and
  `fake_accuracy`; with `r1` also `penalty`, which `loss` does not include.

  Args:
    model: the players.
    loss: one of `GAMES`.
    noise: standard deviation of the noise that the discriminator sees on every image in
      training (Arjovsky & Bottou 2017, https://arxiv.org/abs/1701.04862, section 3):
      without, it may tell fakes by details too fine to teach the generator. The
      generator's best images stay the same.
    r1: γ: the discriminator also minimises γ/2 · |∇ D(x)|² at real images (Mescheder,
      Geiger & Nowozin 2018, https://arxiv.org/abs/1801.04406, equation 9). With batch
      norm in the discriminator, the gradient by an image depends on the others.
    orthogonal: β: the generator also minimises `dependence` of its weights times β.
  """
  game = GAMES[loss]

  def seen(key, x):
    """Returns images as the discriminator sees them in training."""
    return x + noise * jax.random.normal(key, x.shape, x.dtype) if noise else x

  play = functools.partial(players.play, model)

  def draw(key, count):
    """Draws what the generator reads, and the classes in it."""
    z, classes = drawn(model, key, count)
    return model.asked(z, classes), classes

  def init(key, batch):
    x, classes = batch.x, jnp.zeros(len(batch.x), jnp.int32)
    asked = model.asked(jnp.zeros((1, model.latent)), classes[:1])
    inputs = {'generator': asked, 'discriminator': model.shown(x, classes)}
    return players.begin(model, key, inputs)

  def discerned(real, fake, weight):
    return {
      'loss': metrics.weighted(game.real(real) + game.fake(fake), weight),
      'real_accuracy': metrics.weighted(jnp.float32(real > 0), weight),
      'fake_accuracy': metrics.weighted(jnp.float32(fake < 0), weight),
    }

  def fooled(fake, weight):
    return {'generator_loss': metrics.weighted(game.fool(fake), weight)}

  def steepness(params, extra, shown, key):
    def total(image):
      x = {**shown, 'image': image} if model.classes else image
      return jnp.sum(play('discriminator', params, extra, x, key)[0])

    slope = jax.grad(total)(shown['image'] if model.classes else shown)
    return 0.5 * r1 * jnp.sum(jnp.square(slope), axis=tuple(range(1, slope.ndim)))

  def discriminate(params, extra, batch, key):
    latent_key, make_key, real_key, fake_key = jax.random.split(key, 4)
    asked, classes = draw(latent_key, len(batch.x))
    images, _ = play('generator', params, extra, asked, make_key)
    reals = model.shown(seen(jax.random.fold_in(real_key, 1), batch.x), batch.y)
    fakes = model.shown(seen(jax.random.fold_in(fake_key, 1), images), classes)
    before = extra
    if 'batch_stats' in extra and 'discriminator' in extra['batch_stats']:
      real, extra = play('discriminator', params, extra, reals, real_key)
      fake, extra = play('discriminator', params, extra, fakes, fake_key)
    else:  # both at once, which is quicker; a new axis leaves that of the batch split
      judge = lambda x: play('discriminator', params, before, x, real_key)
      both = jax.tree.map(lambda *leaves: jnp.stack(leaves), reals, fakes)
      (real, fake), extra = jax.vmap(judge, out_axes=(0, None))(both)
    sums = discerned(real, fake, batch.weight)
    value = mean(sums['loss'])
    if r1:
      steep = steepness(params, before, reals, real_key)
      sums['penalty'] = metrics.weighted(steep, batch.weight)
      value += mean(sums['penalty'])
    return value, (extra, sums)

  def deceive(params, extra, batch, key):
    latent_key, make_key, fake_key = jax.random.split(key, 3)
    asked, classes = draw(latent_key, len(batch.x))
    images, moved = play('generator', params, extra, asked, make_key)
    images = seen(jax.random.fold_in(fake_key, 1), images)
    shown = model.shown(images, classes)
    fake, _ = play('discriminator', params, extra, shown, fake_key)
    sums = fooled(fake, batch.weight)
    value = mean(sums['generator_loss'])
    if orthogonal:
      value += orthogonal * dependence(params['generator'])
    return value, (moved, sums)

  def evaluate(variables, batch, key):
    params = variables['params']
    extra = untrained(variables)
    asked, classes = draw(key, len(batch.x))
    images, _ = play('generator', params, extra, asked)
    reals, fakes = model.shown(batch.x, batch.y), model.shown(images, classes)
    real, _ = play('discriminator', params, extra, reals)
    fake, _ = play('discriminator', params, extra, fakes)
    return discerned(real, fake, batch.weight) | fooled(fake, batch.weight)

  return Task(init, (discriminate, deceive), evaluate)


def mean(sums: tuple[Array, Array]) -> Array:
  total, weight = sums
  return total / jnp.where(weight > 0, weight, 1)


def dependence(params: Params) -> Array:
  """Returns Σ |WᵀW ⊙ (1 - I)|² over the weights: how alike the units of a layer are.

  Brock et al. 2019, https://arxiv.org/abs/1809.11096, equation 3; the authors' code has
  half of it. W is read as a matrix of inputs by units; tables of embeddings are left
  out, and so are biases.
  """

  def one(path, weight):
    if weight.ndim < 2 or 'embedding' in jax.tree_util.keystr(path):
      return jnp.zeros(())
    matrix = weight.reshape(-1, weight.shape[-1])
    products = matrix.T @ matrix
    return jnp.sum(jnp.square(products - jnp.diag(jnp.diag(products))))

  return sum(
    jax.tree.leaves(jax.tree_util.tree_map_with_path(one, params)), jnp.zeros(())
  )
