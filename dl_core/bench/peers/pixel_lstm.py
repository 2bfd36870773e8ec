"""The Row LSTM and the Diagonal BiLSTM in PyTorch: loops over rows and over diagonals.

Both directions of the Diagonal BiLSTM share one loop.

Shapes: B images, H x W pixels, F units, P numbers of a patch of the state, T steps of a
loop over N places each, S LSTMs side by side.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import masked


class Gates(nn.Module):
  """The weights of an LSTM: of `width` pixels of a row, and of h at `places`."""

  def __init__(self, inputs, hidden, count, width, places):
    super().__init__()
    self.input = masked.Masked(inputs, 4 * hidden, count, 0, width, repeats=4)
    self.recurrent = nn.Linear(places * hidden, 4 * hidden, bias=False)


class RowLSTM(nn.Module):
  def __init__(self, inputs, hidden, count):
    super().__init__()
    self.gates = Gates(inputs, hidden, count, 3, 3)

  def forward(self, x):
    """Maps [B, D, H, W] to h [B, F, H, W]."""
    gates = self.gates.input(x).permute(2, 0, 3, 1)  # [H, B, W, 4F]
    h = scan(gates[:, None], self.gates.recurrent.weight.T[None], beside)
    return h[:, 0].permute(1, 3, 0, 2)


class DiagonalBiLSTM(nn.Module):
  def __init__(self, inputs, hidden, count):
    super().__init__()
    self.left, self.right = (Gates(inputs, hidden, count, 1, 2) for _ in range(2))

  def forward(self, x):
    """Maps [B, D, H, W] to h [B, F, H, W]."""
    both = self.left.input(x), self.right.input(x).flip(3)
    gates = torch.stack([skewed(each) for each in both])  # [2, B, 4F, H, T]
    kernels = [each.recurrent.weight.T for each in (self.left, self.right)]
    h = scan(gates.permute(4, 0, 1, 3, 2), torch.stack(kernels), above)
    left, right = (unskewed(each) for each in h.permute(1, 2, 4, 3, 0))
    return left + functional.pad(right.flip(3), (0, 0, 1, -1))


def scan(gates, kernels, patch):
  """Runs LSTMs side by side over T steps.

  Args:
    gates: [T, S, B, N, 4F], the inputs' part of what the gates read.
    kernels: [S, P, 4F], by which patches of h are multiplied.
    patch: h [S, B, N, F] -> [S, B, N, P].

  Returns:
    h [T, S, B, N, F].
  """
  places, hidden = gates.shape[1:4], gates.shape[-1] // 4
  c = h = gates.new_zeros(*places, hidden)
  found = []
  for inputs in gates.flatten(2, 3):
    a = torch.baddbmm(inputs, patch(h).flatten(1, 2), kernels)
    i, f, g, o = a.unflatten(1, places[1:]).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    found.append(h)
  return torch.stack(found)


def beside(h):
  """Concatenates h of the left neighbour, the place and the right neighbour."""
  left, right = (functional.pad(h, (0, 0, by, -by)) for by in (1, -1))
  return torch.cat([left, h, right], -1)


def above(h):
  """Concatenates h of the row above and h of the row."""
  return torch.cat([functional.pad(h, (0, 0, 1, -1)), h], -1)


def skewed(x):
  """Shifts row i by i places: [B, F, H, W] -> [B, F, H, H + W - 1], padded with 0.

  The state stays 0 where a row has not begun, as the gates read only zeros there.
  """
  height, width = x.shape[2:]
  wide = height + width - 1
  flat = functional.pad(x, (0, height)).flatten(2)
  return flat[..., : height * wide].unflatten(2, (height, wide))


def unskewed(x):
  """Undoes `skewed`: [B, F, H, H + W - 1] -> [B, F, H, W]."""
  height, wide = x.shape[2:]
  flat = functional.pad(x.flatten(2), (0, height))
  return flat.unflatten(2, (height, wide + 1))[..., : wide + 1 - height]


def carried(lstm):
  """Lays out a Row LSTM, or both directions of a Diagonal BiLSTM."""
  for gates in (lstm['left'], lstm['right']) if 'left' in lstm else (lstm,):
    yield from masked.carried(gates['input'])
    yield np.asarray(gates['recurrent_kernel']).T
