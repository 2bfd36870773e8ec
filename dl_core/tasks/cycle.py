"""Training of a CycleGAN: first both generators' turn, then both critics'.

Zhu et al. 2017, https://arxiv.org/abs/1703.10593, sections 3 and 4. The generators are
updated first. The translations that they made in their turn are what the critics judge
in theirs, mixed with earlier ones out of a pool (Shrivastava et al. 2016,
https://arxiv.org/abs/1612.07828, section 2.3). Translations and pools are collections
of the state, so a run resumes with them.

Shapes: B images of each domain, S pixels of a side, C channels, N images of a pool.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from dl_core import metrics
from dl_core.models.cyclegan import Cycle
from dl_core.tasks import players
from dl_core.tasks.gan import mean
from dl_core.types import Array, Key, Task, Variables

FAKES, POOL = 'fakes', 'pool'  # the collections of the state
SIDES = {'second': 'there', 'first': 'back'}  # {domain: the generator of its images}
# See `Experiment.partition`. If `fsdp` split images along their sides, XLA (jaxlib
# 0.10.2) would convolve them wrongly where another axis of the mesh replicates them.
PARTITION = {
  f'{name}.{side}': ('batch', None, None, None)
  for name in (FAKES, POOL)
  for side in SIDES
}

metrics.declare('critic_loss', rising=False, player=True)


def cycle(
  model: Cycle, weight: float = 10.0, identity: float = 0.5, pool: int = 50
) -> Task:
  """Makes the task of all four players.

  `batch.x` holds {'first', 'second'}, images [B, S, S, C] in [-1, 1], which need not be
  pairs, and `batch.weight` {'first', 'second'}, [B] each; `batch.y` is not read.

  Reported are `loss`, what the generators minimise, its parts `fooled` (squared error
  of the critics' scores from 1), `cycle` and `identity` (mean absolute error of a
  pixel, in [0, 2]), and `critic_loss`.

  Args:
    model: the players.
    weight: λ, the weight of the cycle-consistency loss.
    identity: weight of the identity loss as a share of λ (section 5.2): a generator
      should not change images of its own output domain. 0: no identity loss.
    pool: N; 0: critics see the newest translations alone.
  """
  play = functools.partial(players.play, model)

  def init(key, batch):
    x = batch.x
    inputs = dict.fromkeys(Cycle._fields, x['first'])
    variables = players.begin(model, key, inputs)
    variables[FAKES] = {side: jnp.zeros_like(x[side]) for side in SIDES}
    if pool:
      empty = lambda like: jnp.zeros((pool, *like.shape[1:]), like.dtype)
      variables[POOL] = {side: empty(x[side]) for side in SIDES}
      variables[POOL]['count'] = jnp.int32(0)
    return variables

  def translated(params, x, key):
    """Returns the parts of the generators' loss of each image, and translations."""

    def run(player, *inputs):  # on a new axis, which leaves the batch as it is
      each = jax.vmap(lambda one: play(player, params, {}, one, key)[0])
      return each(jnp.stack(inputs))

    others = {'second': 'first', 'first': 'second'}
    fakes: dict[str, Array] = {}
    parts = dict.fromkeys(('fooled', 'cycle', 'identity'), jnp.zeros(()))
    for side, maker in SIDES.items():
      if identity:
        fakes[side], same = run(maker, x[others[side]], x[side])
        parts['identity'] += error(same, x[side])
      else:
        (fakes[side],) = run(maker, x[others[side]])
      scores, _ = play(side, params, {}, fakes[side])
      parts['fooled'] += over(jnp.square(scores - 1))
    for side, maker in SIDES.items():
      (again,) = run(maker, fakes[others[side]])
      parts['cycle'] += error(again, x[side])
    if not identity:
      del parts['identity']
    return parts, fakes

  def charged(parts, weights):
    of = weights['first'] * weights['second']
    total = parts['fooled'] + weight * parts['cycle']
    total += weight * identity * parts.get('identity', 0.0)
    return {
      name: metrics.weighted(value, of)
      for name, value in ({'loss': total} | parts).items()
    }

  def discerned(params, real, fakes, weights):
    of = weights['first'] * weights['second']
    total = jnp.zeros(())
    for side in SIDES:
      for images, wanted in ((real[side], 1.0), (fakes[side], 0.0)):
        scores, _ = play(side, params, {}, images)
        total += 0.5 * over(jnp.square(scores - wanted))
    return {'critic_loss': metrics.weighted(total, of)}

  def make(params, extra, batch, key):
    parts, fakes = translated(params, batch.x, key)
    sums = charged(parts, batch.weight)
    kept = jax.lax.stop_gradient(jax.tree.map(jnp.float32, fakes))
    return mean(sums['loss']), ({**extra, FAKES: kept}, sums)

  def judge(params, extra, batch, key):
    fakes = extra[FAKES]
    if pool:
      fakes, moved = mixed(extra[POOL], fakes, key)
      extra = {**extra, POOL: moved}
    sums = discerned(params, batch.x, fakes, batch.weight)
    return mean(sums['critic_loss']), (extra, sums)

  def evaluate(variables, batch, key):
    del key
    params = variables['params']
    parts, fakes = translated(params, batch.x, None)
    return charged(parts, batch.weight) | discerned(
      params, batch.x, fakes, batch.weight
    )

  return Task(init, (make, judge), evaluate)


def over(values: Array) -> Array:
  """Returns the mean [B] of values [B, ...] over all axes but the first."""
  return jnp.mean(values.reshape(len(values), -1), axis=1)


def error(image: Array, wanted: Array) -> Array:
  return over(jnp.abs(image - wanted))


def mixed(pool: Any, fakes: Any, key: Key) -> tuple[Any, Any]:
  """Passes translations through the pools, one after another.

  While a pool is not full, an image enters it and is passed on. Then, with probability
  ½, it takes the place of an image of the pool, which is passed on in its stead, and
  with probability ½ it is passed on and does not enter.

  Args:
    pool: {'count': images in each pool, domain: [N, S, S, C]}.
    fakes: {domain: [B, S, S, C]}.
    key: random key.

  Returns:
    {domain: the images [B, S, S, C] for the critic}, and the pools.
  """
  count = pool['count']
  passed, moved = {}, {}
  for number, side in enumerate(sorted(fakes)):
    n, images = len(pool[side]), fakes[side]

    def enter(state, inputs, n=n):
      kept, there = state
      image, key = inputs
      swap_key, place_key = jax.random.split(key)
      full = there >= n
      swaps = jax.random.bernoulli(swap_key)
      place = jnp.where(full, jax.random.randint(place_key, (), 0, n), there)
      enters = ~full | swaps
      old = kept[place]
      kept = kept.at[place].set(jnp.where(enters, image, old))
      shown = jnp.where(full & swaps, old, image)
      return (kept, jnp.minimum(there + 1, n)), shown

    keys = jax.random.split(jax.random.fold_in(key, number), len(images))
    (kept, there), passed[side] = jax.lax.scan(
      enter, (pool[side], count), (images, keys)
    )
    moved[side], moved['count'] = kept, there
  return passed, moved


@functools.cache
def translator(model: Cycle, player: str) -> Callable[[Variables, Any], Array]:
  """Makes (variables, images [B, S, S, C]) -> their translations by a generator."""

  @jax.jit
  def run(variables, x):
    return players.play(model, player, variables['params'], {}, x)[0]

  return run
