"""Names of a VGG's layers in files of torchvision and timm.

Both number everything in the trunk, ReLU and pooling too, so where a layer stands
depends on the depths. timm writes the first two dense layers as convolutions,
so the logits are the same for images of up to 255 pixels a side: a larger map is pooled
before the first dense layer here and in torchvision, after the second in timm.
"""

from typing import Any

from dl_core.models import vgg
from dl_core.models.weights import origins
from dl_core.types import Names


def stages(model: Any) -> tuple[tuple[str, ...], ...]:
  """Returns the names of the layers of each stage of convolutions.

  Args:
    model: a network with the `depths` and the `batch_norm` of a `vgg.VGG`.
  """
  kinds = ('convolution', 'norm') if model.batch_norm else ('convolution',)
  return tuple(
    tuple(f'{kind}_{stage}_{n}' for n in range(1, depth + 1) for kind in kinds)
    for stage, depth in enumerate(model.depths, start=1)
  )


def names(model: vgg.VGG) -> Names:
  """Returns the tables of a network."""
  trunk = {}
  place = 0
  for stage, depth in enumerate(model.depths, start=1):
    for number in range(1, depth + 1):
      trunk[f'convolution_{stage}_{number}'] = f'features.{place}'
      trunk[f'norm_{stage}_{number}'] = f'features.{place + 1}'
      place += 3 if model.batch_norm else 2  # with ReLU
    place += 1  # pooling
  torchvision = {
    'dense_1': 'classifier.0',
    'dense_2': 'classifier.3',
    'output': 'classifier.6',
  }
  timm = {'dense_1': 'pre_logits.fc1', 'dense_2': 'pre_logits.fc2', 'output': 'head.fc'}
  return Names(
    {'torchvision': trunk | torchvision, 'timm': trunk | timm},
    maps={'dense_1': (vgg.GRID, vgg.GRID)},
    settings=origins.CONVOLUTIONAL,
  )
