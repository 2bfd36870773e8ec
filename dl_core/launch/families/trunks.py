"""Trunks and heads of detectors by name: small ones, and classifiers of ImageNet."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from flax import linen as nn

from dl_core.data import clutter
from dl_core.launch.families import photographs
from dl_core.models import backbones, resnet, vgg
from dl_core.models.weights import resnet as resnet_names
from dl_core.models.weights import vgg as vgg_names
from dl_core.types import Names

MEMBERS: dict[str, Any] = {
  'small': None,
  'vgg16': vgg.VGG16,
  'resnet50': resnet.ResNet50,
  'resnet101': resnet.ResNet101,
  'resnet152': resnet.ResNet152,
}


class Backbone(NamedTuple):
  """A classifier cut in two, and what a detector needs to know about it.

  Attributes:
    trunk, head: see `backbones`.
    stride: pixels from one place of the maps to the next.
    bins: into which a region is pooled, a side.
    stages: names of the layers of each stage of the trunk, the first stage first.
    taken: see `Experiment`; all layers that the classifier has, too.
    names: see `Experiment`.
    normalise: see `data.detection.load`.
  """

  trunk: nn.Module
  head: nn.Module
  stride: int
  bins: int
  stages: tuple[tuple[str, ...], ...]
  taken: tuple[str, ...]
  names: Names | None = None
  normalise: tuple[Any, Any] = photographs.COLOURS


def backbone(name: str, widths: Sequence[int], halving: int, units: int) -> Backbone:
  """Returns the trunk and the head of a classifier.

  Args:
    name: of `MEMBERS`.
    widths, halving: of the convolutions of 'small', see `averaged.Averaged`.
    units: of each dense layer of its head.
  """
  member = MEMBERS[name]
  if member is None:
    layers = tuple(f'stage_{n}' for n in range(1, len(widths) + 1))
    return Backbone(
      backbones.SmallTrunk(tuple(widths), halving),
      backbones.SmallHead(units),
      2**halving,
      5,
      tuple((layer,) for layer in layers),
      layers,
      normalise=clutter.NORMAL,
    )
  like = member()
  if isinstance(like, vgg.VGG):
    stages = vgg_names.stages(like)
    return Backbone(
      backbones.VGGTrunk(member),
      backbones.VGGHead(member),
      16,
      vgg.GRID,
      stages,
      (*itertools.chain(*stages), 'dense_1', 'dense_2'),
      vgg_names.names(like),
    )
  stages = resnet_names.stages(like.depths)
  return Backbone(
    backbones.ResNetTrunk(member),
    backbones.ResNetHead(member),
    16,
    2 * vgg.GRID,
    stages[:-1],  # the last one is the head
    (*itertools.chain(*stages),),
    resnet_names.names(like),
  )
