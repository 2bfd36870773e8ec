"""The VAE in PyTorch: the ELBO of a Bernoulli decoder, linear layers, Adam."""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn, autoencoder


class VAE(nn.Module):
  def __init__(self, pixels, hidden, code):
    super().__init__()
    self.encoder = autoencoder.perceptron((pixels, *hidden, 2 * code))
    self.decoder = autoencoder.perceptron((code, *hidden[::-1], pixels))

  def forward(self, x, noise):
    """Maps images [B, P] to means and log variances [B, Z] and logits [S, B, P].

    Args:
      x: the images.
      noise: [S, B, Z], of N(0, 1), for S codes of each image.
    """
    mean, logvar = self.encoder(x).chunk(2, -1)
    return mean, logvar, self.decoder(mean + torch.exp(logvar / 2) * noise)


def peer(config, spec) -> Peer:
  kind = (config.objective, config.likelihood, config.maps)
  if kind != ('elbo', 'bernoulli', ()):
    raise ValueError(f'{kind=} has no peer; the ELBO, bernoulli, without maps has one')
  batch_size, *sides = spec.batch.x.shape
  module = VAE(int(np.prod(sides)), config.hidden, config.code)

  def loss(x, noise):
    mean, logvar, logits = module(x, noise)
    crossed = functional.binary_cross_entropy_with_logits(
      logits, x.expand_as(logits), reduction='sum'
    )
    kl = 0.5 * (logvar.exp() + mean**2 - 1 - logvar).sum()
    return (crossed / len(noise) + kl) / len(x)

  adam = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  noise = (config.samples, batch_size, config.code)
  return Peer(module, tensors, (Turn(loss, [*module.parameters()], adam, noise),))


def tensors(batch):
  return (torch.tensor(np.asarray(batch.x)).flatten(1),)


carried = autoencoder.carried
