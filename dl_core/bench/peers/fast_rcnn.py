"""Fast R-CNN in PyTorch: regions of given proposals, pooled one by one, AdamW.

Without torchvision's compiled operators, RoI pooling is `adaptive_max_pool2d` of a
slice of the maps for each region, whose bins are Caffe's: what eager PyTorch has.
"""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn, images
from dl_core.launch.families import detectors
from dl_core.tasks.judging import Judging

SMALLEST = 1e-6  # side of a box whose logarithm is taken


def peer(config, spec) -> Peer:
  bins = config.bins or detectors.backbone(config).bins
  module = FastRCNN(config, len(spec.classes) + 1, bins)
  settings = detectors.judging(config)
  loss = functools.partial(losses, module, settings)
  optimizer = functools.partial(
    torch.optim.AdamW, lr=config.learning_rate, weight_decay=config.weight_decay
  )
  turn = Turn(loss, [*module.parameters()], optimizer, clip=config.clip)
  return Peer(module, tensors, (turn,))


def tensors(batch):
  x, y = batch.x, batch.y
  pixels = np.asarray(x['image']).transpose(0, 3, 1, 2).copy()
  floats = (x['proposals'], x['proposed'], y['boxes'], batch.weight['boxes'])
  found = [torch.tensor(np.asarray(each)) for each in floats]
  labels = torch.tensor(np.asarray(y['labels'], np.int64))
  return torch.tensor(pixels), *found, labels


class FastRCNN(nn.Module):
  """See `models.rcnn`, `models.backbones` and `models.averaged`."""

  def __init__(self, config, classes, bins):
    super().__init__()
    self.stages = nn.ModuleList()
    channels = 3
    for number, width in enumerate(config.widths):
      halves = number < config.halving
      size = (3, 4)[halves] + 2 * (not number)
      self.stages.append(
        nn.Sequential(
          nn.Conv2d(channels, width, size, 1 + halves, (size - 1) // 2, bias=False),
          nn.BatchNorm2d(width),
          nn.ReLU(),
        )
      )
      channels = width
    self.dense_1 = nn.Linear(channels * bins**2, config.units)
    self.dense_2 = nn.Linear(config.units, config.units)
    self.output = nn.Linear(config.units, classes)
    self.boxes = nn.Linear(config.units, 4 * classes)
    self.bins, self.stride = bins, 2**config.halving

  def forward(self, pixels, regions):
    """Judges regions, one tensor [R, 4] for each image."""
    maps = functools.reduce(lambda x, stage: stage(x), self.stages, pixels)
    # The last pixel of an image may be rounded to a place beyond the map.
    maps = functional.pad(maps, (0, 1, 0, 1), value=-torch.inf)
    pooled = [
      self.pooled(one, box)
      for one, boxes in zip(maps, regions, strict=True)
      for box in boxes.tolist()
    ]
    x = torch.stack(pooled)
    x = torch.where(x == -torch.inf, 0, x).flatten(1)
    x = functional.relu(self.dense_2(functional.relu(self.dense_1(x))))
    return self.output(x), self.boxes(x).unflatten(1, (-1, 4))

  def pooled(self, maps, box):
    cell = lambda value: int(value / self.stride + 0.5)
    left, top, right, bottom = cell(box[0]), cell(box[1]), box[2] - 1, box[3] - 1
    down, across = max(cell(bottom), top) + 1, max(cell(right), left) + 1
    own = maps[:, top:down, left:across]
    return functional.adaptive_max_pool2d(own, self.bins)


def losses(module, settings: Judging, pixels, given, real, objects, weight, labels):
  """Returns the sum of both losses of regions, sampled anew."""
  chosen = [
    sampled(settings, own[there > 0], boxes[counts > 0], names[counts > 0])
    for own, there, boxes, counts, names in zip(
      given, real, objects, weight, labels, strict=True
    )
  ]
  regions, names, wanted = zip(*chosen, strict=True)
  logits, changes = module(pixels, regions)
  names, wanted, boxes = torch.cat(names), torch.cat(wanted), torch.cat(regions)
  own = changes[torch.arange(len(names)), names]
  to = encoded(boxes, wanted) / boxes.new_tensor(settings.deviations)
  moved = functional.smooth_l1_loss(
    own[names > 0], to[names > 0], reduction='sum', beta=settings.beta
  )
  return functional.cross_entropy(logits, names) + moved / len(names)


@torch.no_grad()
def sampled(settings, given, objects, labels):
  """Returns regions of an image, their classes and the objects that they overlap."""
  found = torch.cat([given, objects])
  low = torch.maximum(found[:, None, :2], objects[None, :, :2])
  high = torch.minimum(found[:, None, 2:], objects[None, :, 2:])
  both = (high - low).clamp(min=0).prod(2)
  area = lambda boxes: (boxes[:, 2:] - boxes[:, :2]).prod(1)
  best, which = (both / (area(found)[:, None] + area(objects)[None] - both)).max(1)
  drawn = torch.rand(len(found))
  positive = best >= settings.least
  most = round(settings.share * settings.sampled)
  hits = torch.where(positive, drawn, 2.0).argsort()[: min(most, int(positive.sum()))]
  rest = torch.where(positive, 2.0, drawn).argsort()[: int((~positive).sum())]
  places = torch.cat([hits, rest[: settings.sampled - len(hits)]])
  names = torch.where(positive, labels[which] + 1, 0)
  return found[places], names[places], objects[which][places]


def encoded(boxes, to):
  centre, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
  wanted, larger = (to[:, :2] + to[:, 2:]) / 2, to[:, 2:] - to[:, :2]
  sides = sides.clamp(min=SMALLEST)
  grown = torch.log(larger.clamp(min=SMALLEST) / sides)
  return torch.cat([(wanted - centre) / sides, grown], 1)


def carried(params):
  for name in sorted(each for each in params if each.startswith('stage_')):
    yield from images.laid(params[name], 'convolution', 'norm')
  last = params[name]['convolution']['kernel'].shape[-1]
  side = round((params['dense_1']['kernel'].shape[0] / last) ** 0.5)
  yield from images.laid(params, 'dense_1', sides=(side, side))
  yield from images.laid(params, 'dense_2', 'output', 'boxes')
