"""Random weights of PyTorch's, imported, say what they say there; exported, are back.

Twins are the networks of `dl_core.bench.peers`, which have torchvision's names, so that
the tables of names are tested too.
"""

import functools
import importlib
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from dl_core import trees
from dl_core.layers import squeeze
from dl_core.models import alexnet, googlenet, resnet, vgg
from dl_core.models.weights import alexnet as alexnet_names
from dl_core.models.weights import exchange, files
from dl_core.models.weights import googlenet as googlenet_names
from dl_core.models.weights import resnet as resnet_names
from dl_core.models.weights import vgg as vgg_names
from dl_core.tasks import measures
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
alexnets, googlenets, resnets, vggs = (
  importlib.import_module(f'dl_core.bench.peers.{name}')
  for name in ('alexnet', 'googlenet', 'residual', 'vgg')
)

CLASSES, BATCH = 5, 5
W = googlenet.Widths
# With fewer channels random weights let whole layers die.
MODULES = {
  '4a': W(10, 9, 12, 8, 10, 11),
  '5a': W(9, 10, 8, 11, 12, 8),
}


class Case(NamedTuple):
  model: nn.Module
  names: object
  twin: object  # () -> module
  size: int = 32


def residual(depths, width=8, stem='imagenet', shortcut='B', reduction=0, **deep):
  model = resnet.ResNet(
    depths,
    functools.partial(resnet.Bottleneck, early=deep.get('early', False))
    if deep
    else resnet.Basic,
    classes=CLASSES,
    width=width,
    stem=stem,
    shortcut=shortcut,
    gate=functools.partial(squeeze.SqueezeExcite, reduction) if reduction else None,
  )
  twin = functools.partial(
    resnets.ResNet, depths, CLASSES, width, stem, shortcut, reduction, **deep
  )
  return Case(model, resnet_names.names(model), twin)


def very_deep(batch_norm):
  model = vgg.VGG((1, 2, 1), CLASSES, batch_norm=batch_norm, width=2)
  twin = functools.partial(vggs.VGG, (1, 2, 1), 2, CLASSES, batch_norm)
  return Case(model, vgg_names.names(model), twin)


def alex(**settings):
  widths = (8, 4, 6, 4, 4)
  model = alexnet.AlexNet(widths, CLASSES, dense=8, **settings)
  twin = functools.partial(alexnets.AlexNet, widths, 8, CLASSES, **settings)
  return Case(model, alexnet_names.names(), twin, size=80)


def inception(variant):
  settings = {'variant': variant, 'aux': True}
  model = googlenet.GoogLeNet(CLASSES, **settings)
  twin = functools.partial(googlenets.GoogLeNet, CLASSES, **settings)
  return Case(model, googlenet_names.names(), twin, size=40)


CASES = {
  'resnet': lambda: residual((1, 2)),
  'resnet bottleneck': lambda: residual((1, 2), 4, deep=True),
  'resnet cifar A': lambda: residual((2, 1), 4, 'cifar', 'A'),
  'resnet cifar plain': lambda: residual((1, 1), 4, 'cifar', 'none'),
  'se-resnet': lambda: residual((1, 1), 16, reduction=4),
  'se-resnet caffe': lambda: residual(
    (1, 1), 4, 'caffe', reduction=4, deep=True, early=True
  ),
  'vgg': lambda: very_deep(batch_norm=False),
  'vgg bn': lambda: very_deep(batch_norm=True),
  'alexnet': alex,
  'alexnet grouped': lambda: alex(groups=2, normalise=True),
  'googlenet': lambda: inception('torchvision'),
  'googlenet bn': lambda: inception('bn'),
  'googlenet paper': lambda: inception('paper'),
}


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
  monkeypatch.setattr(googlenet, 'MODULES', MODULES)


def drawn(module, seed=0):
  """Draws every parameter and every statistic of a module; returns it."""
  generator = torch.Generator().manual_seed(seed)
  draw = lambda one: torch.empty_like(one).uniform_(-1, 1, generator=generator)
  with torch.no_grad():
    for name, one in module.state_dict().items():
      if one.ndim > 1:
        one.copy_(draw(one) * (3 / one[0].numel()) ** 0.5)
      elif name.endswith(('var', 'weight')):
        one.copy_(1 + draw(one) / 2)
      elif one.ndim:
        one.copy_(draw(one) / 2)
  return module


