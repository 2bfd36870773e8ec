"""Permutes the examples of each epoch, and computes a batch's own places alone.

So which examples a batch holds is a pure function of (key, step), at a cost that does
not depend on the size of the set.
"""

from typing import Any

import jax
import jax.numpy as jnp

from dl_core.types import Array, Key

ROUNDS = 8


def permuted(key: Key, places: Array, n: Any, most: int | None = None) -> Array:
  """Maps places [0, n) one to one onto [0, n), differently for every key.

  A Feistel network permutes [0, 4^h), the smallest such range that holds n; values
  outside [0, n) are permuted again until they are inside ("cycle walking"; Black &
  Rogaway 2002, https://doi.org/10.1007/3-540-45760-7_9). Its cost does not depend on n.

  Args:
    key: draws the permutation.
    places: integers in [0, n), any shape.
    n: size of the set, 1 <= n <= 2^31; static, or an array with `most`.
    most: the highest n, static.
  """
  if most is None:
    most = n
  else:
    n = jnp.asarray(n, jnp.uint32)
  half = max(1, -(-(most - 1).bit_length() // 2))  # bits of each half
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


def rows(key: Key, step: Any, n: int, batch_size: int, pool: int = 0) -> Array:
  """Returns the numbers [B] of the examples in a step's batch.

  An epoch has n // batch_size batches; the few examples left over change every epoch.

  With pools, the set is cut into contiguous pieces of about `pool` batches each, and a
  batch is drawn from one of them. Each epoch permutes the examples of every piece, and
  the order of all batches of all pieces. So the batches of a set that is sorted by
  length hold examples of like length.

  Args:
    key: the same at every step.
    step: its number.
    n: size of the set.
    batch_size: B.
    pool: batches of a pool; 0, or as many as an epoch has: the whole set is one pool.
  """
  batches = n // batch_size
  epoch, place = jnp.divmod(jnp.asarray(step, jnp.int32), batches)
  key = jax.random.fold_in(key, epoch)
  within = jnp.arange(batch_size, dtype=jnp.int32)
  if not 0 < pool < batches:
    return permuted(key, place * batch_size + within, n)
  pools = round(batches / pool)
  least, larger = divmod(batches, pools)  # so many pools have one batch more
  drawn = permuted(jax.random.fold_in(key, pools), place, batches)
  own = jnp.where(
    drawn < larger * (least + 1),
    drawn // (least + 1),
    larger + (drawn - larger * (least + 1)) // least,
  )
  first = own * least + jnp.minimum(own, larger)
  size = (least + (own < larger)) * batch_size
  size += jnp.where(own == pools - 1, n - batches * batch_size, 0)
  places = (drawn - first) * batch_size + within
  most = (least + 2) * batch_size
  return first * batch_size + permuted(jax.random.fold_in(key, own), places, size, most)
