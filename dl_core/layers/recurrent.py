"""Recurrent layers over whole sequences: LSTM, GRU and Elman's RNN.

All inputs are projected in one matrix product before the scan over time
(`cpu.recurrence`); only the product with the last hidden state is inside. States are
float32, whatever the parameters' dtype. `sequences` stacks layers and runs them in both
directions.

Sequences of several lengths are padded on the right. With `lengths` a layer holds its
state from a sequence's end on and its outputs there are 0, so that the last state is
that after the last step; with `reverse` it reads from the last step, never the padding,
to the first.

The lectures write the weights of input, past and output W_xh, W_hh, W_hy, or U, W, V:
the first two are `input_kernel` and `recurrent_kernel`; the third is the layer above.

Shapes: B sequences, T steps, D inputs, V tokens, H hidden units, G units of all gates.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import cells
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
    reverse: whether it reads from the last step to the first.
  """

  hidden: int
  vocabulary: int | None = None
  forget_bias: float = 1.0
  reverse: bool = False

  @nn.compact
  def __call__(
    self, x: Array, state: Memory | None = None, lengths: Array | None = None
  ) -> tuple[Memory, Array]:
    """Maps [B, T, D], or tokens [B, T], to (last state, all h [B, T, H]).

    Args:
      x: the inputs.
      state: what was remembered of the steps before; nothing if left out.
      lengths: [B], number of steps of each sequence; T if left out.
    """
    first = jnp.array([0.0, self.forget_bias, 0.0, 0.0]).repeat(self.hidden)
    w = self.param('recurrent_kernel', orthogonal(4), (self.hidden, 4 * self.hidden))
    b = self.param('bias', lambda key: first)
    a = project(self, x, 4)
    state = self.start(len(x)) if state is None else state
    state, h = cells.LSTM(a, w, b, tuple(state), alive(a, lengths), self.reverse)
    return Memory(*state), jnp.swapaxes(h, 0, 1)

  @nn.nowrap
  def said(self, state: Memory) -> Array:
    """Returns h [B, H] of a state."""
    return state.h

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
    reverse: whether it reads from the last step to the first.
  """

  hidden: int
  vocabulary: int | None = None
  reverse: bool = False

  @nn.compact
  def __call__(
    self, x: Array, state: Array | None = None, lengths: Array | None = None
  ) -> tuple[Array, Array]:
    """Maps [B, T, D], or tokens [B, T], to (last h [B, H], all h [B, T, H]).

    Args:
      x: the inputs.
      state: [B, H], the last h of the steps before; zero if left out.
      lengths: [B], number of steps of each sequence; T if left out.
    """
    width = self.hidden
    w = self.param('recurrent_kernel', orthogonal(3), (width, 3 * width))
    b = self.param('bias', nn.initializers.zeros, (3 * width,))
    d = self.param('recurrent_bias', nn.initializers.zeros, (width,))
    a = project(self, x, 3) + b[None, None]
    d = jnp.pad(d, (2 * width, 0))
    state = self.start(len(x)) if state is None else state
    (last,), h = cells.GRU(a, w, d, (state,), alive(a, lengths), self.reverse)
    return last, jnp.swapaxes(h, 0, 1)

  @nn.nowrap
  def said(self, state: Array) -> Array:
    """Returns h [B, H] of a state."""
    return state

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
    activation: 'tanh', 'sigmoid', 'relu' or 'identity'.
    bias: whether there is a b.
    reverse: whether it reads from the last step to the first.
  """

  hidden: int
  vocabulary: int | None = None
  activation: str = 'tanh'
  bias: bool = True
  reverse: bool = False

  @nn.compact
  def __call__(
    self, x: Array, state: Array | None = None, lengths: Array | None = None
  ) -> tuple[Array, Array]:
    """Maps [B, T, D], or tokens [B, T], to (last h [B, H], all h [B, T, H]).

    Args:
      x: the inputs.
      state: [B, H], the last h of the steps before; zero if left out.
      lengths: [B], number of steps of each sequence; T if left out.
    """
    w = self.param('recurrent_kernel', orthogonal(1), (self.hidden, self.hidden))
    b = jnp.zeros(self.hidden, w.dtype)
    if self.bias:
      b = self.param('bias', nn.initializers.zeros, (self.hidden,))
    a = project(self, x, 1)
    run = cells.RNN[self.activation]
    state = self.start(len(x)) if state is None else state
    (last,), h = run(a, w, b, (state,), alive(a, lengths), self.reverse)
    return last, jnp.swapaxes(h, 0, 1)

  @nn.nowrap
  def said(self, state: Array) -> Array:
    """Returns h [B, H] of a state."""
    return state

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


def alive(a: Array, lengths: Array | None) -> Array | None:
  """Returns which steps [T, B] are no padding, given a [T, B, G] and lengths [B]."""
  if lengths is None:
    return None
  return jnp.arange(len(a))[:, None] < lengths[None, :]


def orthogonal(gates: int) -> Callable[..., Array]:
  """Makes an initializer [H, gates · H]: each gate's square is orthogonal by itself."""

  def draw(key, shape, dtype=jnp.float32):
    width, _ = shape
    draw_one = nn.initializers.orthogonal()
    keys = jax.random.split(key, gates)
    squares = [draw_one(one, (width, width), dtype) for one in keys]
    return jnp.concatenate(squares, axis=1)

  return draw
