"""Batches of images with the boxes and classes of their objects.

Shapes: B images, H x W pixels of the frame, C channels, at most N objects and P
proposals of an image.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import (
  annotated,
  batches,
  cache,
  generated,
  images,
  outlines,
  pillow,
  proposals,
  splits,
  stored,
)
from dl_core.types import Batch, Data, Key, Spec

VERSION = 1  # raised whenever the decoded arrays change
CHUNK = 256  # images decoded at a time
COUNTED = 5_000  # training images, at most, whose boxes `Data.objects` reads
EVALUATED = 16  # images of an evaluation batch: each has many regions
INPUTS = ('image', 'extent', 'proposals', 'proposed')


def load(
  c: Config,
  found: annotated.Annotated,
  size: tuple[int, int],
  most: int,
  *,
  channels: int = 3,
  train_size: int = 0,
  searched: proposals.Searched | None = None,
  augment: Callable[[Key, Batch], Batch] = lambda key, batch: batch,
  normalise: tuple[Any, Any] = (0.0, 1.0),
) -> Data:
  """Makes the Data of a set of images with objects; no example is read before a batch.

  Batches hold x {'image': float32 [B, H, W, C], 'extent': float32 [B, 2], the height
  and width of the image inside of its frame}; y {'boxes': float32 [B, N, 4], 'labels':
  int32 [B, N], -1 where there is no object}; weight {'image': [B], 'boxes': [B, N]}, 0
  for padding and for difficult objects.

  Args:
    c: `batch_size` and `resident_bytes` are used.
    found: the set.
    size: height and width of the frame; images are scaled evenly into its top left.
    most: N; an image with more objects is refused.
    channels: C.
    train_size: training images that are kept, drawn by a fixed seed; 0: all.
    searched: how regions are proposed; x then has 'proposals' float32 [B, P, 4] and
      'proposed' [B, P], 1 where there is a proposal. A set that is read batch by batch
      is searched anew in every epoch. None: x has no proposals.
    augment: (key, Batch) -> Batch, in training alone.
    normalise: mean and standard deviation of pixels in [0, 1], each one number or one
      per channel.

  Returns:
    Data whose `read` adds a 'scale' to x, pixels of the frame per pixel of the image.
  """
  shape = (*size, channels)
  parts = splits.parts(found.source, found.declared, train_size, False)
  standardise = images.standardised(normalise)

  def prepare(x):
    return x | {'image': standardise(x['image'])}

  def read(path):
    image, scale = annotated.fitted(decoded := pillow.decoded(pillow.read(path)), shape)
    sides = np.array([decoded.height, decoded.width])
    extent = np.minimum(np.ceil(sides * scale), size).astype(np.float32)
    x = {'image': image, 'extent': extent, 'scale': np.float32(scale)}
    return x | (proposals.of_image(image, extent, searched) if searched else {})

  floats = lambda *sides: jax.ShapeDtypeStruct((c.batch_size, *sides), np.float32)
  labels = jax.ShapeDtypeStruct((c.batch_size, most), np.int32)
  x = {'image': floats(*shape), 'extent': floats(2)}
  if searched:
    p = searched.most
    x |= {'proposals': floats(p, 4), 'proposed': floats(p)}
  spec = Spec(
    Batch(
      x,
      {'boxes': floats(most, 4), 'labels': labels},
      {'image': floats(), 'boxes': floats(most)},
    ),
    found.source,
    found.classes,
    channels=channels,
    native=found.native,
  )
  options: dict[str, Any] = {
    'prepare': prepare,
    'evaluated': EVALUATED,
    'augment': augment,
    'baseline': lambda train, test: {'map': 0.0},
    'read': read,
    'notes': parts.notes + found.notes,
    'declaration': stored.packed(found.features),
  }
  given = splits.numbered(found.source, parts, lambda: found.count('train'))
  if found.declared['train'] * math.prod(shape) <= c.resident_bytes:
    whole = _whole(found, shape, most)

    def load_split(name):
      arrays = _picked(whole, given, name)
      if searched:
        place = found.place() if found.place else found.own
        arrays |= proposals.kept(arrays, name, searched, place)
      return batches_of(arrays)

    data = batches.resident(spec, load_split, **options)
  else:

    def some(name, numbers):
      split, rows = given(name)
      own = rows[numbers] if rows is not None else numbers
      arrays = annotated.stacked(found.entries(split, own), shape, most)
      if searched:
        arrays |= proposals.of_set(arrays['image'], arrays['extent'], searched)
      return batches_of(arrays)

    def count(name):
      split, rows = given(name)
      return len(rows) if rows is not None else found.count(split)

    examples = batches.Examples(count, some, lambda split: None, found.digests)
    data = batches.streamed(spec, examples, **options)

  def objects():
    split, rows = given('train')
    numbers = range(found.count(split)) if rows is None else rows.tolist()
    numbers = numbers[:: -(-len(numbers) // COUNTED)]
    chunks = (numbers[n : n + CHUNK] for n in range(0, len(numbers), CHUNK))
    entries = (entry for chunk in chunks for entry in found.entries(split, chunk))
    return outlines.read(entries, shape)

  return data._replace(sample=functools.partial(sample, spec), objects=objects)


def sample(spec: Spec, key: Key) -> Batch:
  """Draws a batch like the data's, whose boxes lie inside of their images."""
  batch = generated.drawn(spec, key)
  height, width = spec.batch.x['image'].shape[1:3]
  random = np.random.RandomState(0)

  def boxes(like):
    low = random.uniform(0, 0.5, (*like.shape[:-1], 2))
    high = low + random.uniform(0.1, 0.5, low.shape)
    corners = np.concatenate([low, high], axis=-1)
    return (corners * [width, height, width, height]).astype(np.float32)

  x = batch.x | {'extent': np.full_like(batch.x['extent'], [height, width])}
  if 'proposals' in x:
    ones = np.ones_like(x['proposed'])
    x |= {'proposals': boxes(x['proposals']), 'proposed': ones}
  return batch._replace(x=x, y=batch.y | {'boxes': boxes(batch.y['boxes'])})


def batches_of(arrays: dict[str, np.ndarray]) -> tuple[Any, Any, Any]:
  """Returns (x, y, weight) of the arrays of `annotated.Framed` and proposals."""
  x = {name: each for name, each in arrays.items() if name in INPUTS}
  y = {'boxes': arrays['boxes'], 'labels': arrays['labels']}
  ones = np.ones(len(arrays['image']), np.float32)
  return x, y, {'image': ones, 'boxes': arrays['weight']}


def _whole(
  found: annotated.Annotated, shape: tuple[int, ...], most: int
) -> Callable[[str], dict[str, np.ndarray]]:
  """Makes (the set's split) -> its decoded arrays, cached beside the set."""

  def decode(split):
    numbers = range(found.count(split))
    chunks = [
      annotated.stacked(
        found.entries(split, numbers[start : start + CHUNK]), shape, most
      )
      for start in range(0, len(numbers), CHUNK)
    ]
    return {
      name: np.concatenate([each[name] for each in chunks])
      for name in annotated.Framed._fields
    }

  @functools.cache
  def whole(split):
    if found.place is None:
      return decode(split)
    sides = 'x'.join(map(str, shape))
    name = f'{split}-objects-{sides}-{most}-{VERSION}.npz'
    return cache.cached(found.place() / 'decoded' / name, lambda: decode(split))

  return whole


def _picked(whole: Callable, given: Callable, name: str) -> dict[str, np.ndarray]:
  split, rows = given(name)
  arrays = whole(split)
  return (
    dict(arrays) if rows is None else {key: each[rows] for key, each in arrays.items()}
  )
