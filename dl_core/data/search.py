"""Selective search: boxes that may hold an object, found without learning.

Uijlings, van de Sande, Gevers & Smeulders, "Selective search for object recognition",
2013, https://doi.org/10.1007/s11263-013-0620-5: regions of several segmentations are
grouped, the most alike neighbours first, and every region on the way is a proposal.

Shapes: H x W pixels, C channels, R regions, P proposals.
"""

import heapq
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dl_core.data import colours, felzenszwalb

COLOUR_BINS, TEXTURE_BINS = 25, 10  # of each channel; of each of its 8 directions
DIRECTIONS = 8


class Strategy(NamedTuple):
  """One way to segment and to group.

  Attributes:
    space: of `colours.SPACES`.
    scale: see `felzenszwalb.regions`.
    measures: of similarity: any of 'C' colour, 'T' texture, 'S' size (small regions are
      grouped first) and 'F' fill (regions that fit into each other are).
  """

  space: str
  scale: float
  measures: str


FAST = tuple(
  Strategy(*each)
  for each in itertools.product(('hsv', 'lab'), (50, 100), ('CTSF', 'TSF'))
)
SINGLE = (Strategy('hsv', 100, 'CTSF'),)
STRATEGIES = {'fast': FAST, 'single': SINGLE}


def search(
  image: np.ndarray,
  strategies: Sequence[Strategy] = FAST,
  smallest: int = 20,
  side: int = 8,
  sigma: float = 0.8,
) -> np.ndarray:
  """Returns the proposals of an image, float32 [P, 4], the likeliest first.

  Boxes are ordered by their level in the hierarchy, counted from the whole image and
  multiplied by a uniform random number, so that the boxes of all strategies are mixed
  (section 4 of the paper). The draw is always the same.

  Args:
    image: uint8 [H, W, 3].
    strategies: whose boxes are merged; equal ones are dropped.
    smallest: pixels of a region of the first segmentation, at least.
    side: least width and height of a proposal, in pixels.
    sigma: see `felzenszwalb.regions`.
  """
  random = np.random.RandomState(0)
  found, ranks = [], []
  for space, several in itertools.groupby(strategies, key=lambda each: each.space):
    converted = colours.SPACES[space](image.astype(np.float64) / 255)
    features = textures(converted)
    for scale, alike in itertools.groupby(several, key=lambda each: each.scale):
      labels = felzenszwalb.regions(converted, scale, smallest, sigma)
      start = described(converted, features, labels)
      for strategy in alike:
        boxes = grouped(labels, start, strategy.measures)
        levels = np.arange(len(boxes), 0, -1)  # the last one is the whole image
        found.append(boxes)
        ranks.append(levels * random.uniform(size=len(boxes)))
  boxes = np.concatenate(found)[np.argsort(np.concatenate(ranks), kind='stable')]
  large = np.all(boxes[:, 2:] - boxes[:, :2] >= side, axis=1)
  _, first = np.unique(boxes[large], axis=0, return_index=True)
  return boxes[large][np.sort(first)].astype(np.float32)


class Regions(NamedTuple):
  """Features of regions.

  Attributes:
    colour: [R, C x 25], histograms whose sums are 1.
    texture: [R, C x 8 x 10], likewise.
    size: [R], in pixels.
    boxes: int [R, 4].
  """

  colour: np.ndarray
  texture: np.ndarray
  size: np.ndarray
  boxes: np.ndarray


def textures(image: np.ndarray) -> np.ndarray:
  """Returns Gaussian derivatives of each channel in 8 directions, [H, W, C x 8].

  Negative values become 0: opposite directions are separate features.
  """
  from scipy import ndimage

  down, across = (
    ndimage.gaussian_filter(image, (1, 1, 0), order=order, mode='nearest')
    for order in ((1, 0, 0), (0, 1, 0))
  )
  turns = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
  found = down[..., None] * np.sin(turns) + across[..., None] * np.cos(turns)
  return np.maximum(found, 0).reshape(*image.shape[:2], -1)


def described(image: np.ndarray, features: np.ndarray, labels: np.ndarray) -> Regions:
  """Returns the features of each region of a segmentation."""
  count = labels.max() + 1
  size = np.bincount(labels.ravel(), minlength=count)
  rows, columns = map(np.asarray, np.indices(labels.shape))
  boxes = np.stack([
    *(-_most(-each, labels, count) for each in (columns, rows)),
    *(_most(each, labels, count) + 1 for each in (columns, rows)),
  ], axis=1)  # fmt: skip
  return Regions(
    _histograms(image, labels, count, COLOUR_BINS),
    _histograms(features, labels, count, TEXTURE_BINS),
    size,
    boxes,
  )


