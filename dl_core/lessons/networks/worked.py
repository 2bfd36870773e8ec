"""Draws the forward and backward passes of one example in a network of 5 units.

The network has 2 inputs, 2 hidden sigmoid units and a sigmoid output with binary
cross-entropy. Its weights are short enough for a calculation on paper; `backprop`
computes every number.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from dl_core.lessons.networks import activations, backprop, outputs
from dl_core.lessons.networks.backprop import Layer
from dl_core.report import draw
from dl_core.types import Array, Claim, Picture

NET = backprop.Net(
  activations.ACTIVATIONS['sigmoid'], outputs.PAIRINGS['sigmoid, binary cross-entropy']
)
RADIUS = 0.42
NAMES = (('x₁', 'x₂'), ('h₁', 'h₂'), ('p',))


def example() -> tuple[list[Layer], Any, Any]:
  """Returns the layers, the input [2] and the label [1]."""
  array = functools.partial(np.array, dtype=np.float32)
  layers = [
    Layer(array([[0.5, -1.0], [1.5, 0.5]]), array([0.5, -1.0])),
    Layer(array([[-1.0, 2.0]]), array([-0.5])),
  ]
  return layers, array([1, 2]), array([1])


@jax.jit
def passes(layers: list[Layer], x: Array, y: Array, rate: float):
  """Returns both passes, and the loss before and after one step."""
  passed = backprop.forward(NET, layers, x)
  back = backprop.backward(NET, layers, passed, y)
  moved = backprop.descend(layers, back.gradients, rate)
  before, after = (backprop.loss(NET, net, x, y) for net in (layers, moved))
  return passed, back, before, after


def pictures(rate: float) -> list[Picture]:
  """Draws the forward and the backward pass; claims that one step lowers the loss."""
  layers, x, y = example()
  passed, back, before, after = jax.device_get(passes(layers, x, y, rate))
  (h1, h2), (p,) = passed.a[1:]
  (d1, d2), (d,) = back.delta
  w1, w2 = layers[1].w[0]
  hidden = [
    f'δ({name}) = {show(w)}·({show(d)})·{show(a)}·(1 − {show(a)}) = {show(delta)}'
    for name, w, a, delta in (('h₁', w1, h1, d1), ('h₂', w2, h2, d2))
  ]
  values = [[show(v) for v in a] for a in passed.a]
  sums = [['', '']] + [
    [f'z = {show(z)}\nb = {show(b)}' for z, b in zip(zs, layer.b, strict=True)]
    for zs, layer in zip(passed.z, layers, strict=True)
  ]
  errors = [values[0], *([show(v) for v in delta] for delta in back.delta)]
  answers = [['', ''], [f'a = {a}' for a in values[1]], [f'p = {values[2][0]}']]
  return [
    Picture(
      'One example forward',
      'Circles show the input and the activations a = σ(z), arrows the weights. The '
      f'network predicts {show(p)}, the label is {show(y[0])}: the loss '
      f'−log p is {before:.3f}.',
      lambda: graph(values, sums, [each.w for each in layers], 'w', draw.BLUE, '-|>'),
    ),
    Picture(
      'The error backward',
      'Circles show δ = dL/dz, which is also dL/db; arrows show dL/dw, the δ at their '
      'start times the activation at their end. δ(p) = p − y = '
      f'{show(p)} − {show(y[0])} = {show(d)}; {"; ".join(hidden)}.',
      lambda: graph(
        errors,
        answers,
        [each.w for each in back.gradients],
        'dL/dw',
        draw.ORANGE,
        '<|-',
      ),
      (
        Claim(
          f'One step w − η·dL/dw with η = {rate:g} lowers the loss',
          after < before,
          f'from {before:.4f} to {after:.4f}',
        ),
      ),
    ),
  ]


def show(value) -> str:
  """Writes a number with three digits and a true minus, trailing zeros left out."""
  text = f'{float(value):.3f}'.rstrip('0').rstrip('.')
  return text.replace('-', '−')


def graph(
  inside: Sequence[Sequence[str]],
  below: Sequence[Sequence[str]],
  weights: Sequence,
  label: str,
  colour: str,
  arrow: str,
):
  """Draws a network as a graph.

  Args:
    inside, below: of each layer the text in its nodes and under them.
    weights: of each layer but the first the numbers [n(l), n(l-1)] on its arrows.
    label: what these numbers are.
    colour: of the edges and the nodes.
    arrow: the style of the arrows.
  """
  from matplotlib.patches import Circle

  figure, axes = draw.panel(7, 3.6)
  axes.set_aspect('equal')
  axes.axis('off')
  spots = [
    [(3.2 * layer, (len(names) - 1) * 1.1 - 2.2 * n) for n in range(len(names))]
    for layer, names in enumerate(NAMES)
  ]
  for before, after, matrix in zip(spots, spots[1:], weights, strict=False):
    for (x0, y0), row in zip(before, np.asarray(matrix).T, strict=True):
      for (x1, y1), number in zip(after, row, strict=True):
        share = np.array([[1.0, 0.0], [0.0, 1.0]])
        share += RADIUS / np.hypot(x1 - x0, y1 - y0) * np.array([[-1, 1], [1, -1]])
        start, end = share @ [[x0, y0], [x1, y1]]
        axes.annotate(
          '', end, start, arrowprops={'arrowstyle': arrow, 'color': draw.GREY}
        )
        at = 0.3  # of the way: before the lines cross
        axes.text(
          x0 + at * (x1 - x0),
          y0 + at * (y1 - y0) + 0.1,
          show(number),
          rotation=np.degrees(np.arctan2(y1 - y0, x1 - x0)),
          rotation_mode='anchor',
          ha='center',
          fontsize=9,
          color=colour,
        )
  for names, places, texts, notes in zip(NAMES, spots, inside, below, strict=True):
    for name, (x, y), text, note in zip(names, places, texts, notes, strict=True):
      axes.add_patch(Circle((x, y), RADIUS, fill=False, ec=colour, lw=2))
      axes.text(x, y, text, ha='center', va='center')
      axes.text(x, y + RADIUS + 0.08, name, ha='center', va='bottom', fontsize=9)
      axes.text(x, y - RADIUS - 0.08, note, ha='center', va='top', fontsize=8)
  axes.text(6.4, -1.9, f'on the arrows: {label}', color=colour, ha='center', fontsize=9)
  axes.set_xlim(-0.7, 7.1)
  axes.set_ylim(-2.3, 1.9)
  return figure
