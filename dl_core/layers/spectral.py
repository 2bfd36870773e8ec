"""Layers that divide their weights by the largest singular value: spectral norm.

Miyato, Kataoka, Koyama & Yoshida, "Spectral normalization for generative adversarial
networks", 2018, https://arxiv.org/abs/1802.05957, section 2.1. A weight is read as a
matrix of its inputs by its outputs. Every pass makes one power iteration from the
vector u, which the collection `spectral` keeps; only training moves u.

Shapes: B examples, n inputs of a unit, F units, K classes.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core import trees
from dl_core.layers import convolution
from dl_core.types import Array

COLLECTION = 'spectral'
EPSILON = 1e-6  # as in the recipes of BigGAN

orthogonal = nn.initializers.orthogonal()


def unit(x: Array) -> Array:
  return x / jnp.maximum(jnp.linalg.norm(x), EPSILON)


@jax.named_scope('iterated')
def iterated(matrix: Array, u: Array) -> tuple[Array, Array]:
  """Makes one power iteration.

  Args:
    matrix: [n, F].
    u: [F], a unit vector.

  Returns:
    The estimate vᵀ M u of the largest singular value, whose gradient takes u and v as
    constants, and the new u.
  """
  fixed = jax.lax.stop_gradient(matrix)
  v = unit(fixed @ u)
  u = unit(v @ fixed)
  return v @ matrix @ u, u


def normalised(module: nn.Module, weight: Array, train: bool) -> Array:
  """Returns a weight [..., F] over its largest singular value, as it is estimated.

  It keeps `u` among the variables of the module, which calls it once.
  """
  matrix = weight.reshape(-1, weight.shape[-1]).astype(jnp.float32)

  def begin():
    return unit(jax.random.normal(module.make_rng('params'), matrix.shape[1:]))

  u = module.variable(COLLECTION, 'u', begin)
  sigma, new = iterated(matrix, u.value)
  if train and not module.is_initializing():
    u.value = new
  return weight / sigma.astype(weight.dtype)


class Conv(nn.Module):
  """Convolution at stride 1 that keeps the sides. Parameters: `kernel`, `bias`.

  Attributes:
    features: F.
    side: of the kernel, odd.
    use_bias: whether to add a bias.
  """

  features: int
  side: int = 3
  use_bias: bool = True

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps [B, H, W, C] to [B, H, W, F]."""
    shape = (self.side, self.side, x.shape[-1], self.features)
    kernel = self.param('kernel', orthogonal, shape)
    bias = jnp.zeros(self.features, kernel.dtype)
    if self.use_bias:
      bias = self.param('bias', nn.initializers.zeros, (self.features,))
    kernel = normalised(self, kernel, train)
    if self.side == 1:
      return x @ kernel[0, 0] + bias[None, None, None]
    return convolution.convolve(x, kernel, bias)


class Dense(nn.Module):
  """Linear layer. Parameters: `kernel` [n, F], `bias` [F].

  Attributes:
    features: F.
    use_bias: whether to add a bias.
  """

  features: int
  use_bias: bool = True

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps [B, n] to [B, F]."""
    kernel = self.param('kernel', orthogonal, (x.shape[-1], self.features))
    y = x @ normalised(self, kernel, train)
    if self.use_bias:
      y += self.param('bias', nn.initializers.zeros, (self.features,))[None]
    return y


class Embed(nn.Module):
  """Table of vectors; a class is an output, so u is [K]. Parameters: `embedding`.

  Attributes:
    classes: K.
    features: F.
  """

  classes: int
  features: int

  @nn.compact
  def __call__(self, y: Array, *, train: bool) -> Array:
    """Maps classes [B] to [B, F]."""
    table = self.param('embedding', orthogonal, (self.classes, self.features))
    return normalised(self, table.T, train).T[y]


def kernels(tree: Any) -> dict[str, Array]:
  """Returns {path: matrix [n, F]} of all weights of a player that have a `u`.

  Args:
    tree: variables of the player, {'params': ..., 'spectral': ...}.
  """
  found: dict[str, Array] = {}
  for path in vectors(tree):
    layer = functools.reduce(
      lambda own, name: own[name], path.split('.'), tree['params']
    )
    table = layer.get('embedding')
    weight = layer['kernel'] if table is None else table.T
    found[path] = weight.reshape(-1, weight.shape[-1])
  return found


def vectors(tree: Any) -> dict[str, Array]:
  """Returns {path of a layer: u [F]}, of the same variables."""
  return {
    path.removesuffix('.u'): u for path, u in trees.flatten(tree[COLLECTION]).items()
  }
