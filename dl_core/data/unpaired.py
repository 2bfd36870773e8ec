"""Two sets of images side by side, each fed in its own order: domains to translate.

Which images of the two come together in training is drawn anew in every epoch, so
nothing is learnt from it; a set's validation and test keep their order, and are pairs
where the set has pairs.

Shapes: B images, S pixels of a side, C channels.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.config import Config
from dl_core.data import (
  batches,
  cache,
  declarations,
  folder,
  images,
  pillow,
  sources,
  views,
)
from dl_core.types import Batch, Data, Spec, UserError

SIDES = ('first', 'second')  # names of the domains


def load(
  c: Config,
  size: int,
  channels: int = 3,
  normalise: tuple[Any, Any] = (0.5, 0.5),
) -> Data:
  """Makes the Data of a prepared set of pairs, such as `domains`; it reads no example.

  Batches hold x {'first', 'second'}, float32 [B, S, S, C] each, y {'first', 'second'},
  int32 [B], which classes they show, and weights alike.

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used.
    size: S; see `pillow.fitted`.
    channels: C.
    normalise: see `images.load`.

  Raises:
    UserError: there is no such set, or its examples hold no pairs.
  """
  declaration = sources.declare(c.dataset, c.data_dir)
  none = declarations.Feature('')
  kinds = [declaration.features.get(side, none).kind for side in SIDES]
  label = declaration.features.get('first_label', none)
  if kinds != ['Image', 'Image'] or label.kind != 'ClassLabel':
    held = ', '.join(f'{key} ({f.kind})' for key, f in declaration.features.items())
    raise UserError(
      f'--dataset={c.dataset} was given, whose examples hold {held}; wanted are first '
      'and second (Image) with first_label and second_label (ClassLabel), as in domains'
    )
  frame = pillow.Frame((size, size, channels))

  def one(side: str) -> Data:
    return batches.resident(
      images.declared(c, size, channels, declaration.source, label.names),
      functools.partial(decoded, declaration, side, frame),
      prepare=images.standardised(normalise),
    )

  def read(path: str) -> np.ndarray:
    image = pillow.framed(pillow.decoded(pillow.read(path)), frame)
    return images.standardised(normalise)(image)

  joint = joined(*map(one, SIDES))
  return joint._replace(notes=declaration.notes, read=read)


def alone(data: Data, side: str) -> Data:
  """Returns the labelled images of one domain of joined data."""
  view = lambda batch: Batch(*(part[side] for part in batch))
  spec = data.spec._replace(batch=view(data.spec.batch))
  return views.viewed(data, view)._replace(spec=spec)


def told_apart(data: Data) -> Data:
  """Returns the images of both domains of joined data; labels say which it is of."""

  def view(batch: Batch) -> Batch:
    x, weight = (
      jnp.concatenate([p[s] for s in SIDES]) for p in (batch.x, batch.weight)
    )
    return Batch(x, jnp.arange(len(x), dtype=jnp.int32) // (len(x) // 2), weight)

  spec = data.spec._replace(batch=jax.eval_shape(view, data.spec.batch), classes=SIDES)
  return views.viewed(data, view)._replace(spec=spec)


def decoded(
  declaration: declarations.Declaration, side: str, frame: pillow.Frame, split: str
) -> folder.Arrays:
  """Returns the images and labels of one side of a split, cached beside the set."""
  whole = sources.prepare(declaration)

  def files():
    rows = sources.examples(declaration, split, encoded=SIDES)
    for number, example in enumerate(rows):
      name = f'{side} image {number} of {split} in {whole.folder}'
      yield pillow.File(name, example[side]), example[f'{side}_label']

  shape = 'x'.join(map(str, frame.shape))
  place = whole.folder / 'decoded' / f'{split}-{side}-{shape}-{folder.FITTING}.npz'
  make = lambda: folder.stacked(files(), whole.counts[split], frame)._asdict()
  return folder.Arrays(**cache.cached(place, make))


def joined(first: Data, second: Data) -> Data:
  """Returns data whose batches hold those of two others side by side.

  Each is fed under a key of its own, in an order of its own. Of splits of different
  length, an evaluation ends with the shorter one.
  """
  pair = lambda a, b: dict(zip(SIDES, (a, b), strict=True))
  beside = lambda a, b: Batch(*map(pair, a, b))
  own = lambda key: jax.random.split(key)

  def feed(key, step):
    return tuple(
      data.feed(k, step) for data, k in zip((first, second), own(key), strict=True)
    )

  def take(arrays, key, step):
    keys = own(key)
    return beside(
      first.take(arrays[0], keys[0], step), second.take(arrays[1], keys[1], step)
    )

  def rows(key, step):
    assert first.rows
    assert second.rows
    keys = own(key)
    found = first.rows(keys[0], step), second.rows(keys[1], step)
    return np.concatenate([np.asarray(each) for each in found])

  def split(name):
    return lambda: map(beside, first.splits[name](), second.splits[name]())

  spec = first.spec
  return Data(
    spec=Spec(
      beside(spec.batch, second.spec.batch),
      spec.source,
      spec.classes,
      channels=spec.channels,
    ),
    feed=feed,
    take=take,
    splits={name: split(name) for name in first.splits},
    rows=rows,
    digests=lambda: {
      f'{side} {name}': digest
      for side, data in zip(SIDES, (first, second), strict=True)
      for name, digest in data.digests().items()
    },
    notes=first.notes,
  )
