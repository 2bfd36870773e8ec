"""Computes batches like a data set's; reads no file."""

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import limits
from dl_core.types import Batch, Data, Key, Spec


def batch(data: Data, key: Key) -> Batch:
  """Returns a host batch with the shapes, types and limits of the data."""
  return data.sample(key) if data.sample else drawn(data.spec, key)


def drawn(spec: Spec, key: Key) -> Batch:
  """Draws a host batch of a spec.

  Floats are drawn from N(0, 1), integers below their limits; weights are 1.
  """
  keys = iter(jax.random.split(key, len(jax.tree.leaves(spec.batch))))

  def draw(leaf, most):
    if jnp.issubdtype(leaf.dtype, jnp.integer):
      return jax.random.randint(next(keys), leaf.shape, 0, most, leaf.dtype)
    return jax.random.normal(next(keys), leaf.shape, leaf.dtype)

  x, y, weight = spec.batch
  ones = lambda leaf: np.ones(leaf.shape, leaf.dtype)
  most = limits.of(spec)
  x, y = jax.device_get(jax.tree.map(draw, (x, y), (most.x, most.y)))
  return Batch(x, y, jax.tree.map(ones, weight))
