"""One step of each recurrent cell, forward and backward.

A step forward saves by how much each gradient will be multiplied on its way back, not
what it computed: fewer arrays to read where one step has to wait for the next. The
equations are those of `recurrent`; `cpu.recurrence` scans the steps over time.

Shapes: B sequences, H hidden units; every array is [B, gates · H].
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers.cpu import recurrence
from dl_core.types import Array


class Activation(NamedTuple):
  """What an RNN applies to its pre-activations, and its slope in terms of the result.

  Attributes:
    f: pre-activation -> h.
    slope: h -> dh/d(pre-activation).
  """

  f: Callable[[Array], Array]
  slope: Callable[[Array], Array]


ACTIVATIONS = {
  'tanh': Activation(jnp.tanh, lambda h: 1 - h**2),
  'sigmoid': Activation(nn.sigmoid, lambda h: h * (1 - h)),
  'relu': Activation(nn.relu, lambda h: (h > 0).astype(h.dtype)),
  'identity': Activation(lambda a: a, jnp.ones_like),
}


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


def elman(activation: Activation) -> Callable:
  """Builds the scan of an RNN with an activation."""

  def forward(state, a, u):
    del state
    h = activation.f(a + u)
    return (h,), (activation.slope(h),)

  def backward(cotangents, rates):
    (d_h,), (by_h,) = cotangents, rates
    d_a = d_h * by_h
    return d_a, d_a, (jnp.zeros_like(d_h),)

  return recurrence.over_time(forward, backward)


LSTM = recurrence.over_time(lstm_forward, lstm_backward)
GRU = recurrence.over_time(gru_forward, gru_backward)
RNN = {name: elman(activation) for name, activation in ACTIVATIONS.items()}
