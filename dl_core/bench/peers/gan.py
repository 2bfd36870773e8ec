"""Generator and discriminator in PyTorch, as perceptrons and as a DCGAN; Adam.

The DCGAN is laid out as that of pytorch/examples. The fakes of the discriminator's turn
are made without a gradient, and in the generator's turn the discriminator has none.
Running statistics, which training never reads, move in both turns.
"""

import functools
import itertools
import math

import numpy as np
import torch
from torch import nn
from torch.nn.functional import relu, softplus

from dl_core.bench.peers import Peer, Turn

# What the discriminator minimises at real images and at fakes, and the generator.
GAMES = {
  'nonsaturating': (lambda s: softplus(-s), softplus, lambda s: softplus(-s)),
  'minimax': (lambda s: softplus(-s), softplus, lambda s: -softplus(s)),
  'hinge': (lambda s: relu(1 - s), lambda s: relu(1 + s), torch.neg),
}


def peer(config, spec) -> Peer:
  batch_size, size, _, channels = spec.batch.x.shape
  if config.net == 'mlp':
    players = mlp(size, channels, config.latent)
  else:
    widths = config.width, config.critic_width
    players = dcgan(size, channels, config.latent, *widths)
  g, d = players['generator'], players['discriminator']
  real, fake, fool = GAMES[config.loss]

  def seen(x):
    return x + config.noise * torch.randn_like(x) if config.noise else x

  def discriminate(x, z):
    with torch.no_grad():
      x, fakes = seen(x), seen(g(z))
    if config.net == 'dcgan':  # batch norm sees one kind of image at a time
      return real(d(x)).mean() + fake(d(fakes)).mean()
    first, second = d(torch.cat([x, fakes])).chunk(2)  # 5 % quicker than apart
    return real(first).mean() + fake(second).mean()

  def deceive(x, z):
    del x
    return fool(d(seen(g(z)))).mean()

  def tensors(batch):
    x = np.asarray(batch.x)
    flat = config.net == 'mlp'
    x = x.reshape(batch_size, -1) if flat else x.transpose(0, 3, 1, 2)
    return (torch.tensor(x.copy()),)

  rate, noise = config.learning_rate, (batch_size, config.latent)
  adam = functools.partial(torch.optim.Adam, lr=rate, betas=(0.5, 0.999))
  critic = Turn(discriminate, list(d.parameters()), adam, noise)
  maker = Turn(deceive, list(g.parameters()), adam, noise, average=config.average)
  return Peer(players, tensors, (critic, maker))


def mlp(size: int, channels: int, latent: int, widths=(256, 512)) -> nn.ModuleDict:
  """Makes perceptrons; their images are vectors in the order of [S, S, C]."""
  sides = [latent, *widths, size * size * channels]
  up = [nn.Linear(*pair) for pair in itertools.pairwise(sides)]
  down = [nn.Linear(*pair) for pair in itertools.pairwise([*sides[:0:-1], 1])]
  generator = between(up, nn.ReLU)
  discriminator = between(down, functools.partial(nn.LeakyReLU, 0.2))
  return together([*generator, nn.Tanh()], [*discriminator, nn.Flatten(0)])


def between(layers, activation):
  pairs = [(activation(), layer) for layer in layers[1:]]
  return [layers[0], *itertools.chain(*pairs)]


def dcgan(
  size: int, channels: int, latent: int, width: int, critic: int = 0
) -> nn.ModuleDict:
  smallest = 7 if size % 7 == 0 else 4
  maps = [width * 2**n for n in range(round(math.log2(size / smallest)))]
  up: list = [nn.Unflatten(1, (latent, 1, 1))]
  up += [nn.ConvTranspose2d(latent, maps[-1], smallest, bias=False)]
  for before, after in itertools.pairwise([*maps[::-1], channels]):
    up += [nn.BatchNorm2d(before), nn.ReLU()]
    up += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
  maps = [(critic or width) * 2**n for n in range(len(maps))]
  down: list = [nn.Conv2d(channels, maps[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
  for before, after in itertools.pairwise(maps):
    down += [nn.Conv2d(before, after, 4, 2, 1, bias=False)]
    down += [nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
  down += [nn.Conv2d(maps[-1], 1, smallest, bias=False), nn.Flatten(0)]
  return together([*up, nn.Tanh()], down)


def together(generator, discriminator):
  players = {'generator': generator, 'discriminator': discriminator}
  return nn.ModuleDict({name: nn.Sequential(*one) for name, one in players.items()})


def carried(params):
  for player in ('generator', 'discriminator'):
    yield from of_player(params[player], player)


def of_player(params, player):
  """Lays one player out: its layers, each before the norm that follows it."""
  later = 1 if player == 'discriminator' else 0  # whose first layer has no norm
  for n in itertools.count():
    kinds = (f'{kind}_{n}' for kind in ('Dense', 'Transposed', 'Conv'))
    name = next(filter(params.__contains__, kinds), None)
    if name is None:
      return
    kernel = np.asarray(params[name]['kernel'])
    sides = (2, 3, 0, 1) if name.startswith('Transposed') else (3, 2, 0, 1)
    yield kernel.transpose(sides) if kernel.ndim == 4 else kernel.T
    if 'bias' in params[name]:
      yield np.asarray(params[name]['bias'])
    if norm := params.get(f'BatchNorm_{n - later}'):
      yield from (np.asarray(norm['scale']), np.asarray(norm['bias']))
