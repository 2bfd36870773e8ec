"""Gradients by hand and by jax.grad, of random networks of every kind.

Shapes: N networks.
"""

from collections.abc import Mapping

import jax
import numpy as np

from dl_core.interpret import activations, backprop, outputs
from dl_core.types import Claim, Key, Picture

COLOURS = ('#2f7fb8', '#cf7a24', '#3f9c74')  # for light and dark pages
SIZES = (4, 6, 5, 3)  # inputs, and units of each layer
CLOSE = 1e-6  # of |by hand - jax.grad| / (1 + |jax.grad|)
EPSILON = float(np.finfo(np.float32).eps)

Found = dict[str, dict[str, float]]  # {pairing: {activation: the largest difference}}


def measure(
  key: Key,
  networks: int,
  hidden: Mapping[str, activations.Activation] = activations.ACTIVATIONS,
) -> Found:
  """Compares as many networks of three layers, each on an example of its own."""
  layer_key, x_key, y_key = jax.random.split(key, 3)
  draw = jax.jit(jax.vmap(lambda key: backprop.random_layers(key, SIZES)))
  layers = draw(jax.random.split(layer_key, networks))
  x = jax.random.normal(x_key, (networks, SIZES[0]))
  found: Found = {}
  for pairing, output in outputs.PAIRINGS.items():
    y = output.labels(y_key, (networks, SIZES[-1]))
    found[pairing] = {}
    for name, activation in hidden.items():
      net = backprop.Net(activation, output)
      run = jax.jit(jax.vmap(lambda *a, net=net: backprop.compare(net, *a)))
      found[pairing][name] = float(run(layers, x, y).max())
  return found


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
    axes.text(
      len(names) - 0.5, EPSILON, 'ε of float32', ha='right', va='bottom', fontsize=8
    )
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
        'Backpropagation by hand is jax.grad, for every activation and output.',
        worst <= CLOSE,
        f'{worst:.1g} apart at most, {networks:,} networks of each of '
        f'{sum(map(len, found.values()))} kinds',
      ),
    ),
  )
