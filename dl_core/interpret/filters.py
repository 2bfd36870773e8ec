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
  """Draws filters [h, w, 1 or 3, n], zero in the middle of one scale for all."""
  from matplotlib.figure import Figure

  count = kernel.shape[-1]
  across = min(ACROSS, count)
  down = -(-count // across)
  largest = np.abs(kernel).max() or 1
  size = min(0.9, 4.8 / across)  # inches
  figure = Figure(figsize=(size * across, size * down))
  figure.subplots_adjust(0, 0, 1, 1, wspace=0.1, hspace=0.1)
  for index, axes in enumerate(figure.subplots(down, across, squeeze=False).flat):
    axes.axis('off')
    if index < count:
      image = kernel[..., index] / largest  # in [-1, 1]
      if kernel.shape[2] == 3:
        axes.imshow((image + 1) / 2, interpolation='none')
      else:
        limits = {'cmap': 'RdBu_r', 'vmin': -1, 'vmax': 1}
        axes.imshow(image[..., 0], interpolation='none', **limits)
  return figure
