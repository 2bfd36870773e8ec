"""BigGAN in PyTorch, laid out as the authors' code; hinge loss, Adam.

Spectral norm makes one power iteration a pass and keeps its vectors, as ours does.
"""

import functools
import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.functional import relu

from dl_core.bench.peers import Peer, Turn
from dl_core.bench.peers.gan import GAMES

EPSILON = 1e-6


def peer(config, spec) -> Peer:
  from dl_core.models import biggan  # widths of a size, no more

  batch_size, size, _, channels = spec.batch.x.shape
  classes, widths = len(spec.classes), biggan.SIZES[size]
  times = lambda row: [config.width * n for n in row]
  g = Generator(
    channels, classes, times(widths.generator), config.shared, config.chunk,
    config.attention,
  )  # fmt: skip
  d = Discriminator(
    size, channels, classes, times(widths.discriminator), widths.downs, config.attention
  )
  real, fake, fool = GAMES['hinge']
  latent = config.chunk * len(widths.generator)

  def asked(noise):
    classes_ = torch.randint(classes, (batch_size,), device=noise.device)
    return noise, classes_

  def discriminate(x, y, noise):
    z, said = asked(noise)
    with torch.no_grad():
      fakes = g(z, said)
    first, second = d(torch.cat([x, fakes]), torch.cat([y, said])).chunk(2)
    return real(first).mean() + fake(second).mean()

  def deceive(x, y, noise):
    del x, y
    z, said = asked(noise)
    return fool(d(g(z, said), said)).mean()

  def tensors(batch):
    x = np.asarray(batch.x).transpose(0, 3, 1, 2)
    return torch.tensor(x.copy()), torch.tensor(np.asarray(batch.y, np.int64))

  adam = functools.partial(torch.optim.Adam, betas=(0.0, 0.999))
  noise = (batch_size, latent)
  critic = Turn(
    discriminate, list(d.parameters()),
    functools.partial(adam, lr=config.critic_rate), noise,
  )  # fmt: skip
  maker = Turn(
    deceive, list(g.parameters()), functools.partial(adam, lr=config.learning_rate),
    noise, average=config.average,
  )  # fmt: skip
  players = nn.ModuleDict({'generator': g, 'discriminator': d})
  return Peer(players, tensors, (critic, maker))


class Spectral(nn.Module):
  """A layer whose weight [F, ...] is divided by its largest singular value."""

  def __init__(self, layer):
    super().__init__()
    self.layer = layer
    u = torch.randn(len(layer.weight))
    self.register_buffer('u', u / u.norm())

  def weight(self):
    matrix = self.layer.weight.flatten(1)
    with torch.no_grad():
      v = functional.normalize(self.u @ matrix, dim=0, eps=EPSILON)
      u = functional.normalize(matrix @ v, dim=0, eps=EPSILON)
      if self.training:
        self.u.copy_(u)
    return self.layer.weight / (u @ matrix @ v)

  def forward(self, x):
    weight, layer = self.weight(), self.layer
    if isinstance(layer, nn.Conv2d):
      return functional.conv2d(x, weight, layer.bias, padding=layer.padding)
    if isinstance(layer, nn.Embedding):
      return functional.embedding(x, weight)
    return functional.linear(x, weight, layer.bias)


def conv(inputs, outputs, side=3, bias=True):
  return Spectral(nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=bias))


def dense(inputs, outputs, bias=True):
  return Spectral(nn.Linear(inputs, outputs, bias))


class ConditionalNorm(nn.Module):
  def __init__(self, features, inputs):
    super().__init__()
    self.scale = dense(inputs, features, bias=False)
    self.shift = dense(inputs, features, bias=False)
    self.norm = nn.BatchNorm2d(features, affine=False)

  def forward(self, x, c):
    wide = lambda y: y[:, :, None, None]
    return self.norm(x) * (1 + wide(self.scale(c))) + wide(self.shift(c))


class Rising(nn.Module):
  def __init__(self, inputs, outputs, about):
    super().__init__()
    self.convolution_1 = conv(inputs, outputs)
    self.convolution_2 = conv(outputs, outputs)
    self.norm_1 = ConditionalNorm(inputs, about)
    self.norm_2 = ConditionalNorm(outputs, about)
    self.shortcut = conv(inputs, outputs, 1)

  def forward(self, x, c):
    up = functools.partial(functional.interpolate, scale_factor=2)
    y = self.convolution_1(up(relu(self.norm_1(x, c))))
    return self.convolution_2(relu(self.norm_2(y, c))) + self.shortcut(up(x))


