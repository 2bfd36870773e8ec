"""Computes the backward pass of an LSTM by hand, step by step, in float64.

One gate after another, as the lecture has them, with a_t = U x_t + W h_t-1 + b:

  i, f, o = σ(a_i), σ(a_f), σ(a_o)    g = tanh(a_g)
  c_t = f c_t-1 + i g                 h_t = o tanh(c_t)

The loss is Σ_t m_t · h_t with given m. On the way back an error reaches c_t along the
cell, times f_t+1, and through h_t.

Shapes: T steps, D inputs, H hidden units.
"""

from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Weights(NamedTuple):
  """The weights, rows in the order i, f, g, o, or the gradient by them."""

  u: Array  # [4H, D]
  w: Array  # [4H, H]
  b: Array  # [4H]


class Step(NamedTuple):
  """What the forward pass of one step leaves behind, all [H]."""

  i: Array
  f: Array
  g: Array
  o: Array
  before: Array  # c_t-1
  c: Array
  h: Array


def draw(random: np.random.Generator, inputs: int, hidden: int) -> Weights:
  """Draws weights of variance 1 over the number of inputs of a unit, and biases."""
  each = lambda width: random.standard_normal((4 * hidden, width)) / np.sqrt(width)
  return Weights(each(inputs), each(hidden), random.standard_normal(4 * hidden) / 2)


def sigmoid(a: Array) -> Array:
  return 1 / (1 + np.exp(-a))


def forward(weights: Weights, x: Array) -> list[Step]:
  """Reads x [T, D] from an empty memory."""
  c = h = np.zeros(weights.w.shape[1])
  steps = []
  for x_t in x:
    a_i, a_f, a_g, a_o = np.split(weights.u @ x_t + weights.w @ h + weights.b, 4)
    i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)
    before, c = c, f * c + i * g
    h = o * np.tanh(c)
    steps.append(Step(i, f, g, o, before, c, h))
  return steps


def gradient(weights: Weights, x: Array, m: Array) -> Weights:
  """Returns the gradient of Σ_t m_t · h_t, m [T, H]."""
  steps = forward(weights, x)
  hidden = weights.w.shape[1]
  d_u, d_w, d_b = (np.zeros_like(each) for each in weights)
  d_c, d_h = np.zeros(hidden), np.zeros(hidden)
  for t in reversed(range(len(x))):
    i, f, g, o, before, c, _ = steps[t]
    d_h = d_h + m[t]
    d_c = d_c + d_h * o * (1 - np.tanh(c) ** 2)
    d_a = np.concatenate(
      [
        d_c * g * i * (1 - i),
        d_c * before * f * (1 - f),
        d_c * i * (1 - g**2),
        d_h * np.tanh(c) * o * (1 - o),
      ]
    )
    d_u += np.outer(d_a, x[t])
    d_w += np.outer(d_a, steps[t - 1].h if t else np.zeros(hidden))
    d_b += d_a
    d_c, d_h = d_c * f, weights.w.T @ d_a
  return Weights(d_u, d_w, d_b)
