"""The leaves of a tree of arrays: their names, digests and number of elements."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from dl_core.types import Array


@jax.jit
def digests(leaves: Mapping[str, Array]) -> dict[str, Array]:
  """Returns an integer per leaf: the sum over its bits, weighted by position.

  The weights are odd, so any single flipped bit changes the sum; they are scattered,
  so several flips do not cancel. Sums modulo 2^32 do not depend on the sharding.
  """

  def digest(leaf):
    if leaf.dtype == bool:
      leaf = leaf.astype(jnp.uint8)
    unsigned = jnp.dtype(f'uint{8 * leaf.dtype.itemsize}')
    bits = jax.lax.bitcast_convert_type(leaf, unsigned).astype(jnp.uint32).reshape(-1)
    place = jax.lax.iota(jnp.uint32, bits.size) * jnp.uint32(0x9E3779B1)
    place = (place ^ (place >> 15)) * jnp.uint32(0x85EBCA6B)
    return jnp.sum(bits * (place | 1), dtype=jnp.uint32)

  return {name: digest(leaf) for name, leaf in leaves.items()}


def flatten(tree: Any) -> dict[str, Array]:
  """Names every leaf of a tree by its path; PRNG keys become their raw integers."""

  def raw(leaf):
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return jax.random.key_data(leaf) if is_key else leaf

  paths = jax.tree_util.tree_flatten_with_path(tree)[0]
  return {
    jax.tree_util.keystr(path, simple=True, separator='.'): raw(leaf)
    for path, leaf in paths
  }


def unflatten(like: Any, leaves: Mapping[str, Array]) -> Any:
  """Builds a tree like `like` from named leaves: by name, not by order."""

  def take(path, leaf):
    value = leaves[jax.tree_util.keystr(path, simple=True, separator='.')]
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
      return jax.random.wrap_key_data(value, impl=jax.random.key_impl(leaf))
    return value

  return jax.tree_util.tree_map_with_path(take, like)


def marked(tree: Any, which: Callable[[str], bool]) -> Any:
  """Marks the leaves whose names, as in `flatten`, `which` accepts: a tree of bools."""
  name = lambda path: jax.tree_util.keystr(path, simple=True, separator='.')
  return jax.tree_util.tree_map_with_path(lambda path, _: which(name(path)), tree)


def size(tree: Any) -> int:
  """Returns the number of elements of all arrays, or shapes, of a tree."""
  return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))
