"""Names of an AlexNet's layers in files of torchvision.

Its published file is of `alexnet.TORCHVISION`. The paper's own network is nowhere in
torchvision; it is exported by the same names.
"""

from dl_core.models import alexnet
from dl_core.models.weights import origins
from dl_core.types import Names

TORCHVISION = {
  'convolution_1': 'features.0',
  'convolution_2': 'features.3',
  'convolution_3': 'features.6',
  'convolution_4': 'features.8',
  'convolution_5': 'features.10',
  'dense_1': 'classifier.1',
  'dense_2': 'classifier.4',
  'output': 'classifier.6',
}


def names() -> Names:
  """Returns the table of every variant."""
  sides = (alexnet.GRID, alexnet.GRID)
  return Names(
    {'torchvision': TORCHVISION},
    maps={'dense_1': sides},
    settings=origins.CONVOLUTIONAL,
  )
