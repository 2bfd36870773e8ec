"""Draws two passages: the second follows the first or comes from another document.

Devlin et al. 2019 (https://arxiv.org/abs/1810.04805), appendix A.2: A and B are whole
sentences in a row of one document, or B is from another one; together they have T - 3
tokens at most, one time in ten fewer.

Shapes: B pairs, T tokens of the longest, N tokens of a split in M sentences.
"""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from dl_core.types import Array, Batch, Key

SHORTER = 0.1  # share of pairs that are shorter than they could be
SPECIAL = 3  # [CLS] A [SEP] B [SEP]


class Sentences(NamedTuple):
  """A split: the tokens of its sentences, one after the other.

  Attributes:
    ids: [N].
    starts: [M + 1], where each sentence begins, and N.
    first, end: [M], numbers of the first sentence of its document, and of the one
      after its last.
    begun: numbers of the sentences that are followed by another one of their document.
  """

  ids: Any
  starts: Any
  first: Any
  end: Any
  begun: Any


def pairs(
  found: Sentences, key: Key, size: int, *, longest: int, marks: Mapping[str, int]
) -> Batch:
  """Draws B pairs of passages of a split, as a Batch; see `load`."""
  found = jax.tree.map(jnp.asarray, found)
  each = functools.partial(pair, found, longest=longest, marks=marks)
  tokens, segments, lengths, random = jax.vmap(each)(jax.random.split(key, size))
  x = {'tokens': tokens, 'segments': segments, 'lengths': lengths}
  weight = jnp.ones(size, jnp.float32)
  return Batch(x, {'next': random}, {'next': weight})


def pair(
  found: Sentences, key: Key, *, longest: int, marks: Mapping[str, int]
) -> tuple[Array, ...]:
  """Draws one pair: tokens [T], segments [T], its length, and whether B is random."""
  keys = iter(jax.random.split(key, 8))
  within = lambda low, high: jax.random.randint(next(keys), (), low, high)
  most = longest - SPECIAL
  room = jnp.where(jax.random.uniform(next(keys)) < SHORTER, within(2, most + 1), most)
  i = found.begun[within(0, len(found.begun))]
  start, first, end = found.starts[i], found.first[i], found.end[i]
  # The last boundary that A could end at: it fits, and a sentence follows.
  fits = jnp.searchsorted(found.starts, start + room, side='right') - 1
  j = within(i + 1, jnp.clip(fits, i + 1, end - 1) + 1)
  size = end - first
  other = within(0, len(found.first) - size)
  random = jax.random.uniform(next(keys)) < 0.5
  b = jnp.where(random, jnp.where(other < first, other, other + size), j)
  whole, rest = found.starts[j] - start, found.starts[found.end[b]] - found.starts[b]
  second = jnp.minimum(rest, jnp.maximum(room - whole, room // 2))
  one = jnp.minimum(whole, room - second)
  # A that is too long loses its beginning or its end.
  start += jnp.where(jax.random.uniform(next(keys)) < 0.5, whole - one, 0)
  place = jnp.arange(longest)
  in_second = place >= one + 2
  source = jnp.where(in_second, found.starts[b] + place - one - 2, start + place - 1)
  tokens = found.ids[jnp.clip(source, 0, len(found.ids) - 1)]
  length = one + second + SPECIAL
  stops = (place == one + 1) | (place == length - 1)
  tokens = jnp.where(stops, marks['stop'], tokens)
  tokens = jnp.where(place == 0, marks['start'], tokens)
  tokens = jnp.where(place < length, tokens, marks['pad']).astype(jnp.int32)
  segments = (in_second & (place < length)).astype(jnp.int32)
  return tokens, segments, length.astype(jnp.int32), random.astype(jnp.int32)
