"""The filters of a first convolution, drawn as the small images that they are.

A filter answers most to the patch that looks like it. Trained ones show edges, bars,
spots and colours; ones that still look like noise have learnt little.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dl_core import interpret
from dl_core.types import Picture

ACROSS = 8  # filters in a row
SCALE, GAP = 5, 3  # pixels drawn for each of a filter, and between two filters


def report(*path: str, most: int = 64) -> interpret.Report:
  """Shows the kernel [h, w, 1 or 3, filters] that lies at `path` in the parameters.

  Args:
    path: names down the tree of parameters, ('C1', 'kernel').
    most: filters shown; the first ones, if there are more.
  """

  def pictures(variables, observed, data, key):
    del observed, data, key
    return [picture(find(variables['params'], path), '/'.join(path), most)]

  return pictures


def find(params: Mapping[str, Any], path: tuple[str, ...]) -> np.ndarray:
  """Returns the array at a path.

  Raises:
    KeyError: a name is not there; the message lists those that are.
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
    caption=f'What {name} looks for: {some} filters of {height} × {width} pixels, on'
    f' one scale. {colours}; a patch that looks like a filter makes it answer most.',
    draw=lambda: grid(kernel[..., :most]),
  )


def grid(kernel: np.ndarray) -> Any:
  """Draws filters [h, w, 1 or 3, n] as one image."""
  from matplotlib.figure import Figure

  image = tiles(kernel)
  width = min(0.75 * kernel.shape[-1], 4.8)  # inches
  figure = Figure(figsize=(width, width * image.shape[0] / image.shape[1]))
  axes = figure.add_axes((0, 0, 1, 1))
  axes.imshow(image, interpolation='none')
  axes.axis('off')
  return figure


def tiles(kernel: np.ndarray) -> np.ndarray:
  """Lays filters [h, w, 1 or 3, n] side by side: RGBA in [0, 1], gaps transparent.

  Zero is the middle of one scale for all.
  """
  from matplotlib import colormaps

  channels, count = kernel.shape[2:]
  images = np.moveaxis(kernel / (np.abs(kernel).max() or 1), -1, 0) / 2 + 0.5
  if channels == 1:
    images = colormaps['RdBu_r'](images[..., 0])
  else:
    images = np.concatenate([images, np.ones_like(images[..., :1])], axis=-1)
  images = images.repeat(SCALE, axis=1).repeat(SCALE, axis=2)
  across = min(ACROSS, count)
  down = -(-count // across)
  missing = down * across - count
  images = np.pad(images, ((0, missing), (0, GAP), (0, GAP), (0, 0)))
  images = images.reshape(down, across, *images.shape[1:]).swapaxes(1, 2)
  rows = images.shape[0] * images.shape[1]
  return images.reshape(rows, -1, 4)[:-GAP, :-GAP]
