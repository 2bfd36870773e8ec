"""The activations of the lectures: each with its derivative written out, and drawn.

A step answers 0 or 1 here; the perceptron's rule has labels of -1 and 1 (the lectures
mix the two, `experiments/perceptron.py` resolves it). ReLU's slope at 0 is taken as 0.

Shapes: N draws.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array, Claim, Picture

BLUE, ORANGE = '#2f7fb8', '#cf7a24'  # for light and dark pages
SOFTMAX = 'softmax of (z, 0, 0)'
REACH = 5.0  # of the drawn axis, to both sides
CLOSE = 2e-6  # what float32 leaves of two ways to one number of the size of 1


class Activation(NamedTuple):
  """What a hidden unit makes of z, and the slope f'(z) that it passes back."""

  f: Callable[[Array], Array]
  slope: Callable[[Array], Array]


def sigmoid_slope(z: Array) -> Array:
  """σ'(z) = σ(z)·(1 - σ(z)), 1/4 at most; 1 - σ(z) = σ(-z) is not rounded to 0."""
  return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z)


def tanh_slope(z: Array) -> Array:
  """tanh'(z) = 1 - tanh²(z), 1 at most."""
  return 1 - jnp.tanh(z) ** 2


def step(z: Array) -> Array:
  """1 where z > 0, else 0: flat but for its jump, so it passes nothing back."""
  return jnp.where(z > 0, 1.0, 0.0)


ACTIVATIONS = {
  'step': Activation(step, jnp.zeros_like),
  'identity': Activation(lambda z: z, jnp.ones_like),
  'sigmoid': Activation(jax.nn.sigmoid, sigmoid_slope),
  'tanh': Activation(jnp.tanh, tanh_slope),
  'ReLU': Activation(jax.nn.relu, step),
}


def first_of_three(z: Array) -> Array:
  """Returns the first of softmax(z, 0, 0)."""
  return jax.nn.softmax(jnp.stack([z, 0 * z, 0 * z]))[0]


@jax.jit
def derivatives(z: Array) -> dict[str, Array]:
  """Returns how far each derivative is from jax.grad's at z [N], at most."""
  return {
    name: jnp.abs(jax.vmap(jax.grad(each.f))(z) - each.slope(z)).max()
    for name, each in ACTIVATIONS.items()
  }


@jax.jit
def curves(z: Array) -> dict[str, tuple[Array, Array]]:
  """Returns {name: (values, slopes)} along z [N]."""
  functions = {name: each.f for name, each in ACTIVATIONS.items()}
  functions[SOFTMAX] = first_of_three
  return {
    name: (jax.vmap(f)(z), jax.vmap(jax.grad(f))(z)) for name, f in functions.items()
  }


def picture(random: np.random.Generator, draws: int) -> Picture:
  """Draws each activation with its derivative; softmax as one logit of three moves."""
  off = derivatives(3 * random.standard_normal(draws, np.float32))
  grid = np.linspace(-REACH, REACH, 401, dtype=np.float32)
  found = jax.device_get(curves(grid))
  steepest = {name: slope.max() for name, (_, slope) in found.items()}
  worst = float(max(off.values()))
  claims = (
    Claim(
      'The derivatives written out are those that jax.grad finds',
      worst <= CLOSE,
      f'{worst:.1g} apart at most, at {draws:,} draws of each',
    ),
    Claim(
      'A sigmoid is nowhere steeper than 1/4, a tanh or a ReLU nowhere than 1',
      bool(
        steepest['sigmoid'] <= 0.25 + CLOSE
        and max(steepest['tanh'], steepest['ReLU']) <= 1 + CLOSE
      ),
      f'{steepest["sigmoid"]:.4f}, {steepest["tanh"]:.4f} and {steepest["ReLU"]:.4f}',
    ),
  )

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.4), layout='constrained')
    panels = figure.subplots(2, 3, sharex=True, sharey=True).flat
    for axes, name in zip(panels, (*ACTIVATIONS, SOFTMAX), strict=True):
      value, slope = found[name]
      axes.plot(grid, value, color=BLUE, lw=2, label='f(z)')
      axes.plot(grid, slope, color=ORANGE, lw=2, ls='--', label="f'(z)")
      axes.set_title(name, fontsize=10)
      axes.set_ylim(-1.3, 1.7)
    figure.axes[0].legend(fontsize=8, loc='upper left')
    for axes in figure.axes[3:]:
      axes.set_xlabel('z')
    return figure

  return Picture(
    'Activations and their derivatives',
    'The dashed slope is what an error is multiplied by on its way back. A step passes '
    'nothing, a sigmoid a quarter at best, a tanh all of it near 0 alone, a ReLU all '
    'or nothing.',
    draw,
    claims,
  )
