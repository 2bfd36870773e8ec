"""Every published convolutional network has exactly as many parameters as it should."""

import functools

import jax
import jax.numpy as jnp
import pytest

from dl_core.layers import squeeze
from dl_core.models import alexnet, googlenet, resnet, vgg

Gated = {'gate': squeeze.SqueezeExcite}
GoogLeNet = googlenet.GoogLeNet
COUNTS = {  # of 1,000 classes and RGB images of 224 pixels
  'alexnet torchvision': (alexnet.TORCHVISION, {}, 61_100_840),
  'alexnet grouped': (alexnet.GROUPED, {}, 60_965_224),
  'alexnet ungrouped': (alexnet.UNGROUPED, {}, 62_378_344),
  'vgg 11': (vgg.VGG11, {}, 132_863_336),
  'vgg 11 bn': (vgg.VGG11, {'batch_norm': True}, 132_868_840),
  'vgg 13': (vgg.VGG13, {}, 133_047_848),
  'vgg 13 bn': (vgg.VGG13, {'batch_norm': True}, 133_053_736),
  'vgg 16': (vgg.VGG16, {}, 138_357_544),
  'vgg 16 bn': (vgg.VGG16, {'batch_norm': True}, 138_365_992),
  'vgg 19': (vgg.VGG19, {}, 143_667_240),
  'vgg 19 bn': (vgg.VGG19, {'batch_norm': True}, 143_678_248),
  'googlenet paper': (GoogLeNet, {}, 6_998_552),
  'googlenet paper aux': (GoogLeNet, {'aux': True}, 13_378_280),
  'googlenet bn': (GoogLeNet, {'variant': 'bn'}, 7_005_832),
  'googlenet torchvision': (GoogLeNet, {'variant': 'torchvision'}, 6_624_904),
  'googlenet torchvision aux': (
    GoogLeNet,
    {'variant': 'torchvision', 'aux': True},
    13_004_888,
  ),
  'resnet 18': (resnet.ResNet18, {}, 11_689_512),
  'resnet 34': (resnet.ResNet34, {}, 21_797_672),
  'resnet 50': (resnet.ResNet50, {}, 25_557_032),
  'resnet 101': (resnet.ResNet101, {}, 44_549_160),
  'resnet 152': (resnet.ResNet152, {}, 60_192_808),
  'se-resnet 18': (resnet.ResNet18, Gated, 11_778_592),
  'se-resnet 34': (resnet.ResNet34, Gated, 21_958_868),
  'se-resnet 50': (resnet.ResNet50, Gated, 28_088_024),
  'se-resnet 101': (resnet.ResNet101, Gated, 49_326_872),
  'se-resnet 152': (resnet.ResNet152, Gated, 66_821_848),
}
CIFAR = {  # depth, shortcut: of 10 classes and RGB images of 32 pixels
  (20, 'A'): 269_722,
  (32, 'A'): 464_154,
  (44, 'A'): 658_586,
  (56, 'A'): 853_018,
  (110, 'A'): 1_727_962,
  (20, 'B'): 272_474,
  (56, 'B'): 855_770,
  (110, 'B'): 1_730_714,
}


def count(model, size):
  x = jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32)
  init = functools.partial(model.init, train=False)
  found = jax.eval_shape(init, jax.random.key(0), x)['params']
  return sum(leaf.size for leaf in jax.tree.leaves(found))


@pytest.mark.parametrize('name', COUNTS)
def test_it_has_exactly_the_published_number_of_parameters(name):
  make, settings, expected = COUNTS[name]
  assert count(make(**settings), 224) == expected


@pytest.mark.parametrize(('depth', 'shortcut'), CIFAR)
def test_resnets_of_cifar_have_exactly_as_many_parameters(depth, shortcut):
  model = resnet.cifar(depth, shortcut=shortcut)
  assert count(model, 32) == CIFAR[depth, shortcut]


def test_a_plain_net_is_a_resnet_without_parameters_of_shortcuts():
  assert count(resnet.cifar(20, shortcut='none'), 32) == CIFAR[20, 'A']


@pytest.mark.parametrize('depth', [0, 2, 19, 21])
def test_a_depth_that_is_not_6n_plus_2_is_refused(depth):
  with pytest.raises(ValueError, match='6n'):
    resnet.cifar(depth)
