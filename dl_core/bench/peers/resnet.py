"""ResNets for photographs in PyTorch; SGD with momentum."""

from dl_core.bench.peers import Peer, images, residual
from dl_core.launch.families import photographs
from dl_core.models import resnet

carried = residual.carried


def peer(config, spec) -> Peer:
  like = resnet.MEMBERS[config.depth]()
  deep = like.block is resnet.Bottleneck
  module = residual.ResNet(
    like.depths,
    len(spec.classes),
    max(1, round(64 * photographs.width(config, spec))),
    config.stem,
    'none' if config.plain else 'B',
    images.GATED * config.se,
    deep=deep,
    early=deep and config.stem == 'caffe',
  )
  return images.classifier(module, config)
