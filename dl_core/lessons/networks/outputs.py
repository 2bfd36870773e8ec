"""Pairs each output activation with the loss for which dL/dz = p - y.

Identity with squared error, sigmoid with binary cross-entropy, softmax with
cross-entropy (Bishop 1995, "Neural Networks for Pattern Recognition", sections 6.6 to
6.9). The lecture's squared error is ½·Σ(y - p)²: the ½ cancels the exponent and a sum
over the outputs, not a mean, leaves p - y of each.

Shapes: N draws, K outputs.
"""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.networks import activations
from dl_core.report import draw
from dl_core.tasks import information
from dl_core.types import Array, Claim, Picture

OUTPUTS = 10  # of the draws
REACH = 8.0  # of the drawn axis, to both sides


class Pairing(NamedTuple):
  """An output activation and its loss, of one example.

  Attributes:
    answer: logits z [K] -> p [K].
    loss: (z [K], y [K]) -> scalar.
    labels: (random, shape [..., K]) -> random labels y that suit the loss.
  """

  answer: Callable[[Array], Array]
  loss: Callable[[Array, Array], Array]
  labels: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def squared_error(p: Array, y: Array) -> Array:
  """½·Σ(y - p)²."""
  return 0.5 * jnp.sum((y - p) ** 2)


def binary_cross_entropy(z: Array, y: Array) -> Array:
  """-Σ y·log σ(z) + (1 - y)·log(1 - σ(z)), from logits: log σ never meets log 0."""
  return jnp.sum(information.sigmoid_cross_entropy(z, y))


def cross_entropy(z: Array, y: Array) -> Array:
  """-Σ y·log softmax(z) of one-hot labels."""
  return -jnp.sum(y * jax.nn.log_softmax(z))


def numbers(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
  return random.standard_normal(shape, np.float32)


def bits(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
  return random.integers(2, size=shape).astype(np.float32)


def one_hot(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
  return np.eye(shape[-1], dtype=np.float32)[
    random.integers(shape[-1], size=shape[:-1])
  ]


PAIRINGS = {
  'identity, squared error': Pairing(lambda z: z, squared_error, numbers),
  'sigmoid, binary cross-entropy': Pairing(jax.nn.sigmoid, binary_cross_entropy, bits),
  'softmax, cross-entropy': Pairing(jax.nn.softmax, cross_entropy, one_hot),
}


def mismatched(z: Array, y: Array) -> Array:
  """Squared error of a sigmoid: its gradient has the factor σ'(z), 0 at both ends."""
  return squared_error(jax.nn.sigmoid(z), y)


@functools.partial(jax.jit, static_argnums=0)
def gradient_off(pairing: Pairing, z: Array, y: Array) -> Array:
  """Returns how far jax.grad at logits z [N, K], labels y [N, K] is from p - y [N]."""

  def off(z, y):
    return jnp.abs(jax.grad(pairing.loss)(z, y) - (pairing.answer(z) - y)).max()

  return jax.vmap(off)(z, y)


@jax.jit
def slopes(z: Array) -> dict[str, Array]:
  """Returns dL/dz along one logit z [N] whose label is 1.

  Returns:
    Of each pairing and of 'mismatched': [N]; of softmax (z, 0, 0), the first class
    being right: [N, 3].
  """
  first = jnp.array([1.0, 0.0, 0.0])
  single = {
    'identity': squared_error,
    'sigmoid': binary_cross_entropy,
    'mismatched': mismatched,
  }
  found = {
    name: jax.vmap(lambda z, f=f: jax.grad(f)(z[None], first[:1])[0])(z)
    for name, f in single.items()
  }
  three = lambda z: jax.grad(cross_entropy)(z * first, first)
  return found | {'softmax': jax.vmap(three)(z)}


def claims(
  random: np.random.Generator, draws: int, along: Mapping
) -> tuple[Claim, ...]:
  """Returns the claims on the gradients of the pairings and of a mismatched one.

  Args:
    random: draws logits and labels.
    draws: N.
    along: the `slopes` from -REACH to REACH.
  """
  z = 3 * numbers(random, (draws, OUTPUTS))
  off = [
    float(np.max(gradient_off(pairing, z, pairing.labels(random, z.shape))))
    for pairing in PAIRINGS.values()
  ]
  half = len(along['sigmoid']) // 2 + 1
  paired, other = -along['sigmoid'][:half], -along['mismatched'][:half]
  return (
    Claim(
      'For all three pairings the gradient at the logits is p − y',
      max(off) <= activations.CLOSE,
      ', '.join(f'{value:.1g}' for value in off)
      + f' off at most, over {draws:,} draws of {OUTPUTS} outputs',
    ),
    Claim(
      'The more wrong the output is, the larger the gradient of cross-entropy',
      np.all(np.diff(paired) < 0),
      f'for y = 1: {paired[0]:.3f} at z = −{REACH:g}, {paired[-1]:.3f} at z = 0',
    ),
    Claim(
      'With squared error on a sigmoid the gradient vanishes where the output is most '
      'wrong',
      other[0] < other[-1] / 100,
      f'for y = 1: {other[0]:.1g} at z = −{REACH:g}, {other[-1]:.3f} at z = 0',
    ),
  )


def picture(random: np.random.Generator, draws: int) -> Picture:
  """Draws the gradient against a logit, for each pairing."""
  grid = np.linspace(-REACH, REACH, 161, dtype=np.float32)
  found = jax.device_get(slopes(grid))

  def show():
    titles = 'identity, ½(y − p)²', 'sigmoid', 'softmax of (z, 0, 0)'
    figure, panels = draw.panels(8, 2.9, 3, titles=titles, sharex=True)
    left, middle, right = panels
    left.plot(grid, found['identity'], color=draw.BLUE, lw=2)
    middle.plot(grid, found['sigmoid'], color=draw.BLUE, lw=2)
    middle.plot(grid, found['mismatched'], color=draw.ORANGE, lw=2, ls='--')
    middle.text(0.2, -0.8, 'cross-entropy', color=draw.BLUE, fontsize=9)
    middle.text(-8, -0.16, 'squared error', color=draw.ORANGE, fontsize=9, va='top')
    right.plot(grid, found['softmax'][:, 0], color=draw.BLUE, lw=2)
    right.plot(grid, found['softmax'][:, 1], color=draw.GREEN, lw=2)
    right.text(1.6, -0.6, 'right class', color=draw.BLUE, fontsize=9)
    right.text(1.6, 0.3, 'the others', color=draw.GREEN, fontsize=9)
    left.set_ylabel('dL/dlogit')
    for axes in panels:
      draw.guide(axes, y=0, ls='-')
      axes.set_xlabel('logit z (y = 1)')
    return figure

  return Picture(
    'Outputs and their losses',
    'The gradient of the loss at the logit z whose output should be 1. Each solid '
    'curve is p − y. The dashed one has a further factor σ′(z): a unit that is wrong '
    'with high confidence hardly learns.',
    show,
    claims(random, draws, found),
  )
