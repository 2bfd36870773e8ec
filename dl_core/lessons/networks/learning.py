"""Trains networks on XOR by gradient descent with the gradients of `backprop`.

No single neuron gets all four rows of XOR right.

Shapes: S starts, T steps, N examples.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import toys
from dl_core.lessons.networks import activations, backprop, outputs
from dl_core.report import draw
from dl_core.types import Array, Claim, Picture

NET = backprop.Net(
  activations.ACTIVATIONS['tanh'], outputs.PAIRINGS['sigmoid, binary cross-entropy']
)
PANELS = 4
SIDE = 60  # points of a drawn square


class Learned(NamedTuple):
  """The results of training from each start.

  Attributes:
    loss: [S, T + 1] before every step and after the last.
    right: [S] rows of four answered right in the end.
    steps: at which the first start's answers are drawn.
    answers: [len(steps), SIDE, SIDE] p over the square around the rows.
  """

  loss: np.ndarray
  right: np.ndarray
  steps: list[int]
  answers: np.ndarray


def gate() -> tuple[Array, Array]:
  """Returns the rows of XOR [4, 2], and their labels [4, 1] as 0 and 1."""
  x, y = toys.gate('xor')
  return jnp.asarray(x), jnp.asarray((y[:, None] + 1) / 2)


def learn(
  random: np.random.Generator, starts: int, hidden: int, steps: int, rate: float
) -> Learned:
  """Trains a network of 2, `hidden` and 1 units from `starts` random starts.

  Args:
    random: draws the starts.
    starts: S.
    hidden: units of the hidden layer.
    steps: T.
    rate: η.
  """
  layers = backprop.random_layers(random, starts, (2, hidden, 1))
  shown = sorted({0, *np.geomspace(max(1, steps // 20), steps, PANELS - 1).astype(int)})
  found = train(layers, rate, np.array(shown), steps=steps)
  loss, right, drawn = map(np.asarray, found)
  return Learned(loss, right, [int(step) for step in shown], drawn)


@functools.partial(jax.jit, static_argnames='steps')
def train(starts: list[backprop.Layer], rate: float, shown: Array, *, steps: int):
  """Trains from layers [S, ...]; `shown` are the steps that are drawn."""
  x, y = gate()

  def run(start):
    def turn(layers, _):
      loss = backprop.mean_loss(NET, layers, x, y)
      step = backprop.gradients(NET, layers, x, y)
      return backprop.descend(layers, step, rate), (loss, layers)

    return jax.lax.scan(turn, start, length=steps + 1)[1]

  loss, path = jax.vmap(run)(starts)  # path[:, t] is before step t
  last = jax.tree.map(lambda leaf: leaf[:, -1], path)
  right = (jax.vmap(answer, in_axes=(0, None))(last, x) > 0.5) == (y[:, 0] > 0.5)[None]
  first = jax.tree.map(lambda leaf: leaf[0, shown], path)
  sides = jnp.linspace(-0.5, 1.5, SIDE)
  square = jnp.stack(jnp.meshgrid(sides, sides), axis=-1).reshape(-1, 2)
  drawn = jax.vmap(answer, in_axes=(0, None))(first, square)
  return loss, right.sum(axis=1), drawn.reshape(-1, SIDE, SIDE)


def answer(layers: list[backprop.Layer], x: Array) -> Array:
  """Returns p [N] for inputs x [N, 2]."""
  return jax.vmap(lambda x: backprop.forward(NET, layers, x).a[-1][0])(x)


def picture(found: Learned) -> Picture:
  """Draws the losses over the steps, and the answers of one start over time."""
  starts, steps = len(found.loss), found.loss.shape[1] - 1
  falls = np.all(np.diff(found.loss, axis=1) < 0, axis=1)
  solved = found.right == len(gate()[0])

  def show():
    (x, y), count = gate(), len(found.steps)
    titles = [''] * count + [f'step {step}' for step in found.steps]
    figure, panels = draw.panels(8, 4.6, 2 * count, count, titles=titles)
    above = panels[0].get_gridspec()[0, :]
    for axes in panels[:count]:
      axes.remove()
    axes = figure.add_subplot(above, xlabel='step', ylabel='mean loss, nats')
    axes.semilogy(found.loss.T, color=draw.BLUE, lw=0.8, alpha=0.5)
    axes.semilogy(found.loss[0], color=draw.ORANGE, lw=2)
    box = (-0.5, -0.5), (1.5, 1.5)
    for axes, p in zip(panels[count:], found.answers, strict=True):
      extent = (-0.5, 1.5, -0.5, 1.5)
      axes.imshow(draw.tinted(2 * p - 1, 1), origin='lower', extent=extent, alpha=0.8)
      draw.outline(axes, p - 0.5, box, colors=draw.GREY)
      for label, mark, colour in ((0, 'o', draw.BLUE), (1, 's', draw.ORANGE)):
        mine = x[np.asarray(y[:, 0]) == label]
        axes.scatter(*mine.T, marker=mark, c=colour, ec='white', s=50)
      axes.set(xticks=[0, 1], yticks=[0, 1])
    return figure

  return Picture(
    'Forward, backward, a step, again',
    f'Above, the loss of {starts} random starts on XOR, all of its rows at every step. '
    'Below, the answers of the start whose loss is orange: red where it says 1, blue '
    'where it says 0; squares are the rows of label 1.',
    show,
    (
      Claim(
        'Each step along the gradient by hand lowers the loss',
        falls.all(),
        f'all {steps:,} steps of {falls.sum()} of {starts} starts',
      ),
      Claim(
        'A hidden layer learns XOR, which no single neuron can',
        solved.all(),
        f'all four rows from {solved.sum()} of {starts} starts',
      ),
    ),
  )
