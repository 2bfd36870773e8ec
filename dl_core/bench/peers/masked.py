"""Masked convolutions in PyTorch: a pixel sees only those before it.

Columns of a kernel that the mask would always hide are left out; the mask multiplies
what remains, if it hides anything there.

Shapes: B images, H x W pixels, C colours, D inputs, F features.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.models.weights import layouts


class Masked(nn.Module):
  """A convolution that sees only the pixels before the centre: [D, H, W] -> [F, H, W].

  The weight is [F, D, above + 1, width]; without rows above, it ends at the centre.
  """

  def __init__(self, inputs, outputs, count, above=0, width=1, first=False, repeats=1):
    super().__init__()
    side = width // 2
    right = side if above else 0
    self.pads = (side, right, above, 0)
    self.convolution = nn.Conv2d(inputs, outputs, (above + 1, side + 1 + right))
    seen, sees = colours(inputs, count), colours(outputs, count, repeats)[:, None]
    kept = torch.ones_like(self.convolution.weight)
    kept[:, :, -1, side + 1 :] = 0
    kept[:, :, -1, side] = (seen < sees if first else seen <= sees).float()
    self.register_buffer('kept', None if kept.all() else kept, False)

  def forward(self, x):
    weight, bias = self.convolution.weight, self.convolution.bias
    if self.kept is not None:
      weight = weight * self.kept
    padded = functional.pad(x, self.pads) if any(self.pads) else x
    return functional.conv2d(padded, weight, bias)


def colours(features, count, repeats=1):
  """Returns the colour of each feature: C equal blocks, all of them `repeats` times."""
  each = features // repeats
  return torch.arange(count).repeat_interleave(each // count).repeat(repeats)


def carried(layer):
  """Lays out a masked convolution without the columns that `Masked` leaves out."""
  kernel = np.asarray(layer['kernel'])
  if len(kernel) == 1:
    kernel = kernel[:, : kernel.shape[1] // 2 + 1]
  yield layouts.theirs(kernel)
  yield np.asarray(layer['bias'])
