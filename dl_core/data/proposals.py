"""Proposals of whole sets: selective search of each image once, kept beside the set.

Shapes: n images of H x W pixels, P proposals of each at most.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dl_core.data import batches, cache, search

VERSION = 1  # raised whenever the boxes of `search` change


class Searched(NamedTuple):
  """How proposals are found.

  Attributes:
    strategies: a name of `search.STRATEGIES`.
    most: P.
  """

  strategies: str
  most: int


def of_image(image: np.ndarray, extent: Any, how: Searched) -> dict[str, np.ndarray]:
  """Searches one image.

  Args:
    image: uint8 [H, W, C], in the top left of its frame.
    extent: [2], its height and width there.
    how: see above.

  Returns:
    proposals: float32 [P, 4], the likeliest first, zeros where there are no more.
    proposed: float32 [P], 1 where there is a proposal.
  """
  height, width = (int(side) for side in extent)
  inner = image[:height, :width]
  if inner.shape[-1] == 1:
    inner = inner.repeat(3, axis=-1)
  found = search.search(inner, search.STRATEGIES[how.strategies])[: how.most]
  boxes = np.zeros((how.most, 4), np.float32)
  boxes[: len(found)] = found
  return {
    'proposals': boxes,
    'proposed': (np.arange(how.most) < len(found)).astype(np.float32),
  }


def of_set(
  images: np.ndarray, extents: np.ndarray, how: Searched
) -> dict[str, np.ndarray]:
  """Searches images [n, H, W, C] of extents [n, 2]; see `of_image`."""
  found = [
    of_image(image, extent, how) for image, extent in zip(images, extents, strict=True)
  ]
  return {name: np.stack([each[name] for each in found]) for name in found[0]}


def kept(
  arrays: Mapping[str, np.ndarray], name: str, how: Searched, place: Path | None
) -> dict[str, np.ndarray]:
  """Returns the proposals of a split, searched at the first call and cached after it.

  Args:
    arrays: of the split, 'image' and 'extent'.
    name: of the split.
    how: see above.
    place: folder of the set; None: nothing is kept. The name of the file has a digest
      of the pixels, so that images that changed are searched anew.
  """
  images, extents = arrays['image'], arrays['extent']
  make = lambda: of_set(images, extents, how)
  if place is None:
    return make()
  seen = batches.digest((images, extents))
  file = f'{name}-{seen}-{how.strategies}-{how.most}-{VERSION}.npz'
  return cache.cached(place / 'proposals' / file, make)
