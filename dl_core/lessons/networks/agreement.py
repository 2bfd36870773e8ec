"""Compares gradients by hand with those of jax.grad, on random networks.

Shapes: N networks.
"""

from collections.abc import Iterable

import jax
import numpy as np

from dl_core.lessons.networks import activations, backprop, outputs
from dl_core.lessons.networks.activations import Activation
from dl_core.report import draw
from dl_core.types import Claim, Picture

SIZES = (4, 6, 5, 3)  # inputs, and units of each layer
CLOSE = 1e-6  # of |by hand - jax.grad| / (1 + |jax.grad|)
EPSILON = float(np.finfo(np.float32).eps)

Found = dict[str, dict[str, float]]  # {pairing: {activation: the largest difference}}


def measure(
  random: np.random.Generator,
  networks: int,
  hidden: Iterable[tuple[str, Activation]] = tuple(activations.ACTIVATIONS.items()),
) -> Found:
  """Compares `networks` random networks of three layers, on one example each."""
  layers = backprop.random_layers(random, networks, SIZES)
  x = random.standard_normal((networks, SIZES[0]), np.float32)
  labels = {
    pairing: output.labels(random, (networks, SIZES[-1]))
    for pairing, output in outputs.PAIRINGS.items()
  }

  def largest(pairing, activation, *drawn):
    net = backprop.Net(activation, outputs.PAIRINGS[pairing])
    run = jax.vmap(lambda *each: backprop.compare(net, *each))
    return run(*drawn).max()

  @jax.jit
  def run(layers, x, labels):
    return {
      pairing: {name: largest(pairing, each, layers, x, y) for name, each in hidden}
      for pairing, y in labels.items()
    }

  found = jax.device_get(run(layers, x, labels))
  return {
    pairing: {name: float(found[pairing][name]) for name, _ in hidden}
    for pairing in labels
  }


def picture(found: Found, networks: int) -> Picture:
  """Draws the largest difference for each pairing and each hidden activation."""
  worst = max(max(each.values()) for each in found.values())
  names = list(next(iter(found.values())))

  def show():
    figure, axes = draw.panel(7, 3, ylabel='largest difference')
    bars = {pairing: list(each.values()) for pairing, each in found.items()}
    draw.bars(axes, bars, names)
    draw.guide(axes, y=CLOSE, ls='--')
    draw.guide(axes, y=EPSILON)
    axes.text(len(names) - 0.5, CLOSE, '1e-6 ', ha='right', va='bottom', fontsize=8)
    axes.text(0.5, EPSILON, 'ε of float32', ha='center', va='bottom', fontsize=8)
    axes.set_ylim(0, 1.3 * max(CLOSE, worst))
    axes.set_xlabel('activation of the hidden layers')
    draw.legend(axes, loc='upper center', ncols=len(found))
    return figure

  return Picture(
    'By hand and by jax.grad',
    'The largest difference between the two gradients, relative to 1 + |gradient|, of '
    f'{networks:,} random networks each. No bar: the two agree bit for bit.',
    show,
    (
      Claim(
        'Backpropagation by hand agrees with jax.grad, for every activation and output',
        worst <= CLOSE,
        f'{worst:.1g} apart at most, {networks:,} networks of each of '
        f'{sum(map(len, found.values()))} kinds',
      ),
    ),
  )
