"""Draws the filters of a first convolution as small images.

A filter responds most to a patch that looks like it. Trained filters show edges, bars,
spots and colours; filters that still look like noise have learnt little.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dl_core import interpret
from dl_core.report import draw
from dl_core.types import Picture

ACROSS = 8  # filters in a row
SCALE, GAP = 5, 3  # pixels drawn for each of a filter, and between two filters


def report(*path: str, most: int = 64) -> interpret.Report:
  """Shows the kernel [h, w, 1 or 3, filters] at `path` in the parameters.

  Args:
    path: names down the tree of parameters, ('C1', 'kernel').
    most: the largest number of filters that are shown; the first ones are.
  """

  def pictures(variables, observed, data, key):
    del observed, data, key
    return [picture(find(variables['params'], path), '/'.join(path), most)]

  return pictures


def find(params: Mapping[str, Any], path: tuple[str, ...]) -> np.ndarray:
  """Returns the array at a path.

  Raises:
    KeyError: a name is missing; the message lists the names that exist.
  """
  for name in path:
    if not isinstance(params, Mapping) or name not in params:
      there = ', '.join(params) if isinstance(params, Mapping) else 'nothing more'
      raise KeyError(f'{name} of {"/".join(path)} is wanted, there is {there}')
    params = params[name]
  return np.asarray(params, np.float32)


def picture(kernel: np.ndarray, name: str, most: int = 64) -> Picture:
  """Makes the picture of a kernel [h, w, 1 or 3, filters].

  Raises:
    ValueError: the kernel has another shape.
  """
  if kernel.ndim != 4 or kernel.shape[2] not in (1, 3):
    raise ValueError(
      f'a kernel [h, w, 1 or 3, filters] is wanted, {name} is {kernel.shape}'
    )
  height, width, channels, count = kernel.shape
  colours = 'Blue is negative, red positive' if channels == 1 else 'Grey is zero'
  some = f'the first {most} of {count}' if count > most else f'all {count}'
  return Picture(
    title='First-layer filters',
    caption=f'The filters of {name}: {some}, {height} × {width} pixels, on one scale.'
    f' {colours}; a filter responds most to a patch that looks like it.',
    draw=lambda: grid(kernel[..., :most]),
  )


def grid(kernel: np.ndarray) -> Any:
  """Draws filters [h, w, 1 or 3, n] as one image."""
  width = min(0.75 * kernel.shape[-1], 4.8)  # inches
  return draw.sheet(tiles(kernel), width)[0]


def tiles(kernel: np.ndarray) -> np.ndarray:
  """Returns filters [h, w, 1 or 3, n] side by side: RGBA in [0, 1], gaps transparent.

  Zero is the middle of one scale for all.
  """
  most = np.abs(kernel).max() or 1
  images = np.moveaxis(kernel, -1, 0)
  if kernel.shape[2] == 1:
    images = draw.tinted(images[..., 0], most)
  else:
    images = images / most / 2 + 0.5
  return draw.tiles(images, min(ACROSS, len(images)), GAP, SCALE)


def observe(*path: str) -> Any:
  """Makes the `observe` of an experiment: {'filters': the kernel at `path`}."""

  def look(variables, data, key):
    del data, key
    return {'filters': find(variables['params'], path)}

  return look
