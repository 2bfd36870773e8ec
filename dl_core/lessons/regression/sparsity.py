"""Proximal and subgradient descent with an l1 penalty; only the first ends at 0.

Shapes: N examples, F columns, T steps.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dl_core.lessons.regression import quadratic
from dl_core.report import draw
from dl_core.tasks import optimizers
from dl_core.types import Claim, Picture

STRONG = 0.1  # l1
STEPS, SHOWN, LATE = 4_000, 40, 200  # all steps, the first, the last


def proximal(rate: Any) -> optax.GradientTransformation:
  """Makes proximal gradient descent with l1, see `optimizers.soft_threshold`."""
  return optax.chain(optax.sgd(rate), optimizers.soft_threshold(rate, STRONG))


def subgradient(rate: Any) -> optax.GradientTransformation:
  """Makes subgradient descent with l1: adds ±l1 to the gradient."""
  penalty = optax.stateless(lambda gradient, w: gradient + STRONG * jnp.sign(w))
  return optax.chain(penalty, optax.sgd(rate))


def walked(x: Any, y: Any, make: Callable, size: float = 1.0) -> np.ndarray:
  """Returns the weights [T, F] before each step of descent from w = 0.

  Args:
    x, y: standardised inputs [N, F] and numbers [N].
    make: (rate) -> the optimizer.
    size: the learning rate over the largest stable one.
  """

  @jax.jit
  def walk(size):
    start, step = quadratic.descent(x, y, make, size)
    one = lambda carried, _: (step(carried), carried[0][:, 0])
    return jax.lax.scan(one, start, length=STEPS)[1]

  return np.array(walk(size))


def picture(x: np.ndarray, y: np.ndarray, names: Sequence[str]) -> Picture:
  """Draws weights that end at 0 with the proximal step, and with the subgradient."""
  stops, swings = walked(x, y, proximal), walked(x, y, subgradient)
  gone = np.flatnonzero(stops[-1] == 0)
  late, slower = swings[-LATE:, gone], walked(x, y, subgradient, 0.5)[-LATE:, gone]
  crossings = float(np.mean(np.diff(np.sign(late), axis=0) != 0)) if len(gone) else 0.0
  wide, narrow = (float(np.abs(w).mean()) if len(gone) else 0.0 for w in (late, slower))

  def show():
    titles = 'the proximal step', '±l1 in the gradient'
    figure, panels = draw.panels(8.5, 3.4, 2, titles=titles, sharey=True)
    for axes, path in zip(panels, (stops, swings), strict=True):
      for column, colour in zip(gone[:3], draw.COLOURS, strict=False):
        axes.plot(path[:SHOWN, column], color=colour, lw=1.2, label=names[column])
      draw.guide(axes, y=0, color='black', ls='-', lw=0.8, zorder=2)
      axes.set_xlabel('step')
    panels[0].set_ylabel('weight')
    draw.legend(panels[0])
    return figure

  return Picture(
    'Two ways to take the step of l1',
    f'The first {SHOWN} steps of three weights that end at 0, with l1 = {STRONG:g}. '
    'The subgradient ±l1 is as large near 0 as elsewhere, so that the weights step '
    'across 0; the proximal step stops at 0.',
    show,
    (
      Claim(
        'The proximal step makes weights exactly 0; ±l1 in the gradient makes none 0',
        len(gone) > 0 and not np.any(swings[-1] == 0),
        f'{len(gone)} of {len(names)} and {np.sum(swings[-1] == 0)}',
      ),
      Claim(
        'With ±l1 in the gradient these weights oscillate about 0 without end; the '
        'amplitude is proportional to the learning rate',
        crossings > 0.25 and 0.3 * wide < narrow < 0.7 * wide,
        f'{crossings:.0%} of steps {STEPS - LATE:,} to {STEPS:,} cross 0; mean '
        f'distance from 0 {wide:.4f}, at half the learning rate {narrow:.4f}',
      ),
    ),
  )
