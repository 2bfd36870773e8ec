"""ResNet: blocks that add to what they are given (He et al., 2016). Lecture 6.

    python -m experiments.resnet                         # digits: 97 %, 25 s
    python -m experiments.resnet --depth=50 --se         # with squeeze and excitation
    python -m experiments.resnet --depth=34 --plain      # the same without shortcuts
    python -m experiments.resnet --depth=50 --dataset=imagenet2012 --data_dir=DIR
    python -m experiments.resnet --depth=152 --classes=1000 --image_size=224 --plan
    python -m experiments.resnet --depth=50 --width=1 --image_size=224 \\
      --freeze=backbone --init_from=resnet50-0676ba61.pth \\
      --dataset=folder --data_dir=DIR

`--dataset=imagenet2012` brings 90 epochs of 256 images: parts of them, mirrored and
tinted as in the paper (https://arxiv.org/abs/1512.03385), with the 5 epochs of warm-up
of Goyal et al. 2017 and labels smoothed by 0.1. Small images: cifar_resnet.
"""

import dataclasses

from dl_core import config, launch
from dl_core.launch.families import photographs
from dl_core.models import resnet
from dl_core.models.weights import resnet as names
from dl_core.types import Spec

TORCHVISION = {  # top-1, top-5 of its first weights
  18: (0.69758, 0.89078),
  34: (0.73314, 0.91420),
  50: (0.76130, 0.92862),
  101: (0.77374, 0.93546),
  152: (0.78312, 0.94046),
}
LEGACY = {50: (0.7765, None), 101: (0.7837, None), 152: (0.7866, None)}
RECIPE = photographs.epochs(90, 256)


@dataclasses.dataclass(frozen=True)
class Config(photographs.Config):
  depth: int = config.field(
    18, 'number of layers with weights: 18, 34, 50, 101 or 152', low=18, below=153
  )
  plain: bool = config.field(False, 'leave out all shortcuts')
  stem: str = config.field(
    'imagenet',
    "version of the network: torchvision's (imagenet), or of 2015 (caffe)",
    choices=('imagenet', 'caffe'),
  )


RECIPES = {
  'cifar10': {'steps': 12_000, 'batch_size': 128, 'flip': True, 'eval_every': 1_000},
  'imagenet2012': RECIPE
  | {'image_size': 224, 'crop': 0.08, 'flip': True, 'colour': 0.1, 'learning_rate': 0.1}
  | {'smoothing': 0.1, 'warmup': RECIPE['steps'] // 18, 'precision': 'bfloat16'},
}
TINY = Config(steps=2, batch_size=8, image_size=32, width=0.1)
BENCH = Config(depth=50, batch_size=16, width=1)


def build(c: Config) -> launch.Experiment:
  data = photographs.load(c)
  model = network(c, data.spec)
  return photographs.experiment(
    c,
    data,
    model,
    names=names.names(model),
    first=('convolution', 'kernel'),
    published=published(c),
  )


def network(c: Config, spec: Spec) -> resnet.ResNet:
  """Returns the network of the settings, for data of a Spec."""
  model = photographs.member(resnet.MEMBERS, c.depth)(
    classes=len(spec.classes),
    width=max(1, round(64 * photographs.width(c, spec))),
    stem=c.stem,
    shortcut='none' if c.plain else 'B',
    gate=photographs.gate(c),
  )
  if c.stem == 'caffe' and model.block is resnet.Bottleneck:
    return model.clone(block=resnet.Early)
  return model


def published(c: Config) -> dict[str, photographs.Published]:
  """Returns the published accuracies of the network of the settings."""
  if c.se and c.depth in LEGACY and not c.plain:
    return {'timm legacy_seresnet': LEGACY[c.depth]}
  usual = not (c.plain or c.se or c.stem == 'caffe')
  return {'torchvision': TORCHVISION[c.depth]} if usual else {}


if __name__ == '__main__':
  launch.main(__name__)
