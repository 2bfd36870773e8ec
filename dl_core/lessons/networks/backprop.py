"""Computes the forward and backward passes by hand, layer by layer.

Of one example, activations being columns: z(l) = W(l)·a(l-1) + b(l) and a(l) = f(z(l))
forward; δ(L) = p - y, δ(l-1) = (W(l)ᵀ·δ(l)) ∘ f'(z(l-1)), dL/dW(l) = δ(l)·a(l-1)ᵀ and
dL/db(l) = δ(l) backward (Rumelhart, Hinton & Williams 1986,
https://doi.org/10.1038/323533a0). Only `compare` differentiates, with jax.grad. Models
are trained with jax.grad, in `dl_core/train/update.py`.

Shapes: L layers of n(1) ... n(L) units, n(0) inputs, N examples.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.networks.activations import Activation
from dl_core.lessons.networks.outputs import Pairing
from dl_core.types import Array


class Layer(NamedTuple):
  """The parameters of a layer, or the gradient with respect to them."""

  w: Any  # [n(l), n(l-1)]
  b: Any  # [n(l)]


class Net(NamedTuple):
  """The activation of the hidden layers, and the output with its loss."""

  hidden: Activation
  output: Pairing


class Forward(NamedTuple):
  """The results of the forward pass that the backward pass needs."""

  z: list[Array]  # z(1) ... z(L): [n(l)]
  a: list[Array]  # the input a(0), then a(1) ... a(L) = p: [n(l)]


class Backward(NamedTuple):
  """The errors δ(l) = dL/dz(l), and the gradients of the layers."""

  delta: list[Array]  # δ(1) ... δ(L): [n(l)]
  gradients: list[Layer]


def forward(net: Net, layers: Sequence[Layer], x: Array) -> Forward:
  """Computes z and a of every layer for one input x [n(0)]."""
  z: list[Array] = []
  a = [x]
  for layer in layers:
    z.append(layer.w @ a[-1] + layer.b)
    last = len(z) == len(layers)
    a.append(net.output.answer(z[-1]) if last else net.hidden.f(z[-1]))
  return Forward(z, a)


def backward(net: Net, layers: Sequence[Layer], passed: Forward, y: Array) -> Backward:
  """Carries the error p - y back through the layers that `forward` has passed."""
  z, a = passed
  delta = [a[-1] - y]  # whichever the pairing is
  gradients = []
  for l in reversed(range(len(layers))):  # noqa: E741
    gradients.append(Layer(jnp.outer(delta[-1], a[l]), delta[-1]))
    if l:
      delta.append((layers[l].w.T @ delta[-1]) * net.hidden.slope(z[l - 1]))
  return Backward(delta[::-1], gradients[::-1])


def loss(net: Net, layers: Sequence[Layer], x: Array, y: Array) -> Array:
  """Returns the loss of one example."""
  return net.output.loss(forward(net, layers, x).z[-1], y)


def gradients(net: Net, layers: Sequence[Layer], x: Array, y: Array) -> list[Layer]:
  """Returns the gradient of the mean loss of x [N, n(0)], y [N, n(L)], by hand."""

  def one(x, y):
    return backward(net, layers, forward(net, layers, x), y).gradients

  return jax.tree.map(lambda leaf: leaf.mean(axis=0), jax.vmap(one)(x, y))


def mean_loss(net: Net, layers: Sequence[Layer], x: Array, y: Array) -> Array:
  """Returns the mean loss of x [N, n(0)], y [N, n(L)]."""
  return jax.vmap(lambda x, y: loss(net, layers, x, y))(x, y).mean()


def descend(layers: list[Layer], gradients: list[Layer], rate: float) -> list[Layer]:
  """Takes one step of gradient descent: w - η·dL/dw."""
  return jax.tree.map(lambda w, g: w - rate * g, layers, gradients)


def random_layers(
  random: np.random.Generator, networks: int, sizes: Sequence[int]
) -> list[Layer]:
  """Draws weights and biases of n(0), n(1) ... n(L) units, of variance 1/n(l-1).

  Returns:
    The layers; the first axis [N] of every array is the networks.
  """
  layers = []
  for n, m in itertools.pairwise(sizes):
    both = (
      random.standard_normal((networks, m, n + 1), np.float32) / np.float32(n) ** 0.5
    )
    layers.append(Layer(both[..., :-1], both[..., -1]))
  return layers


def compare(net: Net, layers: list[Layer], x: Array, y: Array) -> Array:
  """Returns the largest distance of the gradients by hand from those of jax.grad.

  Of every number it is |by hand - jax.grad| / (1 + |jax.grad|): float32 computes p - y
  to 6e-8 of 1 and not of a p - y that is itself that small.
  """
  hand = backward(net, layers, forward(net, layers, x), y).gradients
  grad = jax.grad(lambda layers: loss(net, layers, x, y))(layers)
  off = jax.tree.map(
    lambda h, g: jnp.max(jnp.abs(h - g) / (1 + jnp.abs(g))), hand, grad
  )
  return jnp.stack(jax.tree.leaves(off)).max()
