"""The noise of a batch's gradient: the standard deviation goes with one over √B.

Shapes: D draws of a batch, N examples.
"""

import functools
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.interpret import wells
from dl_core.types import Array, Claim, Key, Picture

BLUE, GREY = '#2f7fb8', '#888888'
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)


@functools.partial(jax.jit, static_argnames=('batch', 'draws'))
def spread(key: Key, noise: Array, *, batch: int, draws: int) -> Array:
  """Returns the standard deviation of D batches' gradients at the poor minimum."""
  poor = jnp.float32(wells.places().poor)

  def one(key):
    return wells.batch_gradient(poor, wells.pick(key, noise, batch))

  return jax.vmap(one)(jax.random.split(key, draws)).std()


def measure(key: Key, noise: Array, draws: int) -> dict[int, float]:
  """Returns {B: the noise of its gradient}, examples being drawn independently."""
  return {
    batch: float(
      spread(jax.random.fold_in(key, batch), noise, batch=batch, draws=draws)
    )
    for batch in BATCHES
  }


def slope(found: Mapping[int, float]) -> float:
  """Returns the slope of a line through log noise over log B."""
  return float(np.polyfit(np.log(list(found)), np.log(list(found.values())), 1)[0])


def picture(found: Mapping[int, float], draws: int) -> Picture:
  """Draws the noise by batch size."""
  fitted = slope(found)

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3), layout='constrained')
    axes = figure.subplots()
    batches = np.array(list(found))
    axes.loglog(batches, wells.NOISE / batches**0.5, color=GREY, ls='--', label='σ/√B')
    axes.loglog(batches, list(found.values()), 'o', color=BLUE, label='measured')
    axes.set_xlabel('batch size B')
    axes.set_ylabel('deviation of the gradient')
    axes.set_xticks(batches, batches)
    axes.set_yticks([0.5, 1, 2, 5], ['0.5', '1', '2', '5'])
    axes.minorticks_off()
    axes.legend(fontsize=8)
    return figure

  return Picture(
    'The noise of a gradient',
    f'The standard deviation of the gradient at the poor minimum, over {draws:,} '
    'batches of each size. Four times the examples halve it.',
    draw,
    (
      Claim(
        'The noise goes with 1/√B: on log axes its slope is −1/2.',
        abs(fitted + 0.5) < 0.03,
        f'slope {fitted:.3f}'.replace('-', '−'),
      ),
    ),
  )
