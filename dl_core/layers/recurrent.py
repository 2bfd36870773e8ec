"""Recurrent layers over whole sequences: LSTM, GRU and Elman's RNN.

All inputs are projected in one matrix product before the scan over time
(`cpu.recurrence`); only the product with the last hidden state is inside. States are
float32, whatever the parameters' dtype.

Shapes: B sequences, T steps, D inputs, V tokens, H hidden units, G units of all gates.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers.cpu import recurrence
from dl_core.types import Array

PARTITION = {  # the gates' kernels by column; see `Experiment.partition`
  'input_kernel': (None, 'tensor'),
  'recurrent_kernel': (None, 'tensor'),
}


class Memory(NamedTuple):
  """What an LSTM carries from one step to the next, both [B, H]."""

  c: Array  # the cell, to which every step adds
  h: Array  # what it says


class LSTM(nn.Module):
  """Long short-term memory: a cell that is added to and never squashed.

  Hochreiter & Schmidhuber, "Long short-term memory", 1997, with the forget gate of
  Gers, Schmidhuber & Cummins, 2000. With i, f, g, o the parts of W x_t + U h_t-1 + b:

    c_t = σ(f) c_t-1 + σ(i) tanh(g)        h_t = σ(o) tanh(c_t)

  One lecture counts three gates (i, f, o), another four (it adds the candidate g): they
  mean the same cell. The path of the cell has no weights, yet it is no plain copy
  either: along it a gradient is multiplied by σ(f) at every step.

  Parameters: `input_kernel` [D, 4H], `recurrent_kernel` [H, 4H] and one `bias` [4H],
  their columns in the order i, f, g, o. (PyTorch's order is the same; it adds a second
  bias.)

  Attributes:
    hidden: H.
    vocabulary: V, if x holds tokens, which are read as if they were one-hot (D = V).
    forget_bias: the first bias of f. 1 keeps the cell's past at first, so that
      gradients reach far back from the start (Jozefowicz et al., 2015).
  """

  hidden: int
  vocabulary: int | None = None
  forget_bias: float = 1.0

  @nn.compact
  def __call__(self, x: Array, state: Memory | None = None) -> tuple[Memory, Array]:
    """Maps [B, T, D], or tokens [B, T], to (last state, all h [B, T, H]).

    Args:
      x: the inputs.
      state: what was remembered of the steps before; nothing if left out.
    """
    first = jnp.array([0.0, self.forget_bias, 0.0, 0.0]).repeat(self.hidden)
    w = self.param('recurrent_kernel', orthogonal(4), (self.hidden, 4 * self.hidden))
    b = self.param('bias', lambda key: first)
    a = project(self, x, 4)
    state = self.start(len(x)) if state is None else state
    state, h = lstm(a, w, b, tuple(state))
    return Memory(*state), jnp.swapaxes(h, 0, 1)

  @nn.nowrap
  def start(self, batch_size: int) -> Memory:
    """Returns the state of B sequences before their first step: zero."""
    zero = jnp.zeros((batch_size, self.hidden))
    return Memory(zero, zero)


class GRU(nn.Module):
  """Gated recurrent unit: an update gate that mixes the old state with a candidate.

  Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014, in the
  variant of cuDNN, PyTorch and Flax, which resets after the product, not before it:

    r = σ(W_r x_t + U_r h_t-1 + b_r)    n = tanh(W_n x_t + b_n + r (U_n h_t-1 + d))
    z = σ(W_z x_t + U_z h_t-1 + b_z)    h_t = (1 - z) n + z h_t-1

  Parameters: `input_kernel` [D, 3H], `recurrent_kernel` [H, 3H] and `bias` [3H], their
  columns in the order r, z, n, and `recurrent_bias` d [H].

  Attributes:
    hidden: H.
    vocabulary: V, if x holds tokens, which are read as if they were one-hot (D = V).
  """

  hidden: int
  vocabulary: int | None = None

  @nn.compact
  def __call__(self, x: Array, state: Array | None = None) -> tuple[Array, Array]:
    """Maps [B, T, D], or tokens [B, T], to (last h [B, H], all h [B, T, H]).

    Args:
      x: the inputs.
      state: [B, H], the last h of the steps before; zero if left out.
    """
    width = self.hidden
    w = self.param('recurrent_kernel', orthogonal(3), (width, 3 * width))
    b = self.param('bias', nn.initializers.zeros, (3 * width,))
    d = self.param('recurrent_bias', nn.initializers.zeros, (width,))
    a = project(self, x, 3) + b[None, None]
    state = self.start(len(x)) if state is None else state
    (last,), h = gru(a, w, jnp.pad(d, (2 * width, 0)), (state,))
    return last, jnp.swapaxes(h, 0, 1)

  @nn.nowrap
  def start(self, batch_size: int) -> Array:
    """Returns the state of B sequences before their first step: zero."""
    return jnp.zeros((batch_size, self.hidden))


class RNN(nn.Module):
  """The simple recurrent network: h_t = tanh(W x_t + U h_t-1 + b).

  Elman, "Finding structure in time", 1990, with tanh for the paper's logistic units.
  The same weights serve every step. (A lecture has the hidden layer's weights updated
  by the previous hidden state: it is the state that is.)

  Parameters: `input_kernel` [D, H], `recurrent_kernel` [H, H] and `bias` [H].

  Attributes:
    hidden: H.
    vocabulary: V, if x holds tokens, which are read as if they were one-hot (D = V).
  """

  hidden: int
  vocabulary: int | None = None

  @nn.compact
  def __call__(self, x: Array, state: Array | None = None) -> tuple[Array, Array]:
    """Maps [B, T, D], or tokens [B, T], to (last h [B, H], all h [B, T, H]).

    Args:
      x: the inputs.
      state: [B, H], the last h of the steps before; zero if left out.
    """
    w = self.param('recurrent_kernel', orthogonal(1), (self.hidden, self.hidden))
    b = self.param('bias', nn.initializers.zeros, (self.hidden,))
    a = project(self, x, 1)
    state = self.start(len(x)) if state is None else state
    (last,), h = elman(a, w, b, (state,))
    return last, jnp.swapaxes(h, 0, 1)

  @nn.nowrap
  def start(self, batch_size: int) -> Array:
    """Returns the state of B sequences before their first step: zero."""
    return jnp.zeros((batch_size, self.hidden))


def project(layer: Any, x: Array, gates: int) -> Array:
  """Maps [B, T, D], or tokens [B, T], to the inputs of all gates [T, B, G]."""
  x = jnp.swapaxes(x, 0, 1)
  width = x.shape[-1] if layer.vocabulary is None else layer.vocabulary
  shape = (width, gates * layer.hidden)
  kernel = layer.param('input_kernel', nn.initializers.lecun_normal(), shape)
  if layer.vocabulary is not None:
    return kernel[x]
  a = recurrence.merged(x.astype(kernel.dtype)) @ kernel
  return a.reshape(*x.shape[:2], gates * layer.hidden)


def orthogonal(gates: int) -> Callable[..., Array]:
  """Makes an initializer [H, gates · H]: each gate's square is orthogonal by itself."""

  def draw(key, shape, dtype=jnp.float32):
    width, _ = shape
    draw_one = nn.initializers.orthogonal()
    keys = jax.random.split(key, gates)
    squares = [draw_one(one, (width, width), dtype) for one in keys]
    return jnp.concatenate(squares, axis=1)

  return draw