def grouped(labels: np.ndarray, start: Regions, measures: str) -> np.ndarray:
  """Groups neighbours, the most alike first; returns all boxes, int [2 R - 1, 4].

  Those of the segmentation come first, the whole image last.
  """
  count = len(start.size)
  grow = lambda each: np.concatenate([each, np.zeros_like(each[1:])])
  regions = Regions(*map(grow, start))
  near = neighbours(labels, count)
  whole = labels.size
  queue: list[tuple[float, int, int]] = []

  def queue_up(one, others):
    for value, other in zip(
      similarity(regions, one, others, measures, whole), others, strict=True
    ):
      heapq.heappush(queue, (-value, *sorted((one, other))))

  for one in range(count):
    queue_up(one, [other for other in near[one] if other > one])
  new = count
  while queue:
    _, a, b = heapq.heappop(queue)
    if not near[a] or b not in near[a]:
      continue  # one of them is part of another region already
    _merge(regions, a, b, new)
    around = (near[a] | near[b]) - {a, b}
    near.append(around)
    for other in around:
      near[other] = (near[other] - {a, b}) | {new}
    near[a], near[b] = set(), set()
    queue_up(new, sorted(around))
    new += 1
  return regions.boxes[:new]


def similarity(
  regions: Regions, one: int, others: Sequence[int], measures: str, whole: int
) -> list[float]:
  """Returns the similarities of a region to others, the sums of section 3.2."""
  if not others:
    return []
  index = np.array(others)
  size = regions.size[one] + regions.size[index]
  total = np.zeros(len(index))
  if 'C' in measures:
    total += np.minimum(regions.colour[one], regions.colour[index]).sum(axis=1)
  if 'T' in measures:
    total += np.minimum(regions.texture[one], regions.texture[index]).sum(axis=1)
  if 'S' in measures:
    total += 1 - size / whole
  if 'F' in measures:
    low = np.minimum(regions.boxes[one, :2], regions.boxes[index, :2])
    high = np.maximum(regions.boxes[one, 2:], regions.boxes[index, 2:])
    total += 1 - (np.prod(high - low, axis=1) - size) / whole
  return total.tolist()


def neighbours(labels: np.ndarray, count: int) -> list[set[int]]:
  """Returns the regions that each of `count` regions touches, at a side or a corner."""
  near: list[set[int]] = [set() for _ in range(count)]
  for here, there in (
    (labels[1:], labels[:-1]),
    (labels[:, 1:], labels[:, :-1]),
    (labels[1:, 1:], labels[:-1, :-1]),
    (labels[1:, :-1], labels[:-1, 1:]),
  ):
    differ = here != there
    pairs = np.unique(here[differ] * count + there[differ])
    for one, other in zip((pairs // count).tolist(), (pairs % count).tolist(),
                          strict=True):  # fmt: skip
      near[one].add(other)
      near[other].add(one)
  return near


def _merge(regions: Regions, a: int, b: int, new: int) -> None:
  """Stores the union of two regions as `new`; histograms are weighted by size."""
  sizes = regions.size[a], regions.size[b]
  for each in (regions.colour, regions.texture):
    each[new] = (each[a] * sizes[0] + each[b] * sizes[1]) / sum(sizes)
  regions.size[new] = sum(sizes)
  regions.boxes[new, :2] = np.minimum(regions.boxes[a, :2], regions.boxes[b, :2])
  regions.boxes[new, 2:] = np.maximum(regions.boxes[a, 2:], regions.boxes[b, 2:])


def _histograms(
  values: np.ndarray, labels: np.ndarray, count: int, bins: int
) -> np.ndarray:
  """Returns histograms [R, F x bins] of values [H, W, F], each region's sum 1.

  The bins of a feature span its values in the image.
  """
  flat = values.reshape(labels.size, -1)
  low, high = flat.min(axis=0), flat.max(axis=0)
  share = (flat - low) / np.maximum(high - low, 1e-12)
  place = np.minimum((share * bins).astype(np.int64), bins - 1)
  width = flat.shape[1] * bins
  place += np.arange(flat.shape[1]) * bins + labels.reshape(-1, 1) * width
  found = np.bincount(place.ravel(), minlength=count * width).reshape(count, width)
  return found / found.sum(axis=1, keepdims=True)


def _most(values: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
  found = np.full(count, np.iinfo(np.int64).min)
  np.maximum.at(found, labels.ravel(), values.ravel())
  return found
