"""All architectures of timm and torchvision, by names and shapes: which are accepted?

Each is built without memory, on PyTorch's meta device, and offered to every network
here. What is accepted must be among those whose logits `test_libraries` compares, or be
refused by its name.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import trees
from dl_core.layers import squeeze
from dl_core.models import alexnet, googlenet, resnet, vgg
from dl_core.models.weights import alexnet as alexnet_names
from dl_core.models.weights import exchange, layouts, places
from dl_core.models.weights import googlenet as googlenet_names
from dl_core.models.weights import resnet as resnet_names
from dl_core.models.weights import vgg as vgg_names
from dl_core.types import UserError
from tests.parity import test_libraries as libraries  # skips where it is skipped
from tests.parity.test_libraries import timm, torch, zoo

STEMS = (  # what the first convolution is called
  'conv1.weight',
  'layer0.conv1.weight',
  'features.0.weight',
  'conv1.conv.weight',
)
WIDEST = 256  # channels after it, beyond which no network here is that wide
UNBUILT = 'regnet_'  # torchvision's cannot be built on the meta device
LOOKALIKES = {'timm resnetaa50', 'timm resnetblur18', 'timm resnetblur50'}
# Without `quantize=True` they are the networks of the same name.
SAME = {
  f'torchvision quantized_{name}' for name in ('googlenet', 'resnet18', 'resnet50')
}


def residual(depth, stem, plain, gate, width):
  model = resnet.MEMBERS[depth](
    width=width, stem=stem, shortcut='none' if plain else 'B', gate=gate
  )
  early = stem == 'caffe' and model.block is resnet.Bottleneck
  model = model.clone(block=resnet.Early) if early else model
  return model, resnet_names.names(model)


def cifar(depth, shortcut, gate):
  model = resnet.cifar(depth, shortcut=shortcut, gate=gate)
  return model, resnet_names.names(model)


def very_deep(depth, batch_norm, width):
  model = vgg.MEMBERS[depth](batch_norm=batch_norm, width=width)
  return model, vgg_names.names(model)


def inception(variant, aux, width):
  model = googlenet.GoogLeNet(variant=variant, aux=aux, width=width / 64)
  return model, googlenet_names.names()


def shallow(variant, width):
  full = alexnet.VARIANTS[variant]().widths[0]
  return alexnet.scaled(variant, width / full), alexnet_names.names()


def networks(width):
  """Yields the networks of all experiments whose first layer is so wide."""
  for gate in (None, squeeze.SqueezeExcite):
    for depth in resnet.MEMBERS:
      for stem in ('imagenet', 'caffe'):
        for plain in (False, True):
          yield residual, (depth, stem, plain, gate, width)
    for depth in range(8, 117, 6) if width == 16 else ():
      for shortcut in ('A', 'B', 'none'):
        yield cifar, (depth, shortcut, gate)
  for depth in vgg.MEMBERS:
    for batch_norm in (False, True):
      yield very_deep, (depth, batch_norm, width)
  for variant in googlenet.VARIANTS:
    for aux in (False, True):
      yield inception, (variant, aux, width)
  for variant in alexnet.VARIANTS:
    yield shallow, (variant, width)


@functools.cache
def built(make, settings):
  """Returns names, shapes of variables and, for each table, the names it asks for."""
  model, names = make(*settings)
  image = jax.ShapeDtypeStruct((1, 64, 64, 3), jnp.float32)
  keys = {'params': jax.random.key(0), 'dropout': jax.random.key(1)}
  train = getattr(model, 'aux', False)  # else no auxiliary classifier is made
  like = jax.eval_shape(lambda x: model.init(keys, x, train=train), image)
  like = trees.flatten(like)
  tables = [places.placed(names, each, like) for each in names.tables.values()]
  asked = [
    {t.name for p in table.values() if not p.head for t in p.terms} for table in tables
  ]
  return names, like, asked


def accepted(shapes):
  """Returns whether any network here takes arrays of these names and shapes."""
  arrays = {
    name: np.broadcast_to(np.float32(0), shape)
    for name, shape in shapes.items()
    if not name.endswith(layouts.COUNTERS)
  }
  stems = [arrays[name].shape for name in STEMS if name in arrays]
  for width in {shape[0] for shape in stems if len(shape) == 4 and shape[0] <= WIDEST}:
    for make, settings in networks(width):
      names, like, asked = built(make, settings)
      if any(each <= arrays.keys() for each in asked):
        try:
          exchange.taken('FILE', arrays, names, like)
        except UserError:
          continue
        return True
  return False


def architectures():
  """Yields the name of each architecture, and how to build it."""
  without = {'weights': None, 'weights_backbone': None}
  backbones = ('rcnn', 'fcos', 'retinanet', 'ssd', 'deeplab', 'fcn_', 'lraspp')
  for name in zoo.list_models():
    own = without if any(part in name for part in backbones) else {'weights': None}
    if not name.startswith(UNBUILT):
      yield f'torchvision {name}', functools.partial(zoo.get_model, name, **own)
  for name in timm.list_models():
    yield f'timm {name}', functools.partial(timm.create_model, name)


@pytest.mark.slow
@pytest.mark.filterwarnings('ignore')  # of libraries, about themselves
def test_what_is_accepted_by_names_and_shapes_is_compared_or_refused_by_name():
  found = set()
  for name, build in architectures():
    with torch.device('meta'):
      module = build()
    if accepted({name: tuple(one.shape) for name, one in module.state_dict().items()}):
      found.add(name)
  assert found == {*libraries.ACCEPTED, *LOOKALIKES, *SAME}
