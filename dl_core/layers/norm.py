"""Batch norm (Ioffe & Szegedy, 2015, https://arxiv.org/abs/1502.03167), instance norm.

On a CPU the gradient of batch norm is the written-out one of `cpu.norm`.

Shapes: B examples, C channels.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers.cpu import norm as cpu
from dl_core.types import Array


class BatchNorm(nn.Module):
  """Normalizes over all axes but the last, as `nn.BatchNorm` does.

  Parameters: `scale` and `bias` [C]. Collection `batch_stats`: `mean` and `var` [C],
  running averages of the batches' statistics.

  Attributes:
    use_running_average: whether to normalize by the running averages, not the batch's
      statistics.
    momentum: of the running averages.
    epsilon: added to the variance.
    scale_init: initializer of `scale`.
    affine: whether there are `scale` and `bias`; else they are 1 and 0.
  """

  use_running_average: bool
  momentum: float = 0.99
  epsilon: float = 1e-5
  scale_init: Callable[..., Array] = nn.initializers.ones
  affine: bool = True

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, ..., C] to the same shape."""
    shape = (x.shape[-1],)
    zeros, ones = jnp.zeros, jnp.ones
    running_mean = self.variable('batch_stats', 'mean', zeros, shape, jnp.float32)
    running_var = self.variable('batch_stats', 'var', ones, shape, jnp.float32)
    if self.affine:
      scale = self.param('scale', self.scale_init, shape)
      bias = self.param('bias', nn.initializers.zeros, shape)
    else:
      scale, bias = jnp.ones(shape, x.dtype), jnp.zeros(shape, x.dtype)
    if self.use_running_average:
      return applied(
        x, running_mean.value, running_var.value, scale, bias, self.epsilon
      )
    plain: Any = functools.partial(plainly, epsilon=self.epsilon)
    other: Any = functools.partial(by_hand, epsilon=self.epsilon)
    y, mean, var = jax.lax.platform_dependent(x, scale, bias, cpu=other, default=plain)
    if not self.is_initializing():
      old = self.momentum
      running_mean.value = old * running_mean.value + (1 - old) * mean
      running_var.value = old * running_var.value + (1 - old) * var
    return y


def statistics(x: Array) -> tuple[Array, Array]:
  """Returns mean and variance [C] of all but the last axis, in float32 at least."""
  axes = tuple(range(x.ndim - 1))
  x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
  mean = jnp.mean(x, axes)
  return mean, jnp.maximum(0.0, jnp.mean(jnp.square(x), axes) - jnp.square(mean))


def applied(
  x: Array, mean: Array, var: Array, scale: Array, bias: Array, epsilon: float
) -> Array:
  """Returns (x - mean) / √(var + epsilon) · scale + bias, in the dtype of x."""
  dtype = jnp.result_type(x, scale, bias)
  wide = (1,) * (x.ndim - 1) + (-1,)
  factor = (jax.lax.rsqrt(var + epsilon) * scale).reshape(wide)
  return ((x - mean.reshape(wide)) * factor + bias.reshape(wide)).astype(dtype)


def plainly(x: Array, scale: Array, bias: Array, epsilon: float) -> Any:
  """Returns a normalized batch, its mean and its variance."""
  mean, var = statistics(x)
  return applied(x, mean, var, scale, bias, epsilon), mean, var


by_hand = cpu.with_written_gradient(plainly)


def instance(x: Array, epsilon: float = 1e-5) -> Array:
  """Normalizes every channel of every image by itself, with no parameters.

  Instance norm (Ulyanov, Vedaldi & Lempitsky 2016, https://arxiv.org/abs/1607.08022).
  It keeps no running statistics: evaluation normalizes as training does.

  Args:
    x: [B, H, W, C].
    epsilon: added to the variance.
  """
  wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
  centred = wide - jnp.mean(wide, (1, 2), keepdims=True)
  var = jnp.mean(jnp.square(centred), (1, 2), keepdims=True)
  return (centred * jax.lax.rsqrt(var + epsilon)).astype(x.dtype)
