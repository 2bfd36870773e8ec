"""The trunk of networks that see and read, and its layout, for their peers."""

import numpy as np
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import char_lm


class Trunk(nn.Module):
  """See `layers.trunk`."""

  def __init__(self, channels, widths, pooled):
    super().__init__()
    sizes = zip((channels, *widths), widths, strict=False)
    self.stages = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in sizes)
    self.pooled = pooled

  def forward(self, x):
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * (x.var((1, 2, 3), keepdim=True, unbiased=False) + 1e-3).rsqrt()
    for number, stage in enumerate(self.stages):
      x = stage(x)
      if self.pooled > (0 if number == 0 else len(self.stages) - number):
        x = functional.max_pool2d(x, 2)
      x = functional.relu(x)
    return x


class Summary(nn.Module):
  """See `layers.trunk`."""

  def __init__(self, places, width, features, bottleneck):
    super().__init__()
    self.what = nn.Linear(width, features)
    self.place = nn.Conv2d(width, bottleneck, 1) if bottleneck else nn.Identity()
    self.where = nn.Linear(places * (bottleneck or width), features)

  def forward(self, found):
    return self.what(found.amax((2, 3))) + self.where(self.place(found).flatten(1))


def summary(params):
  """Lays out a summary."""
  yield from dense(params['what'])
  width = len(params['what']['kernel'])
  if 'place' in params:
    kernel, bias = dense(params['place'])
    width = len(bias)
    yield kernel[..., None, None]
    yield bias
  yield flat(params['where']['kernel'], width)
  yield np.asarray(params['where']['bias'])


def stages(params):
  """Lays out a trunk."""
  for number in range(len(params)):
    stage = params[f'stage_{number}']
    yield np.asarray(stage['kernel']).transpose(3, 2, 0, 1)
    yield np.asarray(stage['bias'])


def flat(leaf, features):
  """Lays out a kernel that reads a flattened map of so many features."""
  leaf = np.asarray(leaf)
  places = len(leaf) // features
  return (
    leaf.reshape(places, features, -1).transpose(2, 1, 0).reshape(leaf.shape[1], -1)
  )


def dense(layer):
  """Lays out a dense layer."""
  yield np.asarray(layer['kernel']).T
  yield np.asarray(layer['bias'])


def cell(kind, inputs, hidden):
  """Makes a recurrent layer with one bias, as ours have; see `char_lm`."""
  layer = char_lm.CELLS[kind](inputs, hidden, batch_first=True)
  for name, bias in layer.named_parameters():
    if name.startswith('bias_hh'):
      nn.init.zeros_(bias)
      if kind == 'gru':
        bias.register_hook(char_lm.candidate)
  return layer


def moving(module, kind):
  """Returns the parameters that train: all but the second biases at rest."""
  return [
    parameter
    for name, parameter in module.named_parameters()
    if 'bias_hh' not in name or kind == 'gru'
  ]
