"""Conversion between array layouts: ours and PyTorch's, for every model.

                       here             there
  convolution          [h, w, C, F]     [F, C, h, w]
  dense                [C, F]           [F, C], or [F, C, 1, 1]
  dense of a map       [h·w·C, F]       [F, C·h·w], or [F, C, h, w]
  vectors              [F]              [F]
  embedding, plain     [C, F]           [C, F]

A map is flattened place by place here and channel by channel there, so the dense layer
that reads it has its inputs in another order. A dense layer is a convolution whose
kernel is as large as the map that it reads, and some libraries write it as one.

Shapes: h x w the sides of a kernel or of a map, C inputs, F outputs.
"""

from collections.abc import Sequence

import numpy as np

# What the arrays of a layer are called here and there; batch norm has the last three,
# `mean` and `var` not among the parameters but among the statistics.
NAMES = {
  'kernel': 'weight',
  'embedding': 'weight',
  'bias': 'bias',
  'scale': 'weight',
  'mean': 'running_mean',
  'var': 'running_var',
}
PLAIN = ('embedding',)  # is laid out there as it is here
COUNTERS = '.num_batches_tracked'  # how such names end; nothing here counts batches
POINT = (1, 1)


def ours(
  array: np.ndarray,
  shape: Sequence[int],
  sides: tuple[int, int] = POINT,
  plain: bool = False,
) -> np.ndarray:
  """Converts an array from PyTorch's layout to ours.

  Args:
    array: of a file.
    shape: what is wanted.
    sides: (h, w) of the map that a dense layer reads.
    plain: whether the array has our layout there.

  Raises:
    ValueError: the array cannot be of this shape here.
  """
  laid = array
  if array.ndim == 2 and not plain:
    laid = array.reshape(len(array), -1, *sides)
  if laid.ndim == 4 and not plain:
    if len(shape) == 2 and laid.shape[2:] != sides:
      raise ValueError(f'a kernel of {laid.shape[2:]} does not read a map of {sides}')
    laid = laid.transpose(2, 3, 1, 0)
    laid = laid.reshape(-1, laid.shape[-1]) if len(shape) == 2 else laid
  if laid.shape != tuple(shape):
    raise ValueError(f'{laid.shape} is no {tuple(shape)}')
  return laid


def theirs(
  array: np.ndarray,
  sides: tuple[int, int] = POINT,
  pointwise: bool = False,
  plain: bool = False,
) -> np.ndarray:
  """Converts an array from our layout to PyTorch's.

  Args:
    array: of a model here.
    sides: see `ours`.
    pointwise: whether a dense layer is a 1 x 1 convolution there.
    plain: whether the array keeps our layout.
  """
  if array.ndim < 2 or plain:
    return array
  dense, outputs = array.ndim == 2, array.shape[-1]
  kernel = array.reshape(*sides, -1, outputs) if dense else array
  laid = kernel.transpose(3, 2, 0, 1)
  return laid.reshape(outputs, -1) if dense and not pointwise else laid
