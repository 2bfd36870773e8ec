"""A step in, a batch out: sets that fit in memory live on the device, whole.

Which examples a batch holds is a pure function of (key, step), so a run resumes exactly
with nothing to restore. Each epoch is a fresh permutation of the training set, and only
the batch's own places of it are computed.
"""

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array, Batch, Data, Key, Spec, UserError

ROUNDS = 8


def permuted(key: Key, places: Array, n: int) -> Array:
  """Maps places [0, n) one to one onto [0, n), differently for every key.

  A Feistel network permutes [0, 4^h), the smallest such range that holds n; whatever
  lands outside [0, n) is permuted again until it lands inside ("cycle walking"; Black &
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

  outside = lambda value: jnp.any(value >= n)  # noqa: E731
  walked = jax.lax.while_loop(outside, walk, feistel(places.astype(jnp.uint32)))
  return walked.astype(jnp.int32)


def rows(key: Key, step: Any, n: int, batch_size: int) -> Array:
  """Returns the numbers [B] of the examples in a step's batch.

  An epoch has n // batch_size batches; the few examples left over change every epoch.
  """
  epoch, place = jnp.divmod(jnp.asarray(step, jnp.int32), n // batch_size)
  places = place * batch_size + jnp.arange(batch_size, dtype=jnp.int32)
  return permuted(jax.random.fold_in(key, epoch), places, n)


def padded(x: Any, y: Any, weight: Any, size: int) -> Iterator[Batch]:
  """Cuts arrays of n examples into host batches of one shape, in order.

  The last one is filled up with the first example again, at weight 0.
  """
  n = len(jax.tree.leaves(x)[0])
  for start in range(0, n, size):
    index = np.arange(start, start + size)
    real = index < n
    batch = jax.tree.map(lambda leaf: leaf[np.where(real, index, 0)], (x, y, weight))  # noqa: B023
    mask = lambda w: w * real.reshape(-1, *(1,) * (w.ndim - 1)).astype(w.dtype)  # noqa: B023, E731
    yield Batch(batch[0], batch[1], jax.tree.map(mask, batch[2]))


def evaluation_size(batch_size: int, n: int) -> int:
  """Returns the size of evaluation batches: large, but no larger than the set needs."""
  return min(max(batch_size, 256), -(-n // 8) * 8)


def digest(arrays: Any) -> str:
  """Returns 16 hexadecimal digits over the bytes, shapes and types of a pytree."""
  total = hashlib.sha256()
  for leaf in jax.tree.leaves(arrays):
    total.update(f'{leaf.dtype}{leaf.shape}'.encode())
    total.update(np.ascontiguousarray(leaf).data)
  return total.hexdigest()[:16]


def resident(
  spec: Spec,
  load: Callable[[str], tuple[Any, Any]],
  *,
  prepare: Callable[[Any], Any] = lambda x: x,
  augment: Callable[[Key, Any], Any] = lambda key, x: x,
  baseline: Callable[[Any, Any], Mapping[str, float]] = lambda train, test: {},
  read: Callable[[str], Any] | None = None,
  notes: tuple[str, ...] = (),
) -> Data:
  """Makes the Data of a set that fits in memory.

  Args:
    spec: shapes of a training batch; its leading axis is the batch size.
    load: ('train' | 'validation' | 'test') -> (x, y), host arrays of all its examples;
      called once for each split, when it is first needed.
    prepare: stored x -> what the model reads; written for NumPy and JAX alike.
    augment: (key, prepared x) -> x, on the device, in training alone.
    baseline: (train labels, test labels) -> scores of the best constant answer.
    read: (path) -> one stored x, for `--predict`.
    notes: see `Data`.

  Raises:
    UserError: (when first read) the training set is smaller than a batch.
  """
  size = jax.tree.leaves(spec.batch)[0].shape[0]
  load = functools.cache(load)

  def count(split='train'):
    return len(jax.tree.leaves(load(split)[0])[0])

  @functools.cache
  def training_arrays():
    if count() < size:
      raise UserError(
        f'--batch_size={size} was given, but {spec.source} has {count()} training '
        f'examples; --batch_size={count()} is the most'
      )
    return load('train')

  def take(arrays, key, step):
    order_key, draw_key = jax.random.split(key)
    n = len(jax.tree.leaves(arrays)[0])
    index = rows(order_key, step, n, size)
    x, y = jax.tree.map(lambda leaf: leaf[index], arrays)
    x = augment(jax.random.fold_in(draw_key, step), prepare(x))
    return Batch(x, y, jax.tree.map(lambda w: jnp.ones(w.shape, w.dtype), like(spec)))

  def split(name):
    def batches():
      x, y = load(name)
      weight = jax.tree.map(
        lambda w: np.ones((count(name), *w.shape[1:]), w.dtype), like(spec)
      )
      for batch in padded(x, y, weight, evaluation_size(size, count(name))):
        yield batch._replace(x=prepare(batch.x))

    return batches

  return Data(
    spec=spec,
    feed=lambda key, step: training_arrays(),
    take=take,
    splits={name: split(name) for name in ('train', 'validation', 'test')},
    rows=lambda key, step: rows(jax.random.split(key)[0], step, count(), size),
    baseline=lambda: baseline(load('train')[1], load('test')[1]),
    read=None if read is None else lambda path: prepare(read(path)),
    digests=lambda: {
      name: digest(load(name)) for name in ('train', 'validation', 'test')
    },
    notes=notes,
  )


def like(spec: Spec) -> Any:
  """Returns the declared shapes of the weights of a batch."""
  return spec.batch.weight
