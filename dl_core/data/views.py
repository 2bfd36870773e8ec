"""Other views of a set: the same examples, asked another question.

Shapes: B examples, H x W pixels, C channels.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Batch, Data

WEIGHTS = ('example', 'place')


def parity(data: Data) -> Data:
  """Returns data whose label is whether the number of the class is odd.

  Args:
    data: of labelled images; whoever wants a constant answer asks `data` itself.
  """

  def view(batch: Batch) -> Batch:
    return batch._replace(y=batch.y % 2)

  return viewed(data, view)._replace(spec=data.spec._replace(classes=('even', 'odd')))


def itself(
  data: Data, levels: int = 0, weight: str = 'example', with_classes: bool = False
) -> Data:
  """Returns data whose label is the input: y is x, after any augmentation.

  The labels of the set are dropped unless `with_classes`, and with them the best
  constant answer to them; whoever colours a picture by class asks `data` itself.

  Args:
    data: any; for `levels`, its x is in [0, 1].
    levels: number of integer levels that y has: round(x · (levels - 1)), int32; 0: y
      is x as it is.
    weight: what carries a weight, as the loss counts it. 'example': it stays [B], for
      a loss that sums over the places of an example. 'place': every place of y has the
      weight of its example, [B, H, W, C], for a loss of each place.
    with_classes: whether x holds the labels of the set beside the images; see `beside`.
  """
  if weight not in WEIGHTS:
    raise ValueError(f'{weight=} is none of {", ".join(WEIGHTS)}')

  def level(x):
    return (x * np.float32(levels - 1)).round().astype(np.int32) if levels else x

  def spread(of, y):
    return jnp.broadcast_to(of.reshape(-1, *(1,) * (y.ndim - 1)), y.shape)

  def view(batch: Batch) -> Batch:
    y: Any = jax.tree.map(level, batch.x)
    x = beside(batch.x, batch.y if with_classes else None)
    if weight == 'example':
      return Batch(x, y, batch.weight)
    return Batch(x, y, jax.tree.map(lambda leaf: spread(batch.weight, leaf), y))

  return viewed(data, view)._replace(
    spec=data.spec._replace(
      batch=jax.eval_shape(view, data.spec.batch),
      classes=data.spec.classes if with_classes else (),
    )
  )


def beside(images: Any, classes: Any) -> Any:
  """Returns the x of images and their classes [B]; without classes, the images."""
  return images if classes is None else {'image': images, 'class': classes}


def parted(x: Any) -> tuple[Any, Any]:
  """Undoes `beside`: returns the images, and their classes or None."""
  return (x['image'], x['class']) if isinstance(x, dict) else (x, None)


def viewed(data: Data, view: Callable[[Batch], Batch]) -> Data:
  """Returns data whose batches are views of others, without a constant answer."""
  sample = data.sample

  def split(batches):
    return lambda: map(view, batches())

  return data._replace(
    take=lambda arrays, key, step: view(data.take(arrays, key, step)),
    splits={name: split(batches) for name, batches in data.splits.items()},
    baseline=dict,
    sample=(lambda key: view(sample(key))) if sample else None,
  )
