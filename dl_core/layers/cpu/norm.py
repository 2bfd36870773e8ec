"""The gradient of batch norm, written out so that XLA's CPU backend computes it fast.

Automatic differentiation saves several arrays of the size of the input, and the CPU
backend recomputes them, together with the layers before, wherever it reads them. The
written-out gradient (Ioffe & Szegedy, 2015, section 3) reads the input and the gradient
of the output twice each.

Shapes: B examples, C channels.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from dl_core.layers.cpu import eigen
from dl_core.types import Array


def with_written_gradient(plain: Callable[..., Any]) -> Callable[..., Any]:
  """Builds `plain` with a written-out gradient.

  Args:
    plain: (x [B, ..., C], scale [C], bias [C], epsilon) -> (y, mean [C], var [C]).

  Returns:
    The same function; its mean and variance have no gradients.
  """

  @functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
  def normalize(x: Array, scale: Array, bias: Array, epsilon: float) -> Any:
    whole = functools.partial(plain, epsilon=epsilon)
    return eigen.outlined(whole)(x, scale, bias)

  def forward(x: Array, scale: Array, bias: Array, epsilon: float) -> Any:
    y, mean, var = normalize(x, scale, bias, epsilon)
    return (y, mean, var), (x, mean, var, scale, bias)

  normalize.defvjp(forward, backward)
  return normalize


def backward(epsilon: float, saved: Any, cotangents: Any) -> Any:
  x, mean, var, scale, bias = saved

  def gradients(x, cotangent, mean, var, scale):
    axes, wide = tuple(range(x.ndim - 1)), (1,) * (x.ndim - 1) + (-1,)
    over = jax.lax.rsqrt(var + epsilon)
    count = x.size // x.shape[-1]
    full = cotangent.astype(mean.dtype)
    of_bias = jnp.sum(full, axes)
    of_scale = (jnp.sum(full * x, axes) - mean * of_bias) * over
    # The terms in x are collected, so that x is read once.
    weight = -of_scale * over / count
    rest = -of_bias / count - weight * mean
    inner = full + x * weight.reshape(wide) + rest.reshape(wide)
    of_x = inner * (over * scale).reshape(wide)
    return of_x.astype(x.dtype), of_scale, of_bias

  of_x, of_scale, of_bias = eigen.outlined(gradients)(
    x, cotangents[0], mean, var, scale
  )
  return of_x, of_scale.astype(scale.dtype), of_bias.astype(bias.dtype)
