"""AlexNet of any width in PyTorch, with torchvision's names; SGD with momentum."""

from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, images
from dl_core.launch.families import photographs
from dl_core.models import alexnet


def peer(config, spec) -> Peer:
  like = alexnet.scaled(config.variant, photographs.width(config, spec))
  module = AlexNet(
    like.widths,
    like.dense,
    len(spec.classes),
    like.groups,
    like.normalise,
    config.dropout,
    config.se,
  )
  return images.classifier(module, config)


class AlexNet(nn.Module):
  def __init__(
    self, widths, dense, classes, groups=1, normalise=False, dropout=0.5, se=False
  ):
    super().__init__()
    a, b, c, d, e = widths

    def after(channels, norm=False):
      """Ends a convolution, in one place of torchvision's numbering."""
      gate = [images.Gate(channels)] * se
      return nn.Sequential(nn.ReLU(), *gate, *[images.response_norm()] * norm)

    self.features = nn.Sequential(
      *(nn.Conv2d(3, a, 11, 4, 2), after(a, normalise), nn.MaxPool2d(3, 2)),
      nn.Conv2d(a, b, 5, 1, 2, groups=groups),
      *(after(b, normalise), nn.MaxPool2d(3, 2)),
      *(nn.Conv2d(b, c, 3, 1, 1), after(c)),
      *(nn.Conv2d(c, d, 3, 1, 1, groups=groups), after(d)),
      *(nn.Conv2d(d, e, 3, 1, 1, groups=groups), after(e), nn.MaxPool2d(3, 2)),
    )
    self.classifier = nn.Sequential(
      *(nn.Dropout(dropout), nn.Linear(36 * e, dense), nn.ReLU()),
      *(nn.Dropout(dropout), nn.Linear(dense, dense), nn.ReLU()),
      nn.Linear(dense, classes),
    )

  def forward(self, x):
    x = functional.adaptive_avg_pool2d(self.features(x), 6)
    return self.classifier(x.flatten(1))


def carried(params):
  for n in range(1, 6):
    yield from images.laid(params, f'convolution_{n}')
    yield from images.gate(params, f'gate_{n}')
  yield from images.laid(params, 'dense_1', sides=(6, 6))
  yield from images.laid(params, 'dense_2', 'output')
