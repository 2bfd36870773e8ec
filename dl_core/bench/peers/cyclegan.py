"""CycleGAN in PyTorch, laid out as the authors' code: both generators, both critics.

The pools of earlier translations are left out, and so is the schedule.
"""

import functools
import itertools

import numpy as np
import torch
from torch import nn

from dl_core.bench.peers import Peer, Turn

PLAYERS = ('there', 'back', 'first', 'second')


def peer(config, spec) -> Peer:
  channels = spec.batch.x['first'].shape[-1]
  players = nn.ModuleDict(
    {
      name: generator(channels, config.width, config.blocks)
      if name in ('there', 'back')
      else critic(channels, config.width, config.critic_layers)
      for name in PLAYERS
    }
  )
  there, back, first, second = (players[name] for name in PLAYERS)
  near = nn.functional.l1_loss
  kept: list = []

  def make(a, b):
    fakes = there(a), back(b)
    kept[:] = [fake.detach() for fake in fakes]
    fooled = sum(
      torch.square(judge(fake) - 1).mean()
      for judge, fake in zip((second, first), fakes, strict=True)
    )
    cycle = near(back(fakes[0]), a) + near(there(fakes[1]), b)
    same = near(there(b), b) + near(back(a), a) if config.identity else 0.0
    return fooled + config.weight * (cycle + config.identity * same)

  def judge(a, b):
    return sum(
      0.5 * (torch.square(critic(real) - 1) + torch.square(critic(fake))).mean()
      for critic, real, fake in zip((first, second), (a, b), kept[::-1], strict=True)
    )

  def tensors(batch):
    x = (
      np.asarray(batch.x[side]).transpose(0, 3, 1, 2) for side in ('first', 'second')
    )
    return tuple(torch.tensor(image.copy()) for image in x)

  adam = functools.partial(
    torch.optim.Adam, lr=config.learning_rate, betas=(0.5, 0.999)
  )
  turns = (
    Turn(loss, [p for name in names for p in players[name].parameters()], adam)
    for loss, names in ((make, PLAYERS[:2]), (judge, PLAYERS[2:]))
  )
  return Peer(players, tensors, tuple(turns))


class Residual(nn.Module):
  def __init__(self, width):
    super().__init__()
    self.path = nn.Sequential(
      nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width),
      nn.ReLU(), nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3),
      nn.InstanceNorm2d(width),
    )  # fmt: skip

  def forward(self, x):
    return x + self.path(x)


def generator(channels, width, blocks):
  up = functools.partial(
    nn.ConvTranspose2d, kernel_size=3, stride=2, padding=1, output_padding=1
  )
  sides = (width, 2 * width, 4 * width)
  layers: list = [nn.ReflectionPad2d(3), nn.Conv2d(channels, width, 7), *shaped(width)]
  for a, b in itertools.pairwise(sides):
    layers += [nn.Conv2d(a, b, 3, 2, 1), *shaped(b)]
  layers += [Residual(4 * width) for _ in range(blocks)]
  for a, b in itertools.pairwise(sides[::-1]):
    layers += [up(a, b), *shaped(b)]
  layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh()]
  return nn.Sequential(*layers)


def shaped(width):
  return nn.InstanceNorm2d(width), nn.ReLU()


def critic(channels, width, count):
  layers: list = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
  maps = [width * min(2**n, 8) for n in range(count + 1)]
  for n, (a, b) in enumerate(itertools.pairwise(maps), 1):
    layers += [nn.Conv2d(a, b, 4, 2 if n < count else 1, 1), nn.InstanceNorm2d(b)]
    layers += [nn.LeakyReLU(0.2)]
  return nn.Sequential(*layers, nn.Conv2d(maps[-1], 1, 4, 1, 1))


def carried(params):
  for player in PLAYERS:
    yield from of_player(params[player])


def of_player(params):
  """Lays one player out: its layers in order, kernels before biases."""
  for name in ordered(params):
    layer = params[name]
    for one in (
      [layer[key] for key in sorted(layer)] if 'kernel' not in layer else [layer]
    ):
      order = (2, 3, 0, 1) if name.startswith('up') else (3, 2, 0, 1)
      yield np.asarray(one['kernel']).transpose(order)
      yield np.asarray(one['bias'])


def ordered(params):
  kinds = ('first', 'down', 'block', 'up', 'last', 'layer', 'output')

  def place(name):
    kind, _, number = name.partition('_')
    return kinds.index(kind), int(number or 0)

  return sorted(params, key=place)
