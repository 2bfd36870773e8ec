"""Do the anchors fit the objects? How much each object overlaps its best anchor.

Objects that are much smaller or larger than every anchor are learned from the single
best one, if at all: the usual reason why a detector finds nothing in a user's own data.

Shapes: A anchors, N objects of all images, K classes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dl_core import interpret
from dl_core.layers import boxes
from dl_core.report import draw
from dl_core.tasks import average_precision
from dl_core.tasks.proposals import Proposing
from dl_core.types import Picture

SHARES = (0.5, 0.7)  # overlaps
FEW = 0.5  # share of the objects of a class below which a sentence says so


def report(settings: Proposing) -> interpret.Report:
  """Shows the share of each class's objects that some anchor overlaps enough.

  Args:
    settings: of the detector; only its anchors are read.
  """

  def pictures(variables, observed, data, key):
    del variables, observed, key
    best, labels = overlaps(settings, data.splits['train']())
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


def overlaps(settings: Proposing, batches: Any) -> tuple[np.ndarray, np.ndarray]:
  """Returns how much each object overlaps its best anchor [N], and its label [N]."""
  best, labels = [], []
  anchors = None
  for batch in batches:
    if anchors is None:
      rows, columns = (
        -(-side // settings.stride) for side in batch.x['image'].shape[1:3]
      )
      anchors = boxes.anchors(
        rows, columns, settings.stride, settings.sizes, settings.ratios
      )
    real = (batch.weight['boxes'] > 0) & (batch.weight['image'][:, None] > 0)
    found = batch.y['boxes'][real]
    best.append(average_precision.overlap(found, anchors).max(axis=1, initial=0))
    labels.append(batch.y['labels'][real])
  return np.concatenate(best), np.concatenate(labels)


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
