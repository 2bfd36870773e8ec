"""Augments training images: (key, images) -> images with the same labels.

`on_x` makes the change of a batch, (key, Batch) -> Batch, that a data set wants. What
moves labels, boxes or masks together with their images is such a change itself.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array, Batch, Key

# Principal components of the colours of ImageNet's pixels, in [0, 1], as columns, and
# how far each reaches, in the units of facebookarchive/fb.resnet.torch.
COMPONENTS = np.array(
  [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
)
REACHES = np.array([0.2175, 0.0188, 0.0045])


def join(*changes: Callable[[Key, Any], Any]) -> Callable[[Key, Any], Any]:
  """Returns the change, of images or of batches, that makes all of these, in order."""

  def changed(key: Key, changing: Any) -> Any:
    for own_key, change in zip(
      jax.random.split(key, len(changes)), changes, strict=True
    ):
      changing = change(own_key, changing)
    return changing

  return changed


def on_x(change: Callable[[Key, Any], Any]) -> Callable[[Key, Batch], Batch]:
  """Returns the change of a batch that changes its x and leaves the labels alone."""
  return lambda key, batch: batch._replace(x=change(key, batch.x))


def on_maps(
  x: Callable[[Key, Array], Array],
  y: Callable[[Key, Array], Array],
  weight: Callable[[Key, Array], Array],
) -> Callable[[Key, Batch], Batch]:
  """Returns the change of a batch that moves label maps together with their images.

  Args:
    x, y, weight: (key, maps [B, H, W, C]) -> maps, each called with the same key; C is
      1 for labels and weights, which a batch holds as [B, H, W].
  """

  def moved(key: Key, batch: Batch) -> Batch:
    flat = lambda change, maps: change(key, maps[..., None])[..., 0]
    return Batch(x(key, batch.x), flat(y, batch.y), flat(weight, batch.weight))

  return moved


def together(change: Callable[[Key, Array], Array]) -> Callable[[Key, Batch], Batch]:
  """Makes the augmentation that moves images, label maps and weights alike."""
  return on_maps(change, change, change)


def shaded(background: float) -> Callable[[Key, Batch], Batch]:
  """Makes the augmentation that multiplies weights at class 0 by `background`."""
  return lambda key, batch: batch._replace(
    weight=jnp.where(batch.y == 0, background * batch.weight, batch.weight)
  )


def recoloured(key: Key, images: Array) -> Array:
  """Exchanges the colour channels of each image [B, H, W, C] at random."""
  order = jnp.argsort(jax.random.uniform(key, (len(images), images.shape[-1])), axis=1)
  return jnp.take_along_axis(images, order[:, None, None], axis=-1)


def flip(key: Key, images: Array) -> Array:
  """Mirrors each image [B, H, W, C], left for right, or leaves it: as likely."""
  mirrored = jax.random.bernoulli(key, shape=(len(images), 1, 1, 1))
  return jnp.where(mirrored, images[:, :, ::-1], images)


def turn(key: Key, images: Array) -> Array:
  """Turns and mirrors each square image [B, H, H, C] in one of the eight ways."""
  ways = jax.random.bernoulli(key, shape=(3, len(images), 1, 1, 1))
  images = jnp.where(ways[0], images[:, :, ::-1], images)
  images = jnp.where(ways[1], images[:, ::-1], images)
  return jnp.where(ways[2], images.swapaxes(1, 2), images)


def noise(most: float) -> Callable[[Key, Array], Array]:
  """Adds Gaussian noise to the pixels of each image, little to some and more to others.

  Args:
    most: the largest deviation; every one from 0 to `most` is as likely.

  Returns:
    (key, images [B, H, W, C]) -> images.
  """

  def noisy(key: Key, images: Array) -> Array:
    strength_key, noise_key = jax.random.split(key)
    shape = (len(images), 1, 1, 1)
    deviation = jax.random.uniform(strength_key, shape, images.dtype, 0, most)
    return images + deviation * jax.random.normal(noise_key, images.shape, images.dtype)

  return noisy


def shift(most: int, fill: float | None = None) -> Callable[[Key, Array], Array]:
  """Moves each image by up to `most` pixels down or up, and right or left.

  Args:
    most: the largest distance; every one from -most to most is as likely.
    fill: value of the pixels that come in; None repeats those at the edge.

  Returns:
    (key, images [B, H, W, C]) -> images.
  """

  def moved(key: Key, images: Array) -> Array:
    batch, height, width, _ = images.shape
    down, right = jax.random.randint(key, (2, batch, 1), -most, most + 1)
    rows = jnp.arange(height)[None] - down  # [B, H], where each row comes from
    columns = jnp.arange(width)[None] - right
    example = jnp.arange(batch)[:, None, None]
    # One gather takes 75 µs for [64, 32, 32, 1] on a CPU, a dynamic_slice of each
    # padded image under vmap 150 µs, a choice among shifted copies 185 µs.
    result = images[
      example,
      jnp.clip(rows, 0, height - 1)[:, :, None],
      jnp.clip(columns, 0, width - 1)[:, None, :],
    ]
    if fill is None:
      return result
    inside = ((rows >= 0) & (rows < height))[:, :, None, None]
    inside &= ((columns >= 0) & (columns < width))[:, None, :, None]
    return jnp.where(inside, result, jnp.asarray(fill, images.dtype))

  return moved


def crop(size: int, least: float) -> Callable[[Key, Array], Array]:
  """Takes a part of each image, of any place, size and shape, and scales it.

  Section 6 of Szegedy et al. 2015 (https://arxiv.org/abs/1409.4842): the part's share
  of the area is drawn from [least, 1], the logarithm of its aspect ratio from those in
  [log 3/4, log 4/3] at which so large a part still fits (the paper does not say what
  happens to others; torchvision draws again). Bilinear, with antialiasing: two products
  of matrices an image.

  Args:
    size: sides of what comes out.
    least: see above, in (0, 1].

  Returns:
    (key, images [B, H, W, C]) -> images [B, size, size, C].
  """

  def cropped(key: Key, images: Array) -> Array:
    batch, *sides, channels = images.shape
    area_key, ratio_key, place_key = jax.random.split(key, 3)
    area = jax.random.uniform(area_key, (batch, 1), minval=least)
    most = jnp.minimum(math.log(4 / 3), -jnp.log(area))
    ratio = jnp.exp(most * jax.random.uniform(ratio_key, (batch, 1), minval=-1))
    share = jnp.sqrt(jnp.concatenate([area / ratio, area * ratio], axis=1))
    share = jnp.minimum(share, 1)  # [B, 2], of the height and of the width; rounding
    start = jax.random.uniform(place_key, (batch, 2)) * (1 - share)
    scale = size / (share * jnp.array([sides], jnp.float32))
    resample = functools.partial(
      jax.image.scale_and_translate,
      shape=(size, size, channels),
      spatial_dims=(0, 1),
      method='linear',
    )
    move = -start / share * size
    return jax.vmap(lambda image, s, t: resample(image, scale=s, translation=t))(
      images, scale, move
    )

  return cropped


def centre(size: int, images: Array) -> Array:
  """Returns the middle [..., size, size, C] of images [..., H, W, C]."""
  top, left = ((side - size) // 2 for side in images.shape[-3:-1])
  return images[..., top : top + size, left : left + size, :]


def colour(
  deviation: Sequence[float], strength: float
) -> Callable[[Key, Array], Array]:
  """Adds a colour to all pixels of an image, as a change of the light would.

  Section 4.1 of Krizhevsky et al. 2012 (https://doi.org/10.1145/3065386): of every
  principal component of ImageNet's colours, N(0, strength²) times how far it reaches.

  Args:
    deviation: that pixels in [0, 1] were divided by, one for each of three channels.
    strength: 0.1 in the paper.

  Returns:
    (key, images [B, H, W, 3]) -> images.
  """
  colours = jnp.asarray(COMPONENTS * REACHES / np.asarray(deviation)[:, None])

  def shifted(key: Key, images: Array) -> Array:
    amounts = strength * jax.random.normal(key, (len(images), len(REACHES)))
    added = amounts @ colours.T.astype(images.dtype)
    return images + added[:, None, None].astype(images.dtype)

  return shifted
