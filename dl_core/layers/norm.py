"""Batch norm whose gradient is written out, as CPUs compute it fastest.

Ioffe & Szegedy, "Batch normalization", 2015, https://arxiv.org/abs/1502.03167; the
gradient is that of their section 3. What differentiation makes of it saves several
arrays of the size of the input, and XLA's CPU backend computes them again, and with
them the layers before, wherever it reads them. Written out it reads the input and the
gradient, twice each.

Shapes: B examples, C channels.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers.cpu import eigen
from dl_core.types import Array


class BatchNorm(nn.Module):
  """`nn.BatchNorm` over all axes but the last, by the same names and figures.

  Parameters: `scale` and `bias` [C]; `batch_stats`: `mean` and `var` [C], averages of
  those of the batches.

  Attributes:
    use_running_average: whether these take the place of the batch's own.
    momentum: of the averages.
    epsilon: added to the variance.
    scale_init: what `scale` is at first.
  """

  use_running_average: bool
  momentum: float = 0.99
  epsilon: float = 1e-5
  scale_init: Callable[..., Array] = nn.initializers.ones

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, ..., C] to the same shape."""
    shape = (x.shape[-1],)
    zeros, ones = jnp.zeros, jnp.ones
    running_mean = self.variable('batch_stats', 'mean', zeros, shape, jnp.float32)
    running_var = self.variable('batch_stats', 'var', ones, shape, jnp.float32)
    scale = self.param('scale', self.scale_init, shape)
    bias = self.param('bias', nn.initializers.zeros, shape)
    if self.use_running_average:
      return applied(
        x, running_mean.value, running_var.value, scale, bias, self.epsilon
      )
    both: Any = [functools.partial(f, epsilon=self.epsilon) for f in (plainly, by_hand)]
    y, mean, var = jax.lax.platform_dependent(
      x, scale, bias, cpu=both[1], default=both[0]
    )
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
  """Returns (x - mean) / √(var + epsilon) · scale + bias, of the type of x."""
  dtype = jnp.result_type(x, scale, bias)
  wide = (1,) * (x.ndim - 1) + (-1,)
  factor = (jax.lax.rsqrt(var + epsilon) * scale).reshape(wide)
  return ((x - mean.reshape(wide)) * factor + bias.reshape(wide)).astype(dtype)


def plainly(x: Array, scale: Array, bias: Array, epsilon: float) -> Any:
  """Normalizes a batch: returns what it becomes, its mean and its variance."""
  mean, var = statistics(x)
  return applied(x, mean, var, scale, bias, epsilon), mean, var


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def by_hand(x: Array, scale: Array, bias: Array, epsilon: float) -> Any:
  """Is `plainly`; mean and variance have no gradients."""
  whole = functools.partial(plainly, epsilon=epsilon)
  return eigen.outlined(whole)(x, scale, bias)


def forwards(x: Array, scale: Array, bias: Array, epsilon: float) -> Any:
  y, mean, var = by_hand(x, scale, bias, epsilon)
  return (y, mean, var), (x, mean, var, scale, bias)


def backwards(epsilon: float, saved: Any, cotangents: Any) -> Any:
  x, mean, var, scale, bias = saved

  def gradients(x, cotangent, mean, var, scale):
    axes, wide = tuple(range(x.ndim - 1)), (1,) * (x.ndim - 1) + (-1,)
    over = jax.lax.rsqrt(var + epsilon)
    count = x.size // x.shape[-1]
    full = cotangent.astype(mean.dtype)
    of_bias = jnp.sum(full, axes)
    of_scale = (jnp.sum(full * x, axes) - mean * of_bias) * over
    # (x - mean) · over, weighed and moved: one factor of x, one sum.
    weight = -of_scale * over / count
    rest = -of_bias / count - weight * mean
    inner = full + x * weight.reshape(wide) + rest.reshape(wide)
    of_x = inner * (over * scale).reshape(wide)
    return of_x.astype(x.dtype), of_scale, of_bias

  of_x, of_scale, of_bias = eigen.outlined(gradients)(
    x, cotangents[0], mean, var, scale
  )
  return of_x, of_scale.astype(scale.dtype), of_bias.astype(bias.dtype)


by_hand.defvjp(forwards, backwards)
