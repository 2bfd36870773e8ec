"""DeconvNet in PyTorch: MaxPool2d that returns indices, and MaxUnpool2d."""

from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, images, pixels
from dl_core.models import deconvnet


def peer(config, spec) -> Peer:
  sides, channels = spec.batch.x.shape[1:3], spec.batch.x.shape[-1]
  model = deconvnet.DeconvNet(
    len(spec.classes), config.depths, config.width, config.hidden, config.side
  )
  return pixels.segmenter(DeconvNet(model, channels, sides), config)


class DeconvNet(nn.Module):
  def __init__(self, model, channels, sides):
    """`model` is ours, whose attributes are read; it unpools to stored places."""
    super().__init__()
    stages, inputs = [], channels
    wide = lambda number: model.width * min(2 ** (number - 1), 8)
    for number, depth in enumerate(model.depths, start=1):
      layers = []
      for _ in range(depth):
        layers += [nn.Conv2d(inputs, wide(number), 3, padding=1)]
        layers += pixels.normed(wide(number))
        inputs = wide(number)
      stages.append(nn.Sequential(*layers))
    self.stages = nn.ModuleList(stages)
    left = [model.side or side // 2 ** len(model.depths) for side in sides]
    pad = model.side // 2
    hidden = model.hidden or 64 * model.width
    self.middle = nn.Sequential(
      *(nn.Conv2d(inputs, hidden, left, padding=pad), *pixels.normed(hidden)),
      *(nn.Conv2d(hidden, hidden, 1), *pixels.normed(hidden)),
      *(nn.ConvTranspose2d(hidden, inputs, left, padding=pad), *pixels.normed(inputs)),
    )
    mirrored = []
    for number in range(len(model.depths), 0, -1):
      layers = []
      for layer in range(model.depths[number - 1], 0, -1):
        features = wide(number - 1 if layer == 1 and number > 1 else number)
        layers += [nn.ConvTranspose2d(inputs, features, 3, padding=1)]
        layers += pixels.normed(features)
        inputs = features
      mirrored.append(nn.Sequential(*layers))
    self.mirrored = nn.ModuleList(mirrored)
    self.output = nn.Conv2d(inputs, model.classes, 1)

  def forward(self, x):
    places = []
    for stage in self.stages:
      x, found = functional.max_pool2d(stage(x), 2, return_indices=True)
      places.append(found)
    x = self.middle(x)
    for stage, found in zip(self.mirrored, reversed(places), strict=True):
      x = stage(functional.max_unpool2d(x, found, 2))
    return self.output(x)


def carried(params):
  places = [n.removeprefix('convolution_') for n in params if 'convolution' in n]
  for place in sorted(places):  # stages and depths have one digit
    yield from images.laid(params, f'convolution_{place}', f'norm_{place}')
  for name in ('hidden_1', 'hidden_2'):
    yield from images.laid(params, name, f'{name}_norm')
  yield from pixels.transposed(params, 'spread')
  yield from images.laid(params, 'spread_norm')
  for place in sorted(places, reverse=True):
    yield from pixels.transposed(params, f'mirrored_{place}', flipped=True)
    yield from images.laid(params, f'mirrored_{place}_norm')
  yield from pixels.pointwise(params, 'output')