class Falling(nn.Module):
  def __init__(self, inputs, outputs, halves, activates):
    super().__init__()
    self.halves, self.activates = halves, activates
    self.convolution_1 = conv(inputs, outputs)
    self.convolution_2 = conv(outputs, outputs)
    self.shortcut = conv(inputs, outputs, 1) if halves or inputs != outputs else None

  def forward(self, x):
    down = functools.partial(functional.avg_pool2d, kernel_size=2)
    h = self.convolution_2(relu(self.convolution_1(relu(x) if self.activates else x)))
    h = down(h) if self.halves else h
    if self.shortcut is None:
      return h + x
    if not self.activates:
      return h + self.shortcut(down(x))
    return h + (down(self.shortcut(x)) if self.halves else self.shortcut(x))


class Attention(nn.Module):
  def __init__(self, channels):
    super().__init__()
    self.gamma = nn.Parameter(torch.zeros(()))
    self.key = conv(channels, channels // 8, 1, bias=False)
    self.output = conv(channels // 2, channels, 1, bias=False)
    self.query = conv(channels, channels // 8, 1, bias=False)
    self.value = conv(channels, channels // 2, 1, bias=False)

  def forward(self, x):
    pooled = functools.partial(functional.max_pool2d, kernel_size=2)
    query = self.query(x).flatten(2)
    key, value = (pooled(f(x)).flatten(2) for f in (self.key, self.value))
    weights = torch.softmax(query.transpose(1, 2) @ key, dim=-1)
    found = value @ weights.transpose(1, 2)
    return x + self.gamma * self.output(found.unflatten(2, x.shape[2:]))


def attending(sides, widths, side):
  """Returns the number of the first map of a side, and its attention, if there is."""
  if side not in sides:
    return None, None
  place = sides.index(side)
  return place, Attention(widths[place])


class Generator(nn.Module):
  """Its parts are in the order of our names, as `of_player` lays them out."""

  def __init__(self, channels, classes, widths, shared, chunk, attention):
    super().__init__()
    self.widths = widths
    sides = [8 * 2**n for n in range(len(widths) - 1)]
    self.place, self.attention = attending(sides, widths[1:], attention)
    pairs = itertools.pairwise(widths)
    self.blocks = nn.ModuleList([Rising(a, b, shared + chunk) for a, b in pairs])
    self.embedding = nn.Embedding(classes, shared)
    self.first = dense(chunk, 16 * widths[0])
    self.last = conv(widths[-1], channels)
    self.norm = nn.BatchNorm2d(widths[-1])

  def forward(self, z, y):
    first, *chunks = z.chunk(len(self.widths), dim=1)
    about = self.embedding(y)
    x = self.first(first).unflatten(1, (4, 4, self.widths[0])).permute(0, 3, 1, 2)
    for n, (block, own) in enumerate(zip(self.blocks, chunks, strict=True)):
      x = block(x, torch.cat([about, own], dim=1))
      x = self.attention(x) if n == self.place else x
    return torch.tanh(self.last(relu(self.norm(x))))


class Discriminator(nn.Module):
  def __init__(self, size, channels, classes, widths, downs, attention):
    super().__init__()
    sides = [size // 2 ** (n + 1) for n in range(downs)]
    self.place, self.attention = attending(sides, widths, attention)
    pairs = zip([channels, *widths], widths, strict=False)
    self.blocks = nn.ModuleList(
      [Falling(a, b, n < downs, n > 0) for n, (a, b) in enumerate(pairs)]
    )
    self.embedding = Spectral(nn.Embedding(classes, widths[-1]))
    self.output = dense(widths[-1], 1)

  def forward(self, x, y):
    for n, block in enumerate(self.blocks):
      x = block(x)
      x = self.attention(x) if n == self.place else x
    h = relu(x).sum((2, 3))
    return self.output(h)[:, 0] + (self.embedding(y) * h).sum(1)


def carried(params):
  yield from of_player(params['generator'])
  yield from of_player(params['discriminator'])


KINDS = ('gamma', 'kernel', 'embedding', 'scale', 'bias')


def of_player(params):
  """Lays a player out by the names of its parts, a layer's kernel before its bias."""
  arrays = {name: leaf for name, leaf in params.items() if not isinstance(leaf, dict)}
  for name in sorted(arrays, key=KINDS.index):
    array = np.asarray(arrays[name])
    if name == 'kernel':
      array = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
    yield array
  for name in sorted(params.keys() - arrays.keys()):
    yield from of_player(params[name])
