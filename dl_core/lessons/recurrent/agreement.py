"""Holds backpropagation through time by hand against jax.grad, in float64.

Shapes: T steps, D inputs, H hidden units, K classes.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import trees
from dl_core.layers import recurrent
from dl_core.lessons.recurrent import by_hand, lstm_by_hand
from dl_core.report import draw
from dl_core.types import Claim, Picture

STEPS, INPUTS, HIDDEN, CLASSES = 12, 3, 5, 4
CLOSE = 1e-10  # of |by hand - jax.grad| / (1 + |jax.grad|)
SHARED = 1e-6


class Found(NamedTuple):
  """What was measured of random networks.

  Attributes:
    apart: {gradient: largest difference of each network from jax.grad}.
    copies: largest difference of dL/dW of shared weights from the sum over T copies.
    sums: largest difference of the loss from the sum of the losses of its steps.
    parameters: {T: number of parameters of the network of T steps}.
  """

  apart: dict[str, list[float]]
  copies: float
  sums: float
  parameters: dict[int, int]


def measure(random: np.random.Generator, networks: int) -> Found:
  """Draws networks and sequences, and differentiates each in several ways."""
  apart: dict[str, list[float]] = {
    name: [] for name in ('RNN, one way back', 'RNN, double sum', 'LSTM')
  }
  copies, sums = [], []
  with jax.enable_x64(True):
    gradient, unrolled = jax.jit(jax.grad(loss)), jax.jit(jax.grad(loss_of_copies))
    lstm = jax.jit(jax.grad(lstm_loss))
    for _ in range(networks):
      weights = by_hand.draw(random, INPUTS, HIDDEN, CLASSES)
      x = random.standard_normal((STEPS, INPUTS))
      y = random.integers(CLASSES, size=STEPS)
      exact = gradient(weights, x, y)
      swept, (terms, _) = (
        by_hand.swept(weights, x, y),
        by_hand.double_sum(weights, x, y),
      )
      apart['RNN, one way back'].append(difference(swept, exact))
      apart['RNN, double sum'].append(difference(terms, exact))
      each = unrolled(jax.tree.map(lambda a: np.stack([a] * STEPS), weights), x, y)
      summed = jax.tree.map(lambda a: a.sum(axis=0), each)
      copies.append(difference(summed, exact))
      total = by_hand.forward(weights, x, y).losses.sum()
      sums.append(abs(float(loss(weights, x, y)) - total))
      gates = lstm_by_hand.draw(random, INPUTS, HIDDEN)
      m = random.standard_normal((STEPS, HIDDEN))
      found = lstm_by_hand.gradient(gates, x, m)
      apart['LSTM'].append(difference(found, lstm(gates, x, m)))
  return Found(apart, max(copies), max(sums), {t: parameters(t) for t in (1, 10, 100)})


def difference(found: Any, exact: Any) -> float:
  """Returns the largest |found - exact| / (1 + |exact|) of two pytrees."""
  off = lambda a, b: np.max(np.abs(a - b) / (1 + np.abs(b)))
  return float(max(jax.tree.leaves(jax.tree.map(off, found, exact))))


def loss(weights, x, y):
  """The same loss as `by_hand.forward`, written for JAX: a layer and a read-out."""
  kernels = {'input_kernel': weights.u.T, 'recurrent_kernel': weights.w.T}
  kernels['bias'] = jnp.zeros(HIDDEN)
  layer = recurrent.RNN(HIDDEN)
  found: Any = layer.apply({'params': kernels}, jnp.asarray(x)[None])
  logits = jax.nn.log_softmax(found[1][0] @ weights.v.T)
  return -jnp.sum(jnp.take_along_axis(logits, jnp.asarray(y)[:, None], axis=1))


def loss_of_copies(weights, x, y):
  """The loss of a net of T layers, each of which has weights of its own [T, ...]."""
  h, total = jnp.zeros(HIDDEN), jnp.zeros(())
  for t in range(STEPS):
    h = jnp.tanh(weights.w[t] @ h + weights.u[t] @ x[t])
    total -= jax.nn.log_softmax(weights.v[t] @ h)[y[t]]
  return total


def lstm_loss(weights, x, m):
  kernels = {'input_kernel': weights.u.T, 'recurrent_kernel': weights.w.T}
  layer = recurrent.LSTM(HIDDEN)
  kernels['bias'] = weights.b
  found: Any = layer.apply({'params': kernels}, jnp.asarray(x)[None])
  return jnp.sum(m * found[1][0])


def parameters(steps: int) -> int:
  """Returns the number of parameters of a layer that has read T steps."""
  x = jax.ShapeDtypeStruct((1, steps, INPUTS), jnp.float32)
  shapes = jax.eval_shape(recurrent.RNN(HIDDEN).init, jax.random.key(0), x)
  return trees.size(shapes)


def picture(found: Found) -> Picture:
  """Draws the largest difference of every network and kind of gradient."""
  worst = {name: max(each) for name, each in found.apart.items()}
  counts = ', '.join(f'{n} after {t}' for t, n in found.parameters.items())

  def show():
    look = {'ylabel': 'largest difference', 'yscale': 'log'}
    figure, axes = draw.panel(7, 3, **look)
    for place, (each, colour) in enumerate(
      zip(found.apart.values(), draw.COLOURS, strict=False)
    ):
      across = place + np.linspace(-0.3, 0.3, len(each))
      axes.plot(across, np.maximum(each, 1e-18), '.', color=colour, ms=4)
    axes.set_xticks(range(len(found.apart)), list(found.apart))
    draw.guide(axes, y=CLOSE, ls='--')
    axes.text(-0.45, CLOSE, '1e-10', va='bottom', fontsize=8)
    axes.set_ylim(1e-18, 1e-8)
    return figure

  many = len(next(iter(found.apart.values())))
  return Picture(
    'Backpropagation through time, by hand',
    f'The largest difference from jax.grad, relative to 1 + |gradient|, of {many} '
    f'random networks each, over {STEPS} steps in float64: the way back that adds '
    'errors up, the sum over k of products as the lecture writes it, and an LSTM.',
    show,
    (
      Claim(
        'By hand, the gradients with respect to U, V and W, and those of an LSTM, '
        'equal jax.grad to 1e-10',
        max(worst.values()) <= CLOSE,
        ', '.join(f'{name} {value:.1g}' for name, value in worst.items()),
      ),
      Claim(
        'One set of weights serves all steps: parameters do not grow with T, and their '
        'gradient is the sum over those of T copies',
        len(set(found.parameters.values())) == 1 and found.copies <= SHARED,
        f'{counts} steps; {found.copies:.1g} apart at most',
      ),
      Claim(
        'The loss of a sequence is the sum over its steps',
        found.sums <= SHARED,
        f'{found.sums:.1g} apart at most',
      ),
    ),
  )
