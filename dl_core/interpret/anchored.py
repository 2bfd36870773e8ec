"""Do the anchors fit the objects? How much each object overlaps its best anchor.

Objects that are much smaller or larger than every anchor are learned from the single
best one, if at all: the usual reason why a detector finds nothing in a user's own data.

Shapes: A shapes of anchors, N objects of all images, K classes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dl_core import interpret
from dl_core.data.outlines import Objects
from dl_core.layers import boxes
from dl_core.report import draw
from dl_core.tasks.proposals import Proposing
from dl_core.types import Data, Picture

SHARES = (0.5, 0.7)  # overlaps
FEW = 0.5  # share of some objects below which a sentence says so
RARE = 0.05  # share of all objects below which a size is not named


def remarks(settings: Proposing) -> Callable[[Data], list[str]]:
  """Makes the `remarks` of an experiment: how many objects have an anchor that fits.

  Args:
    settings: of the detector; only its anchors are read.
  """

  def said(data):
    assert data.objects, 'images of a detector have boxes'
    objects = data.objects()
    if not len(objects.boxes):
      return []
    best = overlaps(settings, objects)
    half, most = (f'{np.mean(best >= least):.1%}' for least in SHARES)
    fit = (
      f'{half} of {len(best):,} training objects have an anchor of overlap '
      f'{SHARES[0]} or more, {most} of {SHARES[1]}'
    )
    poor = worst(best, objects)
    return [f'{fit}; {advice(settings, objects, poor)}' if poor.any() else fit]

  return said


def worst(best: np.ndarray, objects: Objects) -> np.ndarray:
  """Returns which objects [N] are of the size that anchors fit least; none if all do.

  Of one size are objects whose widths and heights are the same up to a factor of √2.

  Args:
    best: overlap of each object with its best anchor [N].
    objects: see above.
  """
  sides = objects.boxes[:, 2:] - objects.boxes[:, :2]
  levels = np.rint(2 * np.log2(np.maximum(sides, 1)))
  _, which, counts = np.unique(levels, axis=0, return_inverse=True, return_counts=True)
  fit = np.bincount(which, best >= SHARES[0]) / counts
  least = min(RARE * len(best), counts.max())
  found = int(np.argmin(np.where(counts >= least, fit, np.inf)))
  return (which == found) & bool(fit[found] < FEW)


def advice(settings: Proposing, objects: Objects, poor: np.ndarray) -> str:
  """Returns in words which objects have no anchor, and which flags give them one.

  Args:
    settings, objects: see above.
    poor: bool [N], objects of about the same size.
  """
  few = Objects(*(each[poor] for each in objects))
  share = lambda other: np.mean(overlaps(other, few) >= SHARES[0])
  sides = np.median(few.boxes[:, 2:] - few.boxes[:, :2], axis=0)
  width, height = np.maximum(sides, 1)
  sizes = sorted({*settings.sizes, round(float(np.sqrt(width * height)))})
  ratios = sorted({*settings.ratios, round(float(height / width), 2)})
  count = np.sum(overlaps(settings, few) >= SHARES[0])
  begun = (
    f'only {count:,} of the {len(few.boxes):,} of about {width:.0f} x {height:.0f} '
    f'pixels have one of {SHARES[0]}: '
  )
  listed = lambda values: ','.join(f'{value:g}' for value in values)
  both: dict[str, Any] = {'sizes': sizes, 'ratios': ratios}
  for keys in (('sizes',), ('ratios',), ('sizes', 'ratios')):
    more = {key: both[key] for key in keys}
    if share(settings._replace(**more)) >= FEW:
      names = {'sizes': 'anchors', 'ratios': 'ratios'}
      flags = (f'--{names[key]}={listed(values)}' for key, values in more.items())
      return f'{begun}give {" ".join(flags)}'
  return (
    f'{begun}places of anchors are {settings.stride} pixels apart, give a larger '
    '--image_size'
  )


def report(settings: Proposing) -> interpret.Report:
  """Shows the share of each class's objects that some anchor overlaps enough.

  Args:
    settings: of the detector; only its anchors are read.
  """

  def pictures(variables, observed, data, key):
    del variables, observed, key
    objects = data.objects()
    best, labels = overlaps(settings, objects), objects.labels
    names = data.spec.classes
    shares = [
      [float(np.mean(best[labels == k] >= least)) if np.any(labels == k) else 0.0
       for k in range(len(names))]
      for least in SHARES
    ]  # fmt: skip
    few = [name for name, share in zip(names, shares[0], strict=True) if share < FEW]
    more = (
      f' Fewer than half of the objects of {", ".join(few)} have an anchor at '
      f'{SHARES[0]}: choose --anchors and --ratios that fit their sizes.'
    ) * bool(few)
    return [
      Picture(
        'Anchors',
        'Share of the objects in training images whose best anchor overlaps them by at '
        f'least {SHARES[0]}, and by at least {SHARES[1]}. An object that no anchor '
        f'overlaps by {settings.positive} is learned from its best anchor alone.{more}',
        lambda: draw_shares(shares, names),
      )
    ]

  return pictures


def overlaps(settings: Proposing, objects: Objects) -> np.ndarray:
  """Returns how much each object overlaps its best anchor [N] among those learned.

  These are the anchors of `proposals.usable`. Of one shape, the best anchor is the one
  whose centre is nearest to the object's, across and down: no other is compared.
  """
  corners = boxes.anchors(1, 1, settings.stride, settings.sizes, settings.ratios)
  sides = np.asarray(corners[:, 2:] - corners[:, :2], np.float64)  # [A, 2]
  centres = (objects.boxes[:, :2] + objects.boxes[:, 2:])[:, None] / 2  # [N, 1, 2]
  most = objects.extents[:, None, ::-1]  # [N, 1, 2], width and height

  def shared(low, high):
    """Returns overlaps [N, A] with anchors whose centres are in a range; -1 if none."""
    first = np.ceil(low / settings.stride - 0.5)
    last = np.floor(high / settings.stride - 0.5)
    places = np.clip(np.rint(centres / settings.stride - 0.5), first, last)
    middle = (places + 0.5) * settings.stride
    found = overlap(objects.boxes[:, None], middle - sides / 2, middle + sides / 2)
    return np.where(np.all(first <= last, axis=-1), found, -1)

  inside = shared(sides / 2, most - sides / 2).max(axis=1)
  near = shared(np.zeros_like(sides), most + 0 * sides).max(axis=1)
  return np.maximum(near if settings.border else np.where(inside < 0, near, inside), 0)


def overlap(found: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
  """Returns intersections over unions [...] of boxes [..., 4] and others.

  Args:
    found: boxes.
    low, high: the corners of the others [..., 2].
  """
  sides = np.minimum(found[..., 2:], high) - np.maximum(found[..., :2], low)
  both = np.prod(np.maximum(sides, 0), axis=-1)
  area = lambda low, high: np.prod(high - low, axis=-1)
  return both / (area(found[..., :2], found[..., 2:]) + area(low, high) - both)


def draw_shares(shares: Sequence[Sequence[float]], names: Sequence[str]) -> Any:
  """Draws two bars for each class."""
  figure, axes = draw.panel(max(4, 0.5 * len(names)), 2.6, ylim=(0, 1.19))
  groups = {
    f'overlap {least}': values for least, values in zip(SHARES, shares, strict=True)
  }
  draw.bars(axes, groups, names if len(names) <= 40 else ())
  axes.set_ylabel('share of objects')
  draw.legend(axes, ncols=2, loc='upper right')
  return figure