# A step forward saves by how much each gradient will be multiplied on its way back, not
# what it computed: fewer arrays to read where one step has to wait for the next.


def lstm_forward(state, a, u):
  c, _ = state
  i, f, g, o = jnp.split(a + u, 4, axis=-1)
  i, f, g, o = nn.sigmoid(i), nn.sigmoid(f), jnp.tanh(g), nn.sigmoid(o)
  by_f = c * f * (1 - f)
  c = f * c + i * g
  squashed = jnp.tanh(c)
  h = o * squashed
  rates = g * i * (1 - i), by_f, i * (1 - g**2), h * (1 - o), o * (1 - squashed**2), f
  return (c, h), rates


def lstm_backward(cotangents, rates):
  d_c, d_h = cotangents
  by_i, by_f, by_g, by_o, by_c, f = rates
  d_c += d_h * by_c
  d_a = jnp.concatenate([d_c * by_i, d_c * by_f, d_c * by_g, d_h * by_o], axis=-1)
  return d_a, d_a, (d_c * f, jnp.zeros_like(d_h))


def gru_forward(state, a, u):
  (h,) = state
  r, z, n = jnp.split(a, 3, axis=-1)
  u_r, u_z, u_n = jnp.split(u, 3, axis=-1)
  r, z = nn.sigmoid(r + u_r), nn.sigmoid(z + u_z)
  n = jnp.tanh(n + r * u_n)
  by_n = (1 - z) * (1 - n**2)
  rates = by_n * u_n * r * (1 - r), (h - n) * z * (1 - z), by_n, r, z
  return ((1 - z) * n + z * h,), rates


def gru_backward(cotangents, rates):
  (d_h,) = cotangents
  by_r, by_z, by_n, r, z = rates
  d_r, d_z, d_n = d_h * by_r, d_h * by_z, d_h * by_n
  d_a = jnp.concatenate([d_r, d_z, d_n], axis=-1)
  d_u = jnp.concatenate([d_r, d_z, d_n * r], axis=-1)
  return d_a, d_u, (d_h * z,)


def elman_forward(state, a, u):
  del state
  h = jnp.tanh(a + u)
  return (h,), (1 - h**2,)


def elman_backward(cotangents, rates):
  (d_h,), (by_h,) = cotangents, rates
  d_a = d_h * by_h
  return d_a, d_a, (jnp.zeros_like(d_h),)


lstm = recurrence.over_time(lstm_forward, lstm_backward)
gru = recurrence.over_time(gru_forward, gru_backward)
elman = recurrence.over_time(elman_forward, elman_backward)
