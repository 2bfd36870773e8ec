"""StyleGAN in PyTorch, of one size; R1 in every step, Adam.

The styles of a batch are not mixed, and w has no average.
"""

import functools
import itertools
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn

leaky = functools.partial(functional.leaky_relu, negative_slope=0.2)
softplus = functional.softplus
GAIN = math.sqrt(2)  # before a leaky ReLU


def peer(config, spec) -> Peer:
  batch_size, size, _, channels = spec.batch.x.shape
  count = round(math.log2(size)) - 1
  maps = [min(config.base // 2 ** (n + 1), config.most) for n in range(count)]
  g = Generator(channels, maps, config.latent, config.latent, config.mapping_layers)
  d = Discriminator(channels, maps, config.most)

  def discriminate(x, z):
    with torch.no_grad():
      fakes = g(z)
    x = x.requires_grad_()
    real = d(x)
    (slope,) = torch.autograd.grad(real.sum(), x, create_graph=True)
    steep = 0.5 * config.r1 * slope.square().sum((1, 2, 3))
    return (softplus(-real) + softplus(d(fakes)) + steep).mean()

  def deceive(x, z):
    del x
    return softplus(-d(g(z))).mean()

  def tensors(batch):
    return (torch.tensor(np.asarray(batch.x).transpose(0, 3, 1, 2).copy()),)

  adam = functools.partial(torch.optim.Adam, lr=config.learning_rate, betas=(0.0, 0.99))
  noise = (batch_size, config.latent)
  critic = Turn(discriminate, list(d.parameters()), adam, noise)
  maker = Turn(deceive, list(g.parameters()), adam, noise, average=config.average)
  return Peer(
    nn.ModuleDict({'generator': g, 'discriminator': d}), tensors, (critic, maker)
  )


class Scaled(nn.Module):
  """Weights of N(0, 1 / rate), times gain / √inputs · rate when they are used."""

  def __init__(self, shape, gain=GAIN, rate=1.0, bias=True):
    super().__init__()
    self.weight = nn.Parameter(torch.randn(shape) / rate)
    self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None
    self.factor, self.rate = gain / math.sqrt(math.prod(shape[1:])) * rate, rate

  def forward(self, x):
    weight = self.weight * self.factor
    bias = None if self.bias is None else self.bias * self.rate
    if weight.ndim == 4:
      return functional.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)
    return functional.linear(x, weight, bias)


def conv(inputs, outputs, side=3, **options):
  return Scaled((outputs, inputs, side, side), **options)


class Epilogue(nn.Module):
  def __init__(self, features, styles):
    super().__init__()
    self.bias = nn.Parameter(torch.zeros(features))
    self.noise = nn.Parameter(torch.zeros(features))
    self.style = Scaled((2 * features, styles), gain=1.0)

  def forward(self, x, w, noise=None):
    wide = lambda row: row[:, None, None]
    noise = torch.randn_like(x[:, :1]) if noise is None else noise
    x = leaky(x + noise * wide(self.noise) + wide(self.bias))
    scale, shift = self.style(w)[..., None, None].chunk(2, dim=1)
    return functional.instance_norm(x, eps=1e-8) * (1 + scale) + shift


class Generator(nn.Module):
  """Its parts are in the order of our names, as `of_player` lays them out."""

  def __init__(self, channels, maps, latent, styles, layers):
    super().__init__()
    sides = [latent, *[styles] * layers]
    self.mapping = nn.ModuleList(
      Scaled((b, a), rate=0.01) for a, b in itertools.pairwise(sides)
    )
    self.constant = nn.Parameter(torch.ones(maps[0], 4, 4))
    self.convolutions = nn.ModuleList()
    for n, width in enumerate(maps):
      if n:
        self.convolutions.append(conv(maps[n - 1], width, bias=False))
      self.convolutions.append(conv(width, width, bias=False))
    self.epilogues = nn.ModuleList(
      Epilogue(width, styles) for width in maps for _ in range(2)
    )
    self.image = conv(maps[-1], channels, 1, gain=1.0)

  def forward(self, z, noise=None):
    w = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
    for layer in self.mapping:
      w = leaky(layer(w))
    x = self.constant.expand(len(z), -1, -1, -1)
    for n, epilogue in enumerate(self.epilogues):
      if n:
        x = functional.interpolate(x, scale_factor=2) if n % 2 == 0 else x
        x = self.convolutions[n - 1](x)
        x = blurred(x) if n % 2 == 0 else x
      x = epilogue(x, w, None if noise is None else noise[n])
    return self.image(x)


class Discriminator(nn.Module):
  def __init__(self, channels, maps, hidden):
    super().__init__()
    self.first = nn.ModuleList()
    self.second = nn.ModuleList()
    self.biases = nn.ParameterList(torch.zeros(width) for width in maps[:-1])
    for n in range(1, len(maps)):
      self.first.append(conv(maps[n], maps[n]))
      self.second.append(conv(maps[n], maps[n - 1], bias=False))
    self.last = conv(maps[0] + 1, maps[0])
    self.hidden = Scaled((hidden, 16 * maps[0]))
    self.image = conv(channels, maps[-1], 1)
    self.output = Scaled((1, hidden), gain=1.0)

  def forward(self, x):
    x = leaky(self.image(x))
    for n in reversed(range(len(self.first))):
      x = self.second[n](blurred(leaky(self.first[n](x))))
      x = leaky(functional.avg_pool2d(x, 2) + self.biases[n][:, None, None])
    x = leaky(self.last(deviating(x)))
    return self.output(leaky(self.hidden(x.permute(0, 2, 3, 1).flatten(1))))[:, 0]


def deviating(x):
  group = min(4, len(x))
  parts = x.unflatten(0, (group, -1))
  deviation = (parts.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
  column = deviation.repeat(group)[:, None, None, None]
  return torch.cat([x, column.expand(-1, 1, *x.shape[2:])], dim=1)


def blurred(x):
  line = torch.tensor([1.0, 2.0, 1.0], device=x.device, dtype=x.dtype) / 4
  kernel = (line[:, None] * line[None]).expand(x.shape[1], 1, 3, 3)
  return functional.conv2d(x, kernel, padding=1, groups=x.shape[1])


def carried(params):
  for player in ('generator', 'discriminator'):
    yield from of_player(params[player], player)


def of_player(params, player):
  """Lays one player out in the order of its twin's parameters."""
  if player == 'discriminator':
    maps = sum(name.startswith('bias_') for name in params)
    for part in (0, 1):
      for n in range(1, maps + 1):
        yield from layer(params[f'convolution_{n}_{part}'])
    yield from (np.asarray(params[f'bias_{n}']) for n in range(1, maps + 1))
    for name in ('convolution_0', 'hidden', f'image_{maps}', 'output'):
      yield from layer(params[name])
    return
  own = params['synthesis']
  yield np.asarray(own['constant']).transpose(2, 0, 1)
  for n in range(1, len(params['mapping']) + 1):
    yield from layer(params['mapping'][f'dense_{n}'])
  for kind in ('convolution', 'epilogue'):
    for name in sorted(name for name in own if name.startswith(kind)):
      if kind == 'convolution':
        yield from layer(own[name])
        continue
      yield from (np.asarray(own[name][key]) for key in ('bias', 'noise'))
      yield from layer(own[name]['style'])
  (name,) = (name for name in own if name.startswith('image'))
  yield from layer(own[name])


def layer(own):
  kernel = np.asarray(own['kernel'])
  yield kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
  if 'bias' in own:
    yield np.asarray(own['bias'])
