"""VGG of any width in PyTorch, with torchvision's names; SGD with momentum."""

from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, images
from dl_core.launch.families import photographs
from dl_core.models import vgg


def peer(config, spec) -> Peer:
  module = VGG(
    vgg.MEMBERS[config.depth]().depths,
    max(1, round(64 * photographs.width(config, spec))),
    len(spec.classes),
    config.batch_norm,
    config.dropout,
    config.se,
  )
  return images.classifier(module, config)


class VGG(nn.Module):
  def __init__(self, depths, width, classes, batch_norm=False, dropout=0.5, se=False):
    super().__init__()
    layers, inputs = [], 3
    for stage, depth in enumerate(depths):
      features = width * min(2**stage, 8)
      for _ in range(depth):
        layers.append(nn.Conv2d(inputs, features, 3, padding=1))
        layers += [nn.BatchNorm2d(features)] * batch_norm + [nn.ReLU()]
        layers += [images.Gate(features)] * se
        inputs = features
      layers.append(nn.MaxPool2d(2))
    self.features = nn.Sequential(*layers)
    dense = 64 * width
    self.classifier = nn.Sequential(
      *(nn.Linear(49 * inputs, dense), nn.ReLU(), nn.Dropout(dropout)),
      *(nn.Linear(dense, dense), nn.ReLU(), nn.Dropout(dropout)),
      nn.Linear(dense, classes),
    )

  def forward(self, x):
    x = functional.adaptive_avg_pool2d(self.features(x), 7)
    return self.classifier(x.flatten(1))


def carried(params):
  places = [n.removeprefix('convolution_') for n in params if 'convolution' in n]
  for place in sorted(places):  # stages and depths have one digit
    yield from images.laid(params, f'convolution_{place}', f'norm_{place}')
    yield from images.gate(params, f'gate_{place}')
  yield from images.laid(params, 'dense_1', sides=(7, 7))
  yield from images.laid(params, 'dense_2', 'output')
