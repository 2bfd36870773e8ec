"""Tables of chances: joint and conditional probability, independence.

Shapes: D random draws; tables as in `probability`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.mathematics import probability
from dl_core.types import Array, Claim, Picture

WEATHER, TRAVEL = ('sun', 'cloud', 'rain'), ('on foot', 'bicycle', 'bus')
JOURNEYS = np.array(
  [[0.18, 0.20, 0.02], [0.10, 0.14, 0.06], [0.03, 0.03, 0.24]], np.float32
)  # P(weather, travel), made up
# P(coin, first toss, second toss) of a coin that shows heads in 10 % or 90 %.
HEADS = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
COINS = 0.5 * HEADS[:, :, None] * HEADS[:, None, :]
# P(alike, first toss, second toss) of two fair coins.
ALIKE = 0.25 * np.array([[[0, 1], [1, 0]], [[1, 0], [0, 1]]], np.float32)


def pictures(seed: int, draws: int) -> list[Picture]:
  """Makes the pictures of this module; claims are of `draws` random tables each."""
  random = np.random.default_rng(seed)
  return [
    joint_picture(tables(random, draws, 3, 4, 5)),
    independence_picture(causes(random, draws)),
  ]


def tables(random: np.random.Generator, draws: int, *shape: int) -> Array:
  """Draws tables of probabilities [D, *shape], all such tables being as likely."""
  flat = random.dirichlet(np.ones(np.prod(shape, dtype=int)), draws)
  return jnp.asarray(flat.reshape(draws, *shape), jnp.float32)


def causes(random: np.random.Generator, draws: int) -> Array:
  """Draws tables [D, 3, 4, 5] of a cause and of two effects that depend on it alone."""
  cause = tables(random, draws, 3)[:, :, None, None]
  one, other = (tables(random, 3 * draws, n).reshape(draws, 3, n) for n in (4, 5))
  return cause * one[..., None] * other[:, :, None]


def over(measure: Any, *many: Any) -> Any:
  """Measures every draw."""
  return jax.device_get(jax.jit(jax.vmap(measure))(*many))


class Sums(NamedTuple):
  """What a table of three variables comes to.

  Attributes:
    low, high: the least and the highest P(z | x, y).
    off: how far any sum of P(x), P(y | x), P(z | x, y) is from 1.
    chain: how far their product is from P(x, y, z).
  """

  low: Any
  high: Any
  off: Any
  chain: Any


def joint_picture(random: Array) -> Picture:
  """Draws a joint probability with its marginals, and a conditional one.

  Args:
    random: tables [D, ...] of three variables, on which the claims are checked.
  """

  def measure(joint):
    first, second, third = probability.chain(joint)
    sums = [jnp.sum(first), jnp.sum(second, axis=1), jnp.sum(third, axis=2)]
    return Sums(
      low=jnp.min(third),
      high=jnp.max(third),
      off=jnp.max(jnp.array([jnp.max(jnp.abs(each - 1)) for each in sums])),
      chain=jnp.max(jnp.abs(first * second * third - joint)),
    )

  found = over(measure, random)
  off, chain = float(found.off.max()), float(found.chain.max())

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.1), layout='constrained')
    left, right = figure.subplots(1, 2, width_ratios=(4, 3))
    joint = jnp.asarray(JOURNEYS)
    rows, columns = (probability.marginal(joint, n) for n in (0, 1))
    whole = jnp.block([[joint, rows], [columns, jnp.ones((1, 1))]])
    heat(left, whole, (*WEATHER, 'P(travel)'), (*TRAVEL, 'P(weather)'))
    for side in (left.axhline, left.axvline):
      side(2.5, color='grey', lw=2)
    left.set_title('P(weather, travel), and its sums', fontsize=10)
    heat(right, probability.conditional(joint, 0), WEATHER, TRAVEL)
    right.set_title('P(travel | weather)', fontsize=10)
    return figure

  return Picture(
    'Joint, marginal and conditional probability',
    'Summing out a variable gives the marginal probability of the other, at the edge. '
    'A row divided by its sum is the conditional probability: rain sends people to the '
    'bus. (The figures are made up.)',
    draw,
    (
      Claim(
        'Probabilities are between 0 and 1 and those of all outcomes sum to 1, to '
        '1e-6, given anything or nothing',
        bool(found.low.min() >= 0 and found.high.max() <= 1 and off < 1e-6),
        f'sums are 1 but for {off:.0e} in {len(random)} tables of three variables',
      ),
      Claim(
        'P(x, y, z) = P(x) P(y | x) P(z | x, y), the chain rule, to 1e-6',
        chain < 1e-6,
        f'at most {chain:.0e} apart in {len(random)} tables',
      ),
    ),
  )


def independence_picture(random: Array) -> Picture:
  """Draws two tosses of a coin of which one does not know how it is loaded.

  Args:
    random: tables [D, ...] of a cause (axis 0) and two effects, for the claims.
  """

  def measure(joint):  # without the cause, and given it
    return tuple(probability.dependence(joint, 1, 2, *given) for given in ((), (0,)))

  alone, given = over(measure, random)
  (coins, fair), (coin_given, fair_given) = over(measure, np.stack([COINS, ALIKE]))

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.5), layout='constrained')
    coin = jnp.asarray(COINS)
    both = probability.marginal(coin, 1, 2)[0]
    product = probability.marginal(both, 0) * probability.marginal(both, 1)
    tails, heads = probability.conditional(coin, 0)
    panels = {
      'coin unknown': both,
      'what independence\nwould make of it': product,
      'given: heads in 10 %': tails,
      'given: heads in 90 %': heads,
    }
    sides = ('tails', 'heads')
    for axes, (name, table) in zip(figure.subplots(1, 4), panels.items(), strict=True):
      heat(axes, table, sides if axes.get_subplotspec().is_first_col() else (), sides)
      axes.set_title(name, fontsize=10)
      axes.set_xlabel('second toss')
    figure.axes[0].set_ylabel('first toss')
    return figure

  return Picture(
    'Dependent, and independent once the cause is known',
    'Two tosses of one coin, which is loaded one way or the other. Who does not know '
    'which learns from the first toss about the second, so they are dependent; given '
    'the coin, each table is the product of its sums.',
    draw,
    (
      Claim(
        'Effects of one cause are dependent, and independent given the cause, to 1e-6',
        bool(max(given.max(), coin_given) < 1e-6 < 1e-5 < min(alone.min(), coins)),
        f'P(a, b) is off P(a)·P(b) by {coins:.2f} for the coin and by '
        f'{alone.min():.0e} or more in {len(random)} tables; given the cause by '
        f'{max(given.max(), coin_given):.0e} at most',
      ),
      Claim(
        'The other way round, two independent coins are dependent given whether they '
        'are alike',
        bool(fair < 1e-6 < 0.1 < fair_given),
        f'off by {fair:.2g}, and by {fair_given:.2g} once that is given',
      ),
    ),
  )


def heat(axes: Any, table: Array, rows: Sequence[str], columns: Sequence[str]):
  """Draws a table of probabilities, the likelier the darker."""
  from matplotlib import colors

  shades = np.broadcast_to(colors.to_rgba('C0'), (*table.shape, 4)).copy()
  shades[..., 3] = 0.8 * table
  axes.imshow(shades, interpolation='nearest')
  for (row, column), p in np.ndenumerate(np.asarray(table)):
    axes.text(column, row, f'{p:.2f}', ha='center', va='center')
  axes.set_xticks(range(len(columns)), columns)
  axes.set_yticks(range(len(rows)), rows)
  axes.tick_params(length=0)
