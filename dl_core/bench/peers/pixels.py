"""Training and array layouts that the peers for segmentation share."""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn, images


def segmenter(module, config, share=0.0) -> Peer:
  """Makes the peer of a network; its settings are of `launch.families.segmenting`.

  Args:
    module: images [B, C, H, W] -> logits [B, K, H, W], perhaps a tuple, these and those
      of auxiliary classifiers.
    config: the settings.
    share: of the losses of the others.
  """

  def loss(x, y):
    said = module(x)
    first, *others = said if isinstance(said, tuple) else (said,)
    criterion = functional.cross_entropy
    return criterion(first, y) + share * sum(criterion(each, y) for each in others)

  if config.optimizer == 'adamw':
    optimizer = functools.partial(
      torch.optim.AdamW, lr=config.learning_rate, weight_decay=config.weight_decay
    )
  else:
    optimizer = functools.partial(
      torch.optim.SGD,
      lr=config.learning_rate,
      momentum=config.momentum,
      weight_decay=config.weight_decay,
    )
  return Peer(module, images.tensors, (Turn(loss, [*module.parameters()], optimizer),))


def normed(features, batch_norm=True):
  return [nn.BatchNorm2d(features)] * batch_norm + [nn.ReLU()]


def transposed(params, name, flipped=False):
  """Lays out a transposed convolution, or with `flipped` a convolution as one."""
  kernel = np.asarray(params[name]['kernel'])
  if flipped:
    kernel = kernel[::-1, ::-1]
  yield kernel.transpose(2, 3, 0, 1).copy()
  if 'bias' in params[name]:
    yield np.asarray(params[name]['bias'])


def pointwise(params, *names):
  """Lays out dense layers that are 1 x 1 convolutions there."""
  return images.laid(params, *names, pointwise=True)
