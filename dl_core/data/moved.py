"""Augments images together with the boxes of their objects.

Shapes: B images, H x W pixels, N objects.
"""

import jax
import jax.numpy as jnp

from dl_core.types import Array, Batch, Key


def flipped(key: Key, batch: Batch) -> Batch:
  """Mirrors half of the images of a `detection` batch, left for right, and their boxes.

  An image that does not fill its frame is mirrored inside of its extent.
  """
  image, width = batch.x['image'], batch.x['extent'][:, 1]
  chosen = jax.random.bernoulli(key, shape=(len(image),))
  wide = width[:, None].astype(jnp.int32)
  columns = jnp.arange(image.shape[2])[None]
  other = jnp.where(columns < wide, wide - 1 - columns, columns)  # [B, W]
  mirrored = jnp.take_along_axis(image, other[:, None, :, None], axis=2)
  x = batch.x | {'image': jnp.where(chosen[:, None, None, None], mirrored, image)}
  if 'proposals' in x:
    x['proposals'] = boxes(x['proposals'], width, chosen)
  moved = boxes(batch.y['boxes'], width, chosen)
  moved = jnp.where(batch.y['labels'][..., None] >= 0, moved, batch.y['boxes'])
  return batch._replace(x=x, y=batch.y | {'boxes': moved})


def boxes(given: Array, width: Array, chosen: Array) -> Array:
  """Mirrors the boxes [B, N, 4] of the chosen images, whose widths are [B]."""
  left, top, right, bottom = (given[..., n] for n in range(4))
  wide = width[:, None]
  mirrored = jnp.stack([wide - right, top, wide - left, bottom], axis=-1)
  return jnp.where(chosen[:, None, None], mirrored, given)


def turned(key: Key, batch: Batch) -> Batch:
  """Mirrors half of the images of a batch, top for bottom, and their boxes."""
  swap = lambda values: values[..., [1, 0, 3, 2]]
  over = lambda batch: batch._replace(
    x=batch.x
    | {
      'image': batch.x['image'].swapaxes(1, 2),
      'extent': batch.x['extent'][:, ::-1],
    }
    | ({'proposals': swap(batch.x['proposals'])} if 'proposals' in batch.x else {}),
    y=batch.y | {'boxes': swap(batch.y['boxes'])},
  )
  return over(flipped(key, over(batch)))
