"""Names of a ResNet's layers in files of torchvision, timm, transformers and others.

Files of timm's resnet* and seresnet* have torchvision's names, and `se` for the gates.
timm's legacy_seresnet50, 101 and 152, first trained with Caffe, stride elsewhere: only
a network of `stem='caffe'` computes the same.

Refused, since they compute something else:
  resnetblur* and resnetaa* have the names and shapes of a plain ResNet. They are known
    by what is written in the file or beside it, by its name, or by its digest. A file
    that tells nothing of all this is taken, with a sentence that says so;
  networks that are dilated or have another activation or pooling, likewise;
  legacy_seresnet18 and 34 have one more ReLU, before the gate, so our gates in basic
    blocks of `stem='caffe'` have names of their own;
  seresnet18 and 34 have 8 units in the gates of the first stage where the paper has 4.
"""

from collections.abc import Sequence
from typing import Any

from dl_core.models import resnet
from dl_core.models.weights import origins
from dl_core.types import Names

BLOCK = 'stage_{S}_block_{B}'

TORCHVISION = {
  'convolution': 'conv1',
  'norm': 'bn1',
  f'{BLOCK}.convolution_{{N}}': 'layer{S}.{b}.conv{N}',
  f'{BLOCK}.norm_{{N}}': 'layer{S}.{b}.bn{N}',
  f'{BLOCK}.shortcut.convolution': 'layer{S}.{b}.downsample.0',
  f'{BLOCK}.shortcut.norm': 'layer{S}.{b}.downsample.1',
  f'{BLOCK}.gate.reduce': 'layer{S}.{b}.se.fc1',
  f'{BLOCK}.gate.expand': 'layer{S}.{b}.se.fc2',
  'output': 'fc',
}
# akamaster/pytorch_resnet_cifar10, kuangliu/pytorch-cifar
CIFAR = TORCHVISION | {
  f'{BLOCK}.shortcut.convolution': 'layer{S}.{b}.shortcut.0',
  f'{BLOCK}.shortcut.norm': 'layer{S}.{b}.shortcut.1',
  'output': 'linear',
}
LEGACY = TORCHVISION | {
  'convolution': 'layer0.conv1',
  'norm': 'layer0.bn1',
  f'{BLOCK}.gate.reduce': 'layer{S}.{b}.se_module.fc1',
  f'{BLOCK}.gate.expand': 'layer{S}.{b}.se_module.fc2',
  'output': 'last_linear',
}
# Our own: no library has a network that computes the same.
BASIC = LEGACY | {
  f'{BLOCK}.gate.reduce': 'layer{S}.{b}.se.fc1',
  f'{BLOCK}.gate.expand': 'layer{S}.{b}.se.fc2',
}
LAYERS = 'resnet.encoder.stages.{s}.layers.{b}'
TRANSFORMERS = TORCHVISION | {
  'convolution': 'resnet.embedder.embedder.convolution',
  'norm': 'resnet.embedder.embedder.normalization',
  f'{BLOCK}.convolution_{{N}}': f'{LAYERS}.layer.{{n}}.convolution',
  f'{BLOCK}.norm_{{N}}': f'{LAYERS}.layer.{{n}}.normalization',
  f'{BLOCK}.shortcut.convolution': f'{LAYERS}.shortcut.convolution',
  f'{BLOCK}.shortcut.norm': f'{LAYERS}.shortcut.normalization',
  'output': 'classifier.1',
}


UNLIKE = {
  'resnetblur': 'blurs maps before it strides',
  'resnetaa': 'averages maps before it strides',
}
PLAIN_UNLIKE = {'resnet': 'has shortcuts'}
LEGACY_UNLIKE = dict.fromkeys(
  ('legacy_seresnet18', 'legacy_seresnet34'), 'has one more ReLU, before the gate'
)


def stages(depths: Sequence[int]) -> tuple[tuple[str, ...], ...]:
  """Returns the names of the layers of the stem, and of the blocks of each stage."""
  blocks = (
    tuple(BLOCK.format(S=stage, B=n) for n in range(1, depth + 1))
    for stage, depth in enumerate(depths, start=1)
  )
  return ('convolution', 'norm'), *blocks


def names(model: resnet.ResNet) -> Names:
  """Returns the tables of a network."""
  options: dict[str, Any] = {
    'pointwise': (f'{BLOCK}.gate.reduce', f'{BLOCK}.gate.expand'),
    # Shortcuts without parameters leave no trace in a file.
    'settings': {**origins.CONVOLUTIONAL, 'plain': (model.shortcut == 'none',)},
  }
  if model.shortcut == 'none':
    options['unlike'] = PLAIN_UNLIKE
  elif model.stem == 'imagenet':
    options['unlike'] = UNLIKE
  if model.stem == 'caffe':
    if model.gate is not None and model.block is resnet.Basic:
      return Names({'own': BASIC}, **{'unlike': LEGACY_UNLIKE} | options)
    return Names({'timm legacy': LEGACY}, **options)
  tables = {'torchvision': TORCHVISION, 'cifar': CIFAR, 'transformers': TRANSFORMERS}
  if model.stem == 'cifar':
    tables = {'cifar': CIFAR} | tables  # the first is the one that exports have
  return Names(tables, **options)
