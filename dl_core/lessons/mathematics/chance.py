"""Joint and conditional probability, the chain rule, independence.

Shapes: D random draws; tables as in `probability`.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.mathematics import probability
from dl_core.report import claims, draw
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
  """Makes the pictures of this module; each claim is checked on `draws` tables."""
  random = np.random.default_rng(seed)
  return [
    joint_picture(tables(random, draws, 3, 4, 5)),
    independence_picture(causes(random, draws)),
  ]


def tables(random: np.random.Generator, draws: int, *shape: int) -> Array:
  """Draws tables of probabilities [D, *shape], uniform over all such tables."""
  flat = random.dirichlet(np.ones(np.prod(shape, dtype=int)), draws)
  return jnp.asarray(flat.reshape(draws, *shape), jnp.float32)


def causes(random: np.random.Generator, draws: int) -> Array:
  """Draws tables [D, 3, 4, 5] of a cause and two effects that depend only on it."""
  cause = tables(random, draws, 3)[:, :, None, None]
  one, other = (tables(random, 3 * draws, n).reshape(draws, 3, n) for n in (4, 5))
  return cause * one[..., None] * other[:, :, None]


def over(measure: Any, *many: Any) -> Any:
  """Returns measure(...) of every draw, the first axis of `many`."""
  return jax.device_get(jax.jit(jax.vmap(measure))(*many))


def joint_picture(random: Array) -> Picture:
  """Draws a joint probability with its marginals, and a conditional probability.

  Args:
    random: tables [D, ...] of three variables for the claim.
  """

  def product(joint):
    first, second, third = probability.chain(joint)
    return first * second * third

  def show():
    titles = 'P(weather, travel), and its sums', 'P(travel | weather)'
    figure, (left, right) = draw.panels(8, 3.1, 2, titles=titles, width_ratios=(4, 3))
    joint = jnp.asarray(JOURNEYS)
    rows, columns = (probability.marginal(joint, n) for n in (0, 1))
    whole = jnp.block([[joint, rows], [columns, jnp.ones((1, 1))]])
    heat(left, whole, (*WEATHER, 'P(travel)'), (*TRAVEL, 'P(weather)'))
    draw.guide(left, x=2.5, y=2.5, ls='-', lw=2, zorder=1)
    heat(right, probability.conditional(joint, 0), WEATHER, TRAVEL)
    return figure

  return Picture(
    'Joint, marginal and conditional probability',
    'Summing out one variable gives the marginal probability of the other, at the '
    'edge. A row divided by its sum is a conditional probability: in rain most people '
    'take the bus. (The figures are made up.)',
    show,
    (
      claims.identity(
        'The chain rule P(x, y, z) = P(x) P(y | x) P(z | x, y) gives the joint '
        'probability',
        over(product, random),
        random,
        1e-6,
      ),
    ),
  )


def independence_picture(random: Array) -> Picture:
  """Draws two tosses of a coin that is loaded one way or the other.

  Args:
    random: tables [D, ...] of a cause (axis 0) and two effects for the claims.
  """

  def measure(joint):  # without the cause, and given it
    return tuple(probability.dependence(joint, 1, 2, *given) for given in ((), (0,)))

  alone, given = over(measure, random)
  (coins, fair), (coin_given, fair_given) = over(measure, np.stack([COINS, ALIKE]))

  def show():
    coin = jnp.asarray(COINS)
    both = probability.marginal(coin, 1, 2)[0]
    product = probability.marginal(both, 0) * probability.marginal(both, 1)
    tails, heads = probability.conditional(coin, 0)
    tables = {
      'coin unknown': both,
      'what independence\nwould make of it': product,
      'given: heads in 10 %': tails,
      'given: heads in 90 %': heads,
    }
    sides = ('tails', 'heads')
    figure, panels = draw.panels(8, 2.5, 4, titles=list(tables))
    for axes, table in zip(panels, tables.values(), strict=True):
      heat(axes, table, sides if axes is panels[0] else (), sides)
      axes.set_xlabel('second toss')
    panels[0].set_ylabel('first toss')
    return figure

  return Picture(
    'Dependent, and independent once the cause is known',
    'Two tosses of one coin that is loaded one way or the other. As long as the coin '
    'is unknown, the first toss is evidence about the second: they are dependent. '
    'Given the coin, each table is the product of its marginals.',
    show,
    (
      Claim(
        'Two effects of one cause are dependent, and independent given the cause, to '
        '1e-6',
        max(given.max(), coin_given) < 1e-6 < 1e-5 < min(alone.min(), coins),
        f'P(a, b) and P(a)·P(b) differ by {coins:.2f} for the coin and by at least '
        f'{alone.min():.0e} in {len(random)} tables; given the cause by at most '
        f'{max(given.max(), coin_given):.0e}',
      ),
      Claim(
        'Two independent coins are dependent given whether they show the same side',
        fair < 1e-6 < 0.1 < fair_given,
        f'P(a, b) and P(a)·P(b) differ by {fair:.2g}, given that by {fair_given:.2g}',
      ),
    ),
  )


def heat(axes: Any, table: Array, rows: Sequence[str], columns: Sequence[str]):
  """Draws a table of probabilities; likelier outcomes are darker."""
  from matplotlib import colors

  shades = np.broadcast_to(colors.to_rgba(draw.BLUE), (*table.shape, 4)).copy()
  shades[..., 3] = 0.8 * table
  axes.imshow(shades, interpolation='nearest')
  for (row, column), p in np.ndenumerate(np.asarray(table)):
    axes.text(column, row, f'{p:.2f}', ha='center', va='center')
  axes.set_xticks(range(len(columns)), columns)
  axes.set_yticks(range(len(rows)), rows)
  axes.tick_params(length=0)
