"""A step in, a batch out: which examples it holds is a pure function of (key, step).

So a run resumes exactly with nothing to restore, and a batch is the same whether the
set lives on the device or is read from files. Each epoch is a fresh permutation of the
training set, and only the batch's own places of it are computed.
"""

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import permutations, stream
from dl_core.types import Batch, Data, Key, Spec, UserError

EVALUATED = 256  # examples of an evaluation batch


class Examples(NamedTuple):
  """The examples of a set on the host; splits are 'train', 'validation' and 'test'.

  Attributes:
    count: (split) -> how many it has.
    read: (split, numbers [m]) -> (x, y) or (x, y, weight) of these examples; threads
      call it.
    labels: (split) -> y of all of them.
    digests: see `Data`.
  """

  count: Callable[[str], int]
  read: Callable[[str, np.ndarray], tuple[Any, ...]]
  labels: Callable[[str], Any]
  digests: Callable[[], Mapping[str, str]]


def padded(
  read: Callable[[np.ndarray], Batch],
  n: int,
  size: int,
  each: Callable = map,
) -> Iterator[Batch]:
  """Cuts n examples into host batches of one shape, in order.

  The last one is filled up with the first example again, at weight 0.

  Args:
    read: (numbers [m]) -> these examples.
    n: how many there are.
    size: of a batch.
    each: see `Way`.
  """

  def cut(start):
    index = np.arange(start, start + size)
    real = index < n
    numbers, which = np.unique(np.where(real, index, 0), return_inverse=True)
    x, y, weight = stream.at(read(numbers), which)
    mask = lambda w: w * real.reshape(-1, *(1,) * (w.ndim - 1)).astype(w.dtype)
    return Batch(x, y, jax.tree.map(mask, weight))

  yield from each(cut, range(0, n, size))


def evaluation_size(batch_size: int, n: int, most: int = EVALUATED) -> int:
  """Returns the size of evaluation batches: large, but at most twice what a set needs.

  It is a power of two where a set is small, so that splits of like sizes share a
  program.
  """
  return min(max(batch_size, most), max(8, 2 ** (n - 1).bit_length()))


def digest(arrays: Any) -> str:
  """Returns 16 hexadecimal digits over the bytes, shapes and types of a pytree."""
  total = hashlib.sha256()
  for leaf in jax.tree.leaves(arrays):
    total.update(f'{leaf.dtype}{leaf.shape}'.encode())
    total.update(np.ascontiguousarray(leaf).data)
  return total.hexdigest()[:16]


def resident(
  spec: Spec, load: Callable[[str], tuple[Any, ...]], **options: Any
) -> Data:
  """Makes the Data of a set that fits in memory.

  Args:
    spec: shapes of a training batch; its leading axis is the batch size.
    load: ('train' | 'validation' | 'test') -> (x, y) or (x, y, weight), host arrays of
      all its examples; called once for each split, when it is first needed.
    **options: see `assembled`.
  """
  load = functools.cache(load)
  examples = Examples(
    count=lambda split: len(jax.tree.leaves(load(split)[0])[0]),
    read=lambda split, index: stream.at(load(split), index),
    labels=lambda split: load(split)[1],
    digests=lambda: {
      name: digest(load(name)) for name in ('train', 'validation', 'test')
    },
  )

  def way(places, count):
    def arrays():
      count()  # raises where there are too few
      return load('train')

    return stream.whole(arrays, places)

  return assembled(spec, examples, way, **options)


def streamed(spec: Spec, examples: Examples, **options: Any) -> Data:
  """Makes the Data of a set that has a few batches at a time in memory.

  Args:
    spec: shapes of a training batch; its leading axis is the batch size.
    examples: of the set; they are not read before the first batch.
    **options: see `assembled`.
  """

  def way(places, count):
    return stream.streamed(lambda index: examples.read('train', index), places, count)

  return assembled(spec, examples, way, **options)


def assembled(
  spec: Spec,
  examples: Examples,
  way: Callable[[stream.Places, Callable[[], int]], stream.Way],
  *,
  prepare: Callable[[Any], Any] = lambda x: x,
  augment: Callable[[Key, Batch], Batch] = lambda key, batch: batch,
  settle: Callable[[Any], Any] = lambda x: x,
  pool: int = 0,
  evaluated: int = EVALUATED,
  baseline: Callable[[Any, Any], Mapping[str, float]] = lambda train, test: {},
  read: Callable[[str], Any] | None = None,
  notes: tuple[str, ...] = (),
  declaration: Mapping[str, Any] = MappingProxyType({}),
) -> Data:
  """Makes a Data from examples and a way to feed them, epoch after epoch.

  What has no weight weighs 1.

  Args:
    spec: shapes of a training batch; its leading axis is the batch size.
    examples: of the set.
    way: (places, () -> number of training examples) -> their `stream.Way`.
    prepare: stored x -> what the model reads; written for NumPy and JAX alike.
    augment: (key, prepared Batch) -> Batch, on the device, in training alone; see
      `data.augment.on_x`.
    settle: (prepared x, of one example or a batch) -> x, in evaluation alone.
    pool: how many batches are drawn from one contiguous piece of the training set, so
      that those of a set that is sorted by length have examples of like length; 0: all
      are drawn from the whole set. See `permutations.rows`.
    evaluated: examples of an evaluation batch, at most, unless training has more.
    baseline: (train labels, test labels) -> scores of the best constant answer.
    read: (path) -> one stored x, for `--predict`.
    notes, declaration: see `Data`.

  Raises:
    UserError: (when first read) the training set is smaller than a batch.
  """
  size = jax.tree.leaves(spec.batch)[0].shape[0]

  def count():
    n = examples.count('train')
    if n < size:
      raise UserError(
        f'--batch_size={size} was given, but {spec.source} has {n} training examples; '
        f'--batch_size={n} is the most'
      )
    return n

  def weighed(parts, n, backend):
    x, y, *weight = parts
    ones = lambda like: backend.ones((n, *like.shape[1:]), like.dtype)
    return Batch(prepare(x), y, *(weight or [jax.tree.map(ones, spec.batch.weight)]))

  def places(key, step, n):
    return permutations.rows(jax.random.split(key)[0], step, n, size, pool)

  feed, pick, each = way(places, count)

  def take(arrays, key, step):
    batch = weighed(pick(arrays, key, step), size, jnp)
    draw_key = jax.random.split(key)[1]
    return augment(jax.random.fold_in(draw_key, step), batch)

  def split(name):
    def read(index):
      batch = weighed(examples.read(name, index), len(index), np)
      return batch._replace(x=settle(batch.x))

    def batches():
      n = examples.count(name)
      return padded(read, n, evaluation_size(size, n, evaluated), each)

    return batches

  return Data(
    spec=spec,
    feed=feed,
    take=take,
    splits={name: split(name) for name in ('train', 'validation', 'test')},
    rows=lambda key, step: places(key, step, examples.count('train')),
    baseline=lambda: baseline(examples.labels('train'), examples.labels('test')),
    read=None if read is None else lambda path: settle(prepare(read(path))),
    digests=examples.digests,
    notes=notes,
    declaration=declaration,
  )
