"""ResNets for small images in PyTorch; SGD with momentum."""

from torch.nn import functional

from dl_core.bench.peers import Peer, images, residual

carried = residual.carried


def peer(config, spec) -> Peer:
  blocks = ((config.depth - 2) // 6,) * 3
  shortcut = 'none' if config.plain else config.shortcut
  reduction = images.GATED * config.se
  module = residual.ResNet(blocks, len(spec.classes), 16, 'cifar', shortcut, reduction)

  def loss(x, y):
    return functional.cross_entropy(module(x), y)

  return images.descending(module, loss, config)
