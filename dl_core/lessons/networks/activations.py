"""Defines the activations of the lectures with their derivatives, and draws them.

A step returns 0 or 1 here; the perceptron's rule has labels of -1 and 1 (the lectures
mix the two, `experiments/perceptron.py` resolves it). The derivative of ReLU at 0 is
taken as 0.

Shapes: N places.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.report import draw
from dl_core.types import Array, Claim, Picture

SOFTMAX = 'softmax of (z, 0, 0)'
REACH = 5.0  # of the drawn axis, to both sides
CLOSE = 2e-6  # what float32 leaves of two ways to one number of the size of 1


class Activation(NamedTuple):
  """An activation f(z) of a hidden unit, and its derivative f'(z)."""

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
def curves(z: Array) -> dict[str, tuple[Array, Array]]:
  """Returns {name: (values, slopes)} along z [N]."""
  functions = {name: each.f for name, each in ACTIVATIONS.items()}
  functions[SOFTMAX] = first_of_three
  return {
    name: (jax.vmap(f)(z), jax.vmap(jax.grad(f))(z)) for name, f in functions.items()
  }


def picture() -> Picture:
  """Draws each activation with its derivative; softmax as one logit of three moves."""
  grid = np.linspace(-REACH, REACH, 401, dtype=np.float32)
  found = jax.device_get(curves(grid))
  steepest = {name: slope.max() for name, (_, slope) in found.items()}
  claims = (
    Claim(
      'A sigmoid has a derivative of at most 1/4, a tanh or a ReLU of at most 1',
      steepest['sigmoid'] <= 0.25 + CLOSE
      and max(steepest['tanh'], steepest['ReLU']) <= 1 + CLOSE,
      f'{steepest["sigmoid"]:.4f}, {steepest["tanh"]:.4f} and {steepest["ReLU"]:.4f}',
    ),
  )

  def show():
    names = (*ACTIVATIONS, SOFTMAX)
    figure, panels = draw.panels(
      7.5, 4.4, len(names), 3, titles=names, sharex=True, sharey=True
    )
    for axes, name in zip(panels, names, strict=True):
      value, slope = found[name]
      axes.plot(grid, value, color=draw.BLUE, lw=2, label='f(z)')
      axes.plot(grid, slope, color=draw.ORANGE, lw=2, ls='--', label="f'(z)")
      axes.set_ylim(-1.3, 1.7)
    draw.legend(panels[0], loc='upper left')
    for axes in panels[3:]:
      axes.set_xlabel('z')
    return figure

  return Picture(
    'Activations and their derivatives',
    'Backpropagation multiplies an error by the dashed derivative. A step passes no '
    'error on, a sigmoid at most a quarter, a tanh all of it only near 0, a ReLU all '
    'or nothing.',
    show,
    claims,
  )
