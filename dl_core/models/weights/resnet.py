"""What the layers of a ResNet are called: by torchvision, timm, transformers, others.

Files of timm's resnet* and seresnet* have torchvision's names, and `se` for the gates.
Its legacy_seresnet*, first trained with Caffe, stride elsewhere: only a network of
`stem='caffe'` computes what they do. In timm's seresnet18 and 34 the gates of the first
stage have 8 units where the paper has 4, so those are refused.
"""

from dl_core.models import resnet
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


def names(model: resnet.ResNet) -> Names:
  """Returns the tables of a network."""
  pointwise = (f'{BLOCK}.gate.reduce', f'{BLOCK}.gate.expand')
  if model.stem == 'caffe':
    return Names({'timm legacy': LEGACY}, pointwise=pointwise)
  tables = {'torchvision': TORCHVISION, 'cifar': CIFAR, 'transformers': TRANSFORMERS}
  if model.stem == 'cifar':
    tables = {'cifar': CIFAR} | tables  # the first is the one that exports have
  return Names(tables, pointwise=pointwise)
