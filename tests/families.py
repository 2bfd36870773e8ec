"""The experiments, their smallest settings, and the families that they form.

`make test` builds every experiment and traces its losses, runs all but the slowest to
their result, and tests the other properties of one member of each family; `make
test-all` tests every property of every experiment.
"""

import dataclasses
import importlib
import pkgutil

import pytest

import experiments
from dl_core import config

NAMES = [
  m.name
  for m in pkgutil.iter_modules(experiments.__path__)
  if m.name not in ('__main__', 'benchmark', 'course')
]
MODULES = {name: importlib.import_module(f'experiments.{name}') for name in NAMES}
BUILT = [name for name, module in MODULES.items() if hasattr(module, 'build')]
STUDIES = [name for name in NAMES if name not in BUILT]

# {member: the one that is tested in its place}: they share a task, and layers.
LIKE = {
  'alexnet': 'cifar_resnet', 'googlenet': 'cifar_resnet', 'resnet': 'cifar_resnet',
  'vgg': 'cifar_resnet', 'vit': 'lenet', 'scene_classifier': 'lenet',
  'encoder_classifier': 'lenet', 'jigsaw': 'few_labels', 'inpainting': 'autoencoder',
  'deconvnet': 'fcn', 'pspnet': 'fcn', 'unet': 'fcn',
  'fast_rcnn': 'faster_rcnn', 'rcnn': 'faster_rcnn',
  'chat': 'seq2seq', 'transformer': 'seq2seq',
  'bert': 'gpt', 'finetune': 'gpt', 'in_context': 'gpt',
  'biggan': 'gan', 'stylegan': 'gan',
}  # fmt: skip
# Members whose run to a result takes half a minute and more.
SLOW = (
  'biggan', 'chat', 'fast_rcnn', 'finetune', 'googlenet', 'in_context', 'inpainting',
  'pspnet', 'rcnn', 'resnet', 'transformer', 'vit',
)  # fmt: skip
# Too slow for all other tests of `make test`, which has no other member in their place;
# of these studies it only builds what they train.
DEAR = (
  'captioning', 'cyclegan', 'faster_rcnn',
  'both_directions', 'bottleneck', 'degradation', 'densities', 'detection', 'elbo',
  'encoders', 'generation', 'graph_readouts', 'interpretation', 'latent', 'layer_norm',
  'long_dependencies', 'long_range', 'molecule_protocols', 'positions', 'regularizers',
  'scaling', 'segmentation', 'sizes', 'transfer', 'vae_or_gan',
)  # fmt: skip
ONE_EXAMPLE = {
  'gcn': 'its one example is the whole graph',
  'hello_rnn': 'its one example is the word',
  'perceptron': 'its rule sees one example a step',
}


def marked(names, quick):
  """Returns names as parameters of a test; those that are not quick are marked slow.

  Args:
    names: of experiments or models.
    quick: (name) -> whether `make test` includes it.
  """
  return [n if quick(n) else pytest.param(n, marks=pytest.mark.slow) for n in names]


def by_family(names):
  """Returns names as parameters; those in `LIKE` or `DEAR` are marked slow."""
  return marked(names, lambda name: name not in LIKE and name not in DEAR)


def config_of(name, data_dir, **changes):
  """Returns the smallest settings; those of a study that only draws have no data."""
  tiny = MODULES[name].TINY
  if isinstance(tiny, config.Config):
    changes['data_dir'] = data_dir
  return dataclasses.replace(tiny, **changes)
