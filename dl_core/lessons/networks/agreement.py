"""Gradients by hand and by jax.grad, of random networks of every kind.

Shapes: N networks.
"""

from collections.abc import Iterable

import jax
import numpy as np

from dl_core.lessons.networks import activations, backprop, outputs
from dl_core.lessons.networks.activations import Activation
from dl_core.types import Claim, Picture

COLOURS = ('#2f7fb8', '#cf7a24', '#3f9c74')  # for light and dark pages
SIZES = (4, 6, 5, 3)  # inputs, and units of each layer
CLOSE = 1e-6  # of |by hand - jax.grad| / (1 + |jax.grad|)
EPSILON = float(np.finfo(np.float32).eps)

Found = dict[str, dict[str, float]]  # {pairing: {activation: the largest difference}}


def measure(
  random: np.random.Generator,
  networks: int,
  hidden: Iterable[tuple[str, Activation]] = tuple(activations.ACTIVATIONS.items()),
) -> Found:
  """Compares as many networks of three layers, each on an example of its own."""
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

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout='constrained')
    axes = figure.subplots()
    for n, ((pairing, each), colour) in enumerate(
      zip(found.items(), COLOURS, strict=True)
    ):
      place = np.arange(len(names)) + 0.2 * (n - 1)
      axes.bar(place, list(each.values()), 0.18, color=colour, label=pairing)
    axes.axhline(CLOSE, color='#888888', ls='--', lw=1)
    axes.axhline(EPSILON, color='#888888', ls=':', lw=1)
    axes.text(len(names) - 0.5, CLOSE, '1e-6 ', ha='right', va='bottom', fontsize=8)
    axes.text(0.5, EPSILON, 'ε of float32', ha='center', va='bottom', fontsize=8)
    axes.set_ylim(0, 1.3 * max(CLOSE, worst))
    axes.set_xticks(range(len(names)), names)
    axes.set_xlabel('activation of the hidden layers')
    axes.set_ylabel('largest difference')
    axes.legend(fontsize=8, loc='upper center', ncols=len(found))
    return figure

  return Picture(
    'By hand and by jax.grad',
    'The largest difference between the two gradients, relative to 1 + |gradient|, of '
    f'{networks:,} random networks each. Where there is no bar they agree bit for bit.',
    draw,
    (
      Claim(
        'Backpropagation by hand is jax.grad, for every activation and output',
        worst <= CLOSE,
        f'{worst:.1g} apart at most, {networks:,} networks of each of '
        f'{sum(map(len, found.values()))} kinds',
      ),
    ),
  )
