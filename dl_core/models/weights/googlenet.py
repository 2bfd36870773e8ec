"""Names of a GoogLeNet's layers in files of torchvision.

Its published file is of `variant='torchvision'`, was trained on pixels in [-1, 1] (mean
and deviation 0.5), and has auxiliary classifiers that were not trained.
"""

from dl_core.models import googlenet
from dl_core.types import Names

UNITS = {  # of an Inception module
  'one': 'branch1',
  'before_three': 'branch2.0',
  'three': 'branch2.1',
  'before_five': 'branch3.0',
  'five': 'branch3.1',
  'pooled': 'branch4.1',
}


def names() -> Names:
  """Returns the table of every variant."""
  units = {
    'convolution_1': 'conv1',
    'before_convolution_2': 'conv2',
    'convolution_2': 'conv3',
  }
  for module in googlenet.MODULES:
    for ours, theirs in UNITS.items():
      units[f'inception_{module}.{ours}'] = f'inception{module}.{theirs}'
  table = {'output': 'fc'}
  for number, module in enumerate(googlenet.AUXILIARY, start=1):
    ours, theirs = f'auxiliary_{module}', f'aux{number}'
    units[f'{ours}.reduce'] = f'{theirs}.conv'
    table |= {f'{ours}.dense': f'{theirs}.fc1', f'{ours}.output': f'{theirs}.fc2'}
  for ours, theirs in units.items():
    table[f'{ours}.convolution'] = f'{theirs}.conv'
    table[f'{ours}.norm'] = f'{theirs}.bn'
  judges = [f'auxiliary_{module}' for module in googlenet.AUXILIARY]
  return Names(
    {'torchvision': table},
    heads=('output', *(f'{judge}.output' for judge in judges)),
    maps={f'{judge}.dense': (4, 4) for judge in judges},
    spare=('aux1.', 'aux2.'),
  )
