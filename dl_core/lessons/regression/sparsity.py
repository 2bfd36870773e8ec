"""Two ways to take the step of the penalty l1·Σ|w|: one of them ends at 0.

Shapes: N examples, F columns, T steps.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dl_core.lessons.regression import quadratic
from dl_core.tasks import optimizers
from dl_core.types import Claim, Picture

STRONG = 0.1  # l1
WALKED, SHOWN, LATE = 4_000, 40, 200  # steps, the first of them, the last


def proximal(rate: Any) -> optax.GradientTransformation:
  """Makes descent under l1 as it should be, see `optimizers.soft_threshold`."""
  return optax.chain(optax.sgd(rate), optimizers.soft_threshold(rate, STRONG))


def subgradient(rate: Any) -> optax.GradientTransformation:
  """Makes descent under l1 as the lectures write it: ±l1 is added to the gradient."""
  penalty = optax.stateless(lambda slope, w: slope + STRONG * jnp.sign(w))
  return optax.chain(penalty, optax.sgd(rate))


def walked(x: Any, y: Any, make: Callable, size: float = 1.0) -> np.ndarray:
  """Descends on squared errors from w = 0: weights [T, F] before each step.

  Args:
    x, y: standardised inputs [N, F] and numbers [N].
    make: (rate) -> the optimizer.
    size: the rate, over the largest one that cannot overshoot.
  """

  @jax.jit
  def walk(size):
    start, step = quadratic.descent(x, y, make, size)
    one = lambda carried, _: (step(carried), carried[0][:, 0])
    return jax.lax.scan(one, start, length=WALKED)[1]

  return np.array(walk(size))


def picture(x: np.ndarray, y: np.ndarray, names: Sequence[str]) -> Picture:
  """Draws the weights that l1 should make 0, by the proximal step and by ±l1."""
  stops, swings = walked(x, y, proximal), walked(x, y, subgradient)
  gone = np.flatnonzero(stops[-1] == 0)
  late, slower = swings[-LATE:, gone], walked(x, y, subgradient, 0.5)[-LATE:, gone]
  crossings = float(np.mean(np.diff(np.sign(late), axis=0) != 0)) if len(gone) else 0.0
  wide, narrow = (float(np.abs(w).mean()) if len(gone) else 0.0 for w in (late, slower))

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 3.4), layout='constrained')
    panels = zip(
      figure.subplots(1, 2, sharey=True),
      ('the proximal step', '±l1 in the gradient'),
      (stops, swings),
      strict=True,
    )
    for axes, title, path in panels:
      for colour, column in enumerate(gone[:3]):
        axes.plot(path[:SHOWN, column], color=f'C{colour}', lw=1.2, label=names[column])
      axes.axhline(0, color='black', lw=0.8)
      axes.set_title(title, fontsize=10)
      axes.set_xlabel('step')
    figure.axes[0].set_ylabel('weight')
    figure.axes[0].legend()
    return figure

  return Picture(
    'Two ways to take the step of l1',
    f'l1 = {STRONG:g}: the first {SHOWN} steps of three weights that end at 0. ±l1 '
    'moves them as far next to 0 as anywhere, so they step over it; the proximal step '
    'stops there.',
    draw,
    (
      Claim(
        'The proximal step makes weights exactly 0, ±l1 in the gradient none',
        bool(len(gone) and not np.any(swings[-1] == 0)),
        f'{len(gone)} of {len(names)} and {np.sum(swings[-1] == 0)}',
      ),
      Claim(
        'Under ±l1 those weights swing about 0 for ever, as far as the rate is large',
        crossings > 0.25 and 0.3 * wide < narrow < 0.7 * wide,
        f'{crossings:.0%} of steps {WALKED - LATE:,} to {WALKED:,} cross 0; mean '
        f'distance from it {wide:.4f}, at half the rate {narrow:.4f}',
      ),
    ),
  )