def legacy(name):
  """Renames a layer as timm's legacy_seresnet* do."""
  layer = 'layer0.' if name.startswith(('conv1', 'bn1')) else ''
  return layer + name.replace('.se.', '.se_module.').replace('fc.', 'last_linear.')


def renamed(case):
  own = {'caffe': legacy, 'cifar': lambda name: name.replace('fc.', 'linear.')}
  return own.get(getattr(case.model, 'stem', ''), lambda name: name)


def imported(case, path):
  images = jax.ShapeDtypeStruct((BATCH, case.size, case.size, 3), jnp.float32)
  init = functools.partial(case.model.init, train=False)
  like = jax.eval_shape(init, jax.random.key(0), images)
  taken = exchange.load(path, case.names, trees.flatten(like))
  # A file without a name or settings cannot say that it is of none of the lookalikes.
  assert [n for n in taken.notes if 'does not name its architecture' not in n] == []
  return trees.unflatten(like, taken.leaves)


# In training, where auxiliary classifiers speak; the others are told by statistics.
TRAINED = ('resnet', 'googlenet bn', 'googlenet paper')


@pytest.mark.parametrize(
  ('name', 'training'),
  [
    *((name, False) for name in CASES if name not in TRAINED[1:]),
    *((name, True) for name in TRAINED),
  ],
)
def test_imported_weights_agree_and_come_back_exported(name, training, tmp_path):
  case = CASES[name]()
  twin, rename = agree.undropped(drawn(case.twin())).train(training), renamed(case)
  state = twin.state_dict()
  path = tmp_path / 'weights.pth'
  torch.save({'state_dict': {f'module.{rename(k)}': v for k, v in state.items()}}, path)
  variables = imported(case, path)

  exported = exchange.given(variables, case.names)
  files.write(tmp_path / 'back.safetensors', exported)
  back = files.read(tmp_path / 'back.safetensors').arrays
  other = case.twin()
  other.load_state_dict(
    {k: torch.tensor(back[rename(k)]) for k in state if rename(k) in back}, strict=True
  )
  assert len(back) == sum('num_batches' not in k for k in state)
  for key, array in other.state_dict().items():
    assert 'num_batches' in key or torch.equal(array, state[key]), key

  images = np.random.RandomState(0).randn(BATCH, case.size, case.size, 3)
  images, labels = images.astype(np.float32), np.arange(BATCH)
  params, rest = (
    variables['params'],
    {k: variables[k] for k in variables.keys() - {'params'}},
  )

  def loss(params):
    with nn.intercept_methods(agree.undrop):
      said, _ = case.model.apply(
        {'params': params, **rest}, images, train=training, mutable=list(rest)
      )
    said = said if isinstance(said, tuple) else (said,)
    values = [measures.cross_entropy(one, jnp.asarray(labels)) for one in said]
    return sum(map(jnp.mean, values)), said

  (value, logits), gradients = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
  outputs = twin(torch.tensor(images.transpose(0, 3, 1, 2)))
  outputs = outputs if isinstance(outputs, tuple) else (outputs,)
  targets = torch.tensor(labels)
  result = sum(torch.nn.functional.cross_entropy(one, targets) for one in outputs)
  result.backward()
  for own, output in zip(logits, outputs, strict=True):
    agree.assert_close(own, output.detach(), 1e-4)
  np.testing.assert_allclose(value, result.item(), rtol=1e-4)
  slopes = exchange.given({'params': gradients}, case.names)
  largest = max(p.grad.abs().max() for p in twin.parameters() if p.grad is not None)
  for key, parameter in twin.named_parameters():
    own = slopes[rename(key)]
    if parameter.grad is None:  # an auxiliary classifier's, which is not asked
      assert not np.any(own), key
    else:
      agree.assert_close(own, parameter.grad, 1e-4, least=0.01 * largest.item())
