"""Computes backpropagation through time by hand, step by step, in float64.

The network of lecture 8: h_t = tanh(W h_t-1 + U x_t), z_t = V h_t, p_t = softmax(z_t),
and the loss is the sum over the steps, L = Σ_t -log p_t[y_t]. Its gradients are sums,
too, over the step t where an error arises and the step k where a weight was used:

  dL/dV = Σ_t (p_t - y_t) h_tᵀ
  dL/dW = Σ_t Σ_k≤t (Π_j=k+1..t ∂h_j/∂h_j-1)ᵀ dL_t/dh_t ∘ (1 - h_k²) h_k-1ᵀ

with ∂h_j/∂h_j-1 = diag(1 - h_j²) W, and dL/dU the same with x_k for h_k-1. That is
`double_sum`, in T² steps; `swept` adds the errors up on one way back, in T (Werbos
1990, https://doi.org/10.1109/5.58337). Nothing here is differentiated by JAX.

Shapes: T steps, D inputs, H hidden units, K classes; columns as on the board.
"""

from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Weights(NamedTuple):
  """The weights of the network, or the gradient by them."""

  u: Array  # [H, D], of the input: W_xh
  w: Array  # [H, H], of the past: W_hh
  v: Array  # [K, H], of the output: W_hy


class Passed(NamedTuple):
  """What the forward pass leaves behind."""

  h: Array  # [T + 1, H], from h_0 = 0 on
  p: Array  # [T, K]
  losses: Array  # [T]


def draw(random: np.random.Generator, inputs: int, hidden: int, classes: int):
  """Draws `Weights` whose variance is 1 over the number of inputs of a unit."""
  shapes = (hidden, inputs), (hidden, hidden), (classes, hidden)
  return Weights(
    *(random.standard_normal(shape) / np.sqrt(shape[1]) for shape in shapes)
  )


def forward(weights: Weights, x: Array, y: Array) -> Passed:
  """Reads x [T, D] and judges the answers by the labels y [T]."""
  u, w, v = weights
  h, p = [np.zeros(len(w))], []
  for x_t in x:
    h.append(np.tanh(w @ h[-1] + u @ x_t))
    z = v @ h[-1]
    e = np.exp(z - z.max())
    p.append(e / e.sum())
  said = np.array(p)
  return Passed(np.array(h), said, -np.log(said[np.arange(len(y)), y]))


def errors(weights: Weights, passed: Passed, y: Array) -> tuple[Array, Array]:
  """Returns p_t - y_t [T, K], and Vᵀ(p_t - y_t) [T, H]: each step's own dL_t/dh_t."""
  d_z = passed.p.copy()
  d_z[np.arange(len(y)), y] -= 1
  return d_z, d_z @ weights.v


def swept(weights: Weights, x: Array, y: Array) -> Weights:
  """Returns the gradient by one pass back: δ_t = own error + Wᵀ (what t + 1 passes)."""
  passed = forward(weights, x, y)
  d_z, own = errors(weights, passed, y)
  d_u, d_w = np.zeros_like(weights.u), np.zeros_like(weights.w)
  back = np.zeros(len(d_w))
  for t in reversed(range(len(x))):
    d_a = (own[t] + back) * (1 - passed.h[t + 1] ** 2)
    d_u += np.outer(d_a, x[t])
    d_w += np.outer(d_a, passed.h[t])
    back = weights.w.T @ d_a
  return Weights(d_u, d_w, d_z.T @ passed.h[1:])


def double_sum(
  weights: Weights, x: Array, y: Array, window: int | None = None
) -> tuple[Weights, Array]:
  """Returns the gradient term by term, and dL/dW by distance t - k, [T, H, H].

  Args:
    weights, x, y: see `forward`.
    window: how many terms k of each t are kept, the latest: truncated backpropagation
      through time. All by default.
  """
  passed = forward(weights, x, y)
  d_z, own = errors(weights, passed, y)
  steps = len(x)
  d_u, by_distance = np.zeros_like(weights.u), np.zeros((steps, *weights.w.shape))
  for t in range(steps):
    product = own[t]
    for k in range(t, max(-1, t - (window or steps)), -1):
      d_a = product * (1 - passed.h[k + 1] ** 2)
      d_u += np.outer(d_a, x[k])
      by_distance[t - k] += np.outer(d_a, passed.h[k])
      product = weights.w.T @ d_a  # one more factor ∂h_k/∂h_k-1
  found = Weights(d_u, by_distance.sum(axis=0), d_z.T @ passed.h[1:])
  return found, by_distance
