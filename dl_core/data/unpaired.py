"""Two sets of images side by side, each fed in its own order: domains to translate.

The pairing of training images is random and changes in every epoch, so nothing is
learnt from it. Two kinds of sets have domains:

  prepared   first and second, with first_label and second_label, such as `domains`: the
             two images of a validation or test example are a pair
  folder     DIR/trainA/* and DIR/trainB/*, of any numbers, without classes or pairs

Shapes: B images, S pixels of a side, C channels.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import config
from dl_core.config import Config
from dl_core.data import folder, images, listing, sources, stored, stream, views
from dl_core.data.declarations import Feature
from dl_core.types import Batch, Data, Spec, UserError

SIDES = ('first', 'second')  # names of the domains


def load(
  c: Config,
  size: int,
  channels: int = 3,
  normalise: tuple[Any, Any] = (0.5, 0.5),
  least: int = 0,
) -> Data:
  """Makes the Data of a set of two domains, such as `domains`; it reads no example.

  Batches hold x {'first', 'second'}, float32 [B, S, S, C] each, y {'first', 'second'},
  int32 [B], which classes they show (0 where `Spec.classes` is ()), and weights alike.

  Args:
    c: `dataset`, `data_dir`, `batch_size` and `resident_bytes` are used.
    size: S; see `pillow.fitted`.
    channels: C.
    normalise: see `images.made`.
    least: smallest B, where half of the smaller domain allows it.

  Raises:
    UserError: there is no such set, or it does not have two domains.
  """
  found = sides(c.dataset, c.data_dir)
  half = min(each.declared['train'] for each in found) // 2
  c = dataclasses.replace(c, batch_size=max(c.batch_size, min(least, half)))

  def one(name: str, of: folder.Images) -> Data:
    named = of._replace(source=name)
    return images.made(c, named, size, channels, normalise=normalise)

  smaller = int(found[1].declared['train'] < found[0].declared['train'])
  first, second = map(one, called(c, found), found)
  joint = joined(first, second, smaller)
  features = {
    {'image': side, 'label': f'{side}_label'}[name]: feature
    for side, each in zip(SIDES, found, strict=True)
    for name, feature in each.features.items()
  }
  return joint._replace(
    spec=joint.spec._replace(source=found[0].source),
    declaration=stored.packed(features),
  )


def sides(name: str, data_dir: str) -> tuple[folder.Images, ...]:
  """Finds the images of both domains of a set, reading none.

  Raises:
    UserError: there is no such set, or it does not have two domains.
  """
  if name == 'folder' and not stored.declaration(name, data_dir):
    root, found = config.path(data_dir), listing.domains(data_dir)
    return tuple(
      folder.listed(root / f'train{domain}', each)
      for domain, each in zip(listing.DOMAINS, found, strict=True)
    )
  features = sources.declare(name, data_dir).features
  if any(features.get(side, Feature('')).kind != 'Image' for side in SIDES):
    held = ', '.join(f'{key} ({feature.kind})' for key, feature in features.items())
    raise UserError(
      f'--dataset={name} was given, whose examples hold {held}; wanted are first and '
      'second (Image), as in domains, or your own images: --dataset=folder reads '
      'DIR/trainA and DIR/trainB of --data_dir=DIR'
    )
  return tuple(folder.prepared(name, data_dir, folder.OPTIONAL, side) for side in SIDES)


def called(c: Config, found: Sequence[folder.Images]) -> list[str]:
  """Returns what error sentences call the two domains: of a user's own, the folders."""
  if c.dataset == 'folder':
    return [str(config.path(c.data_dir) / f'train{name}') for name in listing.DOMAINS]
  return [
    f'the {side} domain of {of.source}' for side, of in zip(SIDES, found, strict=True)
  ]


def alone(data: Data, side: str) -> Data:
  """Returns the labelled images of one domain of joined data."""
  view = lambda batch: Batch(*(part[side] for part in batch))
  spec = data.spec._replace(batch=view(data.spec.batch))
  return views.viewed(data, view)._replace(spec=spec)


def domain_labelled(data: Data) -> Data:
  """Returns the images of both domains of joined data; labels say which it is of."""

  def view(batch: Batch) -> Batch:
    x, weight = (
      jnp.concatenate([p[s] for s in SIDES]) for p in (batch.x, batch.weight)
    )
    return Batch(x, jnp.arange(len(x), dtype=jnp.int32) // (len(x) // 2), weight)

  spec = data.spec._replace(batch=jax.eval_shape(view, data.spec.batch), classes=SIDES)
  return views.viewed(data, view)._replace(spec=spec)


def joined(first: Data, second: Data, ahead: int = 0) -> Data:
  """Returns data whose batches hold those of two others side by side.

  Each is fed under a key of its own, in an order of its own, and has epochs of its own
  length. In evaluation, images of the longer split that have no counterpart stand
  beside images of weight 0.

  Args:
    first, second: the domains.
    ahead: number of the domain that is fed first, 0 or 1. The error of a batch that is
      larger than both domains then names that one.
  """
  pair = lambda a, b: dict(zip(SIDES, (a, b), strict=True))
  beside = lambda a, b: Batch(*map(pair, a, b))
  own = lambda key: jax.random.split(key)

  def feed(key, step):
    parts, keys = (first, second), own(key)
    fed = {n: parts[n].feed(keys[n], step) for n in (ahead, 1 - ahead)}
    return fed[0], fed[1]

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
    return lambda: itertools.starmap(
      lambda *parts: beside(*evened(*parts)),
      itertools.zip_longest(first.splits[name](), second.splits[name]()),
    )

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
    read=first.read,
    notes=first.notes,
  )


def evened(*parts: Batch | None) -> list[Batch]:
  """Pads host batches to the size of the largest; padding has weight 0.

  Args:
    *parts: the batches, of like examples; None: without an example.
  """
  given = [part for part in parts if part]
  index = np.arange(max(len(part.weight) for part in given))

  def filled(part: Batch | None) -> Batch:
    real = index < (len(part.weight) if part else 0)
    batch = stream.at(part or given[0], np.where(real, index, 0))
    return batch._replace(weight=batch.weight * real.astype(np.float32))

  return list(map(filled, parts))
