"""Convolutions and their gradients in the layout that XLA's CPU backend runs fast.

That backend hands a convolution to Eigen, which cuts patches and multiplies matrices on
all cores, if both arrays are laid out as Eigen wants them: [B, H, W, C] and
[h, w, C, F]. The gradients of a convolution are in other layouts. XLA transposes their
operands, but only outside of loops, and it recomputes an array that it transposes, with
the normalizations and blocks before it: that took half the time of a ResNet's step.
Here the gradients, too, are convolutions in Eigen's layout, each in a function that XLA
does not inline.

Shapes: B images, H x W places, C channels, F features, h x w the sides of the kernel,
s x t the stride.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import xla_metadata

from dl_core.types import Array

AXES = ('NHWC', 'HWIO', 'NHWC')


def outlined(function: Callable[..., Any]) -> Callable[..., Any]:
  """Makes a function that XLA does not inline: its arguments are computed once."""

  def call(*arrays: Array) -> Any:
    with xla_metadata.set_xla_metadata(inlineable='false'):
      return jax.jit(function)(*arrays)

  return call


def materialised(function: Callable[..., Array]) -> Callable[..., Array]:
  """Makes a function whose result a CPU stores instead of computing it again."""

  def call(*arrays: Array) -> Array:
    cpu = outlined(function)
    return jax.lax.platform_dependent(*arrays, cpu=cpu, default=function)

  return call


def convolve(x: Array, kernel: Array, strides: Any, padding: Any) -> Array:
  """Convolves; its gradient is by reverse differentiation alone.

  Where there are several outputs a side, but fewer than the kernel has inputs, XLA
  takes up to 24 times as long (3 x 3 on maps of 2 x 2). There images are padded with
  zeros until there are as many, and the outputs of the padding are dropped.

  Args:
    x: [B, H, W, C].
    kernel: [h, w, C, F].
    strides: (s, t).
    padding: ((above, below), (left, right)).

  Returns:
    [B, H', W', F].
  """
  sides, more = [], []
  window = kernel.shape[:2]
  for side, pad, h, s in zip(x.shape[1:3], padding, window, strides, strict=True):
    sides.append((side + sum(pad) - h) // s + 1)
    more.append(max(0, -(-h // s) - sides[-1]) * s if sides[-1] > 1 else 0)
  if any(more):
    x = jnp.pad(x, [(0, 0), (0, more[0]), (0, more[1]), (0, 0)])
  y = convolved(x, kernel, strides, padding)
  return y[:, : sides[0], : sides[1]] if any(more) else y


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def convolved(x: Array, kernel: Array, strides: Any, padding: Any) -> Array:
  """Computes `convolve` without padding; its gradients are in Eigen's layout."""
  settings: dict[str, Any] = {'dimension_numbers': AXES}
  return outlined(
    lambda x, kernel: jax.lax.conv_general_dilated(
      x, kernel, strides, padding, **settings
    )
  )(x, kernel)


def forwards(x: Array, kernel: Array, strides: Any, padding: Any) -> Any:
  return convolved(x, kernel, strides, padding), (x, kernel)


def backwards(strides: Any, padding: Any, saved: Any, cotangent: Array) -> Any:
  x, kernel = saved
  along = functools.partial(
    by_input, strides=strides, padding=padding, sides=x.shape[1:3]
  )
  across = functools.partial(by_kernel, strides=strides, padding=padding)

  def of_kernel(cotangent, x):
    # The transpose is a convolution in Eigen's layout.
    return jax.linear_transpose(lambda kernel: across(x, kernel), kernel)(cotangent)[0]

  return outlined(along)(cotangent, kernel), outlined(of_kernel)(cotangent, x)


convolved.defvjp(forwards, backwards)


def by_input(
  cotangent: Array, kernel: Array, strides: Any, padding: Any, sides: Any
) -> Array:
  """Computes the gradient by the input as a convolution of stride 1.

  The inputs at one offset within a stride form a phase. A phase reads its own part of
  the kernel, and all phases read the same outputs, so one convolution computes them,
  while XLA's own gradient dilates the outputs with zeros. It is `convolved`, so that
  gradients of gradients, as penalties have them, are in Eigen's layout, too.

  Args:
    cotangent: [B, H', W', F].
    kernel: [h, w, C, F].
    strides, padding: see `convolve`.
    sides: (H, W).

  Returns:
    [B, H, W, C].
  """
  (s, t), (h, w, channels, _) = strides, kernel.shape
  ((above, _), (left, _)), (height, width) = padding, sides
  cells, (p, q) = (-(-h // s), -(-w // t)), (min(s, h), min(t, w))
  whole = [(0, cells[0] * p - h), (0, cells[1] * q - w), (0, 0), (0, 0)]
  kernel = jnp.pad(kernel, whole).reshape(cells[0], p, cells[1], q, channels, -1)
  kernel = kernel.transpose(0, 2, 1, 3, 4, 5).reshape(*cells, p * q * channels, -1)
  kernel = kernel[::-1, ::-1].transpose(0, 1, 3, 2)
  if strides == (1, 1):
    rows, columns = cotangent.shape[1:3]
    around = (
      (h - 1 - above, height - rows + above),
      (w - 1 - left, width - columns + left),
    )
    return convolved(cotangent, kernel, (1, 1), around)
  around = ((cells[0] - 1,) * 2, (cells[1] - 1,) * 2)
  y = convolved(cotangent, kernel, (1, 1), around)
  rows, columns = y.shape[1:3]
  y = y.reshape(-1, rows, columns, p, q, channels).transpose(0, 1, 3, 2, 4, 5)
  y = jnp.pad(y, [(0, 0), (0, 0), (0, s - p), (0, 0), (0, t - q), (0, 0)])
  y = y.reshape(-1, rows * s, columns * t, channels)
  over = (height + above - rows * s, width + left - columns * t)
  sizes = ((0, 0, 0), (-above, over[0], 0), (-left, over[1], 0), (0, 0, 0))
  return jax.lax.pad(y, jnp.zeros((), y.dtype), sizes)


def by_kernel(x: Array, kernel: Array, strides: Any, padding: Any) -> Array:
  """Convolves so that the gradient by the kernel is a convolution of `x`.

  There the channels are the batch, the images are the channels, and the gradient of the
  output is the kernel.
  """
  y = jax.lax.conv_general_dilated(
    x.transpose(3, 1, 2, 0),
    kernel.transpose(2, 0, 1, 3),
    strides,
    padding,
    dimension_numbers=('CHWN', 'IHWO', 'HWNC'),
  )
  return y.transpose(2, 0, 1, 3)
