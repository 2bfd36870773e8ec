"""Permutes the examples of each epoch, and computes a batch's own places alone.

So which examples a batch holds is a pure function of (key, step), at a cost that does
not depend on the size of the set.
"""

from typing import Any

import jax
import jax.numpy as jnp

from dl_core.types import Array, Key

ROUNDS = 8


def permuted(key: Key, places: Array, n: int) -> Array:
  """Maps places [0, n) one to one onto [0, n), differently for every key.

  A Feistel network permutes [0, 4^h), the smallest such range that holds n; values
  outside [0, n) are permuted again until they are inside ("cycle walking"; Black &
  Rogaway 2002, https://doi.org/10.1007/3-540-45760-7_9). Its cost does not depend on n.

  Args:
    key: draws the permutation.
    places: integers in [0, n), any shape.
    n: size of the set, static, 1 <= n <= 2^31.
  """
  half = max(1, -(-(n - 1).bit_length() // 2))  # bits of each half
  mask = jnp.uint32(2**half - 1)
  subkeys = jax.random.bits(key, (ROUNDS,), jnp.uint32)

  def scramble(value, subkey):  # the finaliser of MurmurHash3
    value = (value ^ subkey) * jnp.uint32(0x85EBCA6B)
    value = (value ^ (value >> 13)) * jnp.uint32(0xC2B2AE35)
    return (value ^ (value >> 16)) & mask

  def feistel(value):
    left, right = value >> half, value & mask
    for subkey in subkeys:
      left, right = right, left ^ scramble(right, subkey)
    return (left << half) | right

  def walk(value):
    return jnp.where(value < n, value, feistel(value))

  outside = lambda value: jnp.any(value >= n)
  walked = jax.lax.while_loop(
    outside, walk, feistel(_replicated(places.astype(jnp.uint32)))
  )
  return _replicated(walked.astype(jnp.int32))


def _replicated(values: Array) -> Array:
  """Replicates values over the devices of a mesh, so that each computes all of them.

  A loop over partitioned values communicates at each turn whether to go on, and XLA's
  CPU collectives (jax 0.10) confuse that with the collectives outside of the loop.
  """
  if jax.sharding.get_abstract_mesh().empty:
    return values
  return jax.lax.with_sharding_constraint(values, jax.sharding.PartitionSpec())


def rows(key: Key, step: Any, n: int, batch_size: int) -> Array:
  """Returns the numbers [B] of the examples in a step's batch.

  An epoch has n // batch_size batches; the few examples left over change every epoch.
  """
  epoch, place = jnp.divmod(jnp.asarray(step, jnp.int32), n // batch_size)
  places = place * batch_size + jnp.arange(batch_size, dtype=jnp.int32)
  return permuted(jax.random.fold_in(key, epoch), places, n)
