"""Names of the layers of PSPNet's trunk in files of classifiers, ResNets."""

import itertools

from dl_core.models import pspnet, resnet
from dl_core.models.weights import resnet as classifier
from dl_core.types import Names


def names(model: pspnet.PSPNet) -> Names:
  """Returns the tables of a network, without what is not in a classifier.

  torchvision has no file of a network with a stem of three convolutions.
  """
  like = resnet.ResNet(tuple(model.depths), resnet.Bottleneck, width=model.width)
  return classifier.names(like)._replace(heads=())


def parts(model: pspnet.PSPNet) -> tuple[str, ...]:
  """Returns the parts that a classifier of images has, too; see `Experiment.taken`."""
  return (*itertools.chain(*classifier.stages(model.depths)),)
