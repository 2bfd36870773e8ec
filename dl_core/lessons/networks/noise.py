"""Measures how the noise of a batch's gradient falls with the batch size B: as 1/√B.

Shapes: D draws of a batch, N examples.
"""

import functools
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.networks import wells
from dl_core.report import draw
from dl_core.types import Claim, Picture

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)


def measure(
  random: np.random.Generator, noise: np.ndarray, draws: int
) -> dict[int, float]:
  """Measures the noise at the poor minimum.

  Each batch is the beginning of the next larger one.


  Args:
    random: draws the batches, each of their examples independently.
    noise: ε [N] of the examples, see `wells`.
    draws: D.

  Returns:
    {B: the standard deviation of D gradients}.
  """
  poor = jnp.float32(wells.places().poor)
  chosen = random.integers(len(noise), size=(draws, max(BATCHES)))

  @jax.jit
  def spread(drawn):
    of = jax.vmap(functools.partial(wells.batch_gradient, poor))
    return {batch: of(drawn[:, :batch]).std() for batch in BATCHES}

  found = jax.device_get(spread(noise[chosen]))
  return {batch: float(found[batch]) for batch in BATCHES}


def slope(found: Mapping[int, float]) -> float:
  """Returns the slope of a line through log noise over log B."""
  return float(np.polyfit(np.log(list(found)), np.log(list(found.values())), 1)[0])


def picture(found: Mapping[int, float], draws: int) -> Picture:
  """Draws the noise by batch size."""
  fitted = slope(found)

  def show():
    batches = np.array(list(found))
    theory = wells.NOISE / batches**0.5
    look = {'xlabel': 'batch size B', 'ylabel': 'deviation of the gradient'}
    figure, axes = draw.panel(6, 3, **look)
    axes.loglog(batches, theory, color=draw.GREY, ls='--', label='σ/√B')
    axes.loglog(batches, list(found.values()), 'o', color=draw.BLUE, label='measured')
    axes.set_xticks(batches, batches)
    axes.set_yticks([0.5, 1, 2, 5], ['0.5', '1', '2', '5'])
    axes.minorticks_off()
    draw.legend(axes)
    return figure

  return Picture(
    'The noise of a gradient',
    f'The standard deviation of the gradient at the poor minimum, over {draws:,} '
    'batches of each size. Four times as many examples halve it.',
    show,
    (
      Claim(
        'The noise falls as 1/√B: on logarithmic axes its slope is −1/2',
        abs(fitted + 0.5) < 0.03,
        f'slope {fitted:.3f}'.replace('-', '−'),
      ),
    ),
  )
