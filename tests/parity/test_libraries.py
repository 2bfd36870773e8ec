"""Every network of timm and torchvision that a table accepts has that library's logits.

Needs both libraries; neither is among the extras. Weights are random.
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
from dl_core.models.weights import exchange
from dl_core.models.weights import googlenet as googlenet_names
from dl_core.models.weights import resnet as resnet_names
from dl_core.models.weights import vgg as vgg_names
from dl_core.types import UserError
from tests.parity import agree, vision

torch = pytest.importorskip('torch', reason=agree.REASON)
try:
  zoo = vision.torchvision().models
  import timm  # imports torchvision, too
except ImportError as error:
  pytest.skip(f'needs timm and torchvision: {error}', allow_module_level=True)

SE = squeeze.SqueezeExcite
CLASSES, SIDE = 7, 64


def residual(depth, **settings):
  model = resnet.MEMBERS[depth](classes=CLASSES, **settings)
  if model.stem == 'caffe' and model.block is resnet.Bottleneck:
    model = model.clone(block=resnet.Early)
  return model, resnet_names.names(model)


def very_deep(depth, batch_norm):
  model = vgg.MEMBERS[depth](classes=CLASSES, batch_norm=batch_norm)
  return model, vgg_names.names(model)


def inception():
  return googlenet.GoogLeNet(CLASSES, variant='torchvision'), googlenet_names.names()


ACCEPTED = {
  'torchvision alexnet': lambda: (
    alexnet.TORCHVISION(classes=CLASSES),
    alexnet_names.names(),
  ),
  'torchvision googlenet': inception,
}
for library in ('torchvision', 'timm'):
  for depth in vgg.MEMBERS:
    for suffix in ('', '_bn'):
      make = functools.partial(very_deep, depth, batch_norm=bool(suffix))
      ACCEPTED[f'{library} vgg{depth}{suffix}'] = make
  for depth in resnet.MEMBERS:
    ACCEPTED[f'{library} resnet{depth}'] = functools.partial(residual, depth)
for depth in (50, 101, 152):
  gated = functools.partial(residual, depth, gate=SE)
  ACCEPTED[f'timm seresnet{depth}'] = gated
  ACCEPTED[f'timm legacy_seresnet{depth}'] = functools.partial(gated, stem='caffe')
KINDS = {  # one of each kind; the others take minutes
  'torchvision alexnet', 'torchvision googlenet', 'torchvision vgg11', 'timm vgg11_bn',
  'torchvision resnet18', 'timm resnet50', 'timm seresnet50', 'timm legacy_seresnet50',
}  # fmt: skip
REFUSED = {
  'timm resnetblur18': lambda: residual(18),
  'timm resnetblur50': lambda: residual(50),
  'timm resnetaa50': lambda: residual(50),
  'timm resnet50_gn': lambda: residual(50),
  'timm resnet50d': lambda: residual(50),
  'timm seresnet18': lambda: residual(18, gate=SE),
  'timm seresnet34': lambda: residual(34, gate=SE),
  'timm legacy_seresnet18': lambda: residual(18, gate=SE, stem='caffe'),
  'timm ecaresnet50t': lambda: residual(50),
  'torchvision resnext50_32x4d': lambda: residual(50),
  'torchvision wide_resnet50_2': lambda: residual(50),
}


def twin(name):
  """Makes the network of a library with random statistics, too."""
  library, name = name.split()
  if library == 'timm':
    module = timm.create_model(name, num_classes=CLASSES)
  else:
    extra = {'aux_logits': False, 'init_weights': False} if name == 'googlenet' else {}
    module = zoo.get_model(name, weights=None, num_classes=CLASSES, **extra)
  torch.manual_seed(0)
  with torch.no_grad():
    for key, one in module.state_dict().items():
      if key.endswith('bn3.weight'):
        # Else a hundred random blocks amplify rounding: seresnet101 in float32 is 1e-2
        # from itself in float64 there as well as here, and in float64 both agree.
        one.uniform_(0.1, 0.3)
      elif key.endswith(('running_var', 'bn1.weight', 'bn2.weight')):
        one.uniform_(0.5, 1.5)
      elif key.endswith('running_mean'):
        one.normal_(0, 0.1)
  return module.eval()


def load(name, module, model, names, tmp_path):
  path = tmp_path / f'{name.split()[1]}.pth'
  torch.save(module.state_dict(), path)
  image = jax.ShapeDtypeStruct((1, SIDE, SIDE, 3), jnp.float32)
  like = jax.eval_shape(lambda x: model.init(jax.random.key(0), x, train=False), image)
  taken = exchange.load(path, names, trees.flatten(like))
  assert taken.notes == []
  return trees.unflatten(like, taken.leaves)


@pytest.mark.parametrize(
  'name',
  [
    name if name in KINDS else pytest.param(name, marks=pytest.mark.slow)
    for name in ACCEPTED
  ],
)
def test_what_is_accepted_has_the_logits_of_its_library(name, tmp_path):
  model, names = ACCEPTED[name]()
  module = twin(name)
  variables = load(name, module, model, names, tmp_path)
  images = np.random.RandomState(0).randn(2, SIDE, SIDE, 3).astype(np.float32)
  logits = jax.jit(lambda x: model.apply(variables, x, train=False))(images)
  with torch.no_grad():
    expected = module(torch.tensor(images.transpose(0, 3, 1, 2)))
  agree.assert_close(logits, expected, 1e-4)


@pytest.mark.parametrize('name', REFUSED)
def test_what_would_compute_something_else_is_refused(name, tmp_path):
  model, names = REFUSED[name]()
  with pytest.raises(UserError, match='was given, which'):
    load(name, twin(name), model, names, tmp_path)
