"""Names of the layers of FCN and DeconvNet in files of classifiers, VGG's.

The dense layers that read a map of 7 x 7 are convolutions here, as in timm's files.
"""

import itertools

from dl_core.models import deconvnet, fcn, vgg
from dl_core.models.weights import vgg as classifier
from dl_core.types import Names

HIDDEN = ('hidden_1', 'hidden_2')
DENSE = {'dense_1': 'hidden_1', 'dense_2': 'hidden_2'}


def names(model: fcn.FCN | deconvnet.DeconvNet) -> Names:
  """Returns the tables of a network, without its scores."""
  there = classifier.names(
    vgg.VGG(tuple(model.depths), batch_norm=model.batch_norm, width=model.width)
  )
  tables = {
    library: {DENSE.get(layer, layer): row for layer, row in table.items()}
    for library, table in there.tables.items()
  }
  return there._replace(tables=tables, heads=(), maps={'hidden_1': (vgg.GRID,) * 2})


def parts(model: fcn.FCN | deconvnet.DeconvNet) -> tuple[str, ...]:
  """Returns the parts that a classifier of images has, too; see `Experiment.taken`."""
  return (*itertools.chain(*classifier.stages(model)), *HIDDEN)


def coarser(model: fcn.FCN) -> tuple[str, ...]:
  """Returns the parts that the same network of twice the stride has, too."""
  levels = range(len(model.depths) - 1, model.stride.bit_length() - 2, -1)
  scores = ['score', *(f'score_{level}' for level in levels)]
  ups = ['upsample', *(f'upsample_{level}' for level in levels)]
  own = scores[: len(levels)]
  if model.upsampling != 'bilinear':  # the last one has another factor
    own += ups[1 : len(levels)]
  norms = [f'{name}_norm' for name in HIDDEN] if model.batch_norm else []
  return (*parts(model), *norms, *own) if levels else ()
