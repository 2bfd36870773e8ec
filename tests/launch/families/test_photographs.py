"""What AlexNet, VGG, GoogLeNet and ResNet share, as a user calls them."""

import dataclasses
import json
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import launch, train
from dl_core.data import augment
from dl_core.launch.families import photographs
from dl_core.train import evaluate
from experiments import alexnet, cifar_resnet, degradation, googlenet, resnet, vgg

MODULES = (alexnet, vgg, googlenet, resnet)
# The counts of all models are those of tests/models/test_zoo.py. Here it is the flags:
# one row for each that changes the network.
COUNTS = [
  (alexnet, {'variant': 'grouped'}, 60_965_224),
  (alexnet, {'variant': 'ungrouped'}, 62_378_344),
  (alexnet, {}, 61_100_840),
  (vgg, {}, 132_863_336),
  (vgg, {'depth': 16, 'batch_norm': True}, 138_365_992),
  (googlenet, {'variant': 'paper', 'aux': True}, 13_378_280),
  (googlenet, {}, 7_005_832),
  (googlenet, {'variant': 'torchvision'}, 6_624_904),
  (resnet, {}, 11_689_512),
  (resnet, {'depth': 50, 'stem': 'caffe'}, 25_557_032),
  (resnet, {'depth': 50, 'se': True}, 28_088_024),
  (resnet, {'depth': 34, 'se': True}, 21_958_868),
]


def parameters(module, **settings):
  e = module.build(module.Config(**settings))
  return sum(leaf.size for leaf in jax.tree.leaves(train.shapes(e).params))


@pytest.mark.parametrize(('module', 'settings', 'count'), COUNTS)
def test_a_plan_of_1000_classes_has_the_published_number_of_parameters(
  module, settings, count, tmp_path
):
  planned = {'classes': 1_000, 'image_size': 224, 'plan': True}
  assert parameters(module, data_dir=str(tmp_path), **planned, **settings) == count
  assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_deepest_resnet_of_cifar_has_as_many_parameters():
  assert parameters(cifar_resnet, dataset='cifar10', depth=1_202) == 19_421_274


def test_a_plan_needs_no_data_and_trains_nothing(tmp_path, capsys):
  words = ['--classes=1000', '--image_size=64', '--batch_size=2', '--plan']
  where = [f'--data_dir={tmp_path / "none"}', f'--workdir={tmp_path / "run"}']
  assert launch.run(alexnet, 'alexnet', ['', *words, *where]) == 0
  found = json.loads((tmp_path / 'run' / 'plan.json').read_text())
  assert found['parameters'] == parameters(
    alexnet, classes=1_000, image_size=64, plan=True
  )
  assert f'{found["parameters"]:,}' in capsys.readouterr().out
  assert [path.name for path in tmp_path.rglob('*')] == ['run', 'plan.json']


@pytest.fixture(scope='module')
def refused(digits_dir, tmp_path_factory):
  """refused(module, words, capsys) -> the one sentence of a run that may not be."""
  folder = tmp_path_factory.mktemp('refused')

  def run(module, words, capsys):
    name = module.__name__.rpartition('.')[2]
    where = [f'--workdir={folder}', f'--data_dir={digits_dir}']
    assert launch.run(module, name, ['', *where, *words.split()]) == 2
    said = capsys.readouterr().err
    assert said.startswith('error: ')
    assert said.count('\n') == 1
    assert not list(folder.iterdir())
    return said

  return run


def test_a_tint_is_as_strong_whatever_pixels_are_divided_by(monkeypatch, digits_dir):
  seen = []
  monkeypatch.setattr(augment, 'colour', lambda *words: seen.append(words))
  c = photographs.Config(colour=0.1, data_dir=str(digits_dir))
  photographs.load(c)
  photographs.load(c, (0.5, 0.5))
  assert seen == [([*photographs.DEVIATION], 0.1), ([0.5] * 3, 0.1)]


@pytest.mark.parametrize('module', MODULES)
def test_classes_without_a_plan_are_refused_in_one_sentence(module, refused, capsys):
  said = refused(module, '--classes=1000', capsys)
  assert '--classes=1000 was given, but digits/1.0.0 has 10' in said
  assert 'or add --plan' in said


@pytest.mark.parametrize('module', [alexnet, vgg, googlenet])
def test_a_backbone_without_a_table_of_names_is_not_frozen(module, refused, capsys):
  said = refused(module, '--se --freeze=backbone --init_from=a.pth', capsys)
  assert '--freeze=backbone was given, but no table says which layers' in said


@pytest.mark.parametrize(
  ('module', 'words', 'told'),
  [
    (resnet, '--depth=20', 'one of 18, 34, 50, 101, 152 is wanted'),
    (vgg, '--depth=12', 'one of 11, 13, 16, 19 is wanted'),
    (resnet, '--crop=1', 'at least 0 and below 1'),
    (alexnet, '--image_size=62', 'at least 63'),
    (googlenet, '--variant=none', 'one of paper, bn, torchvision is wanted'),
    (resnet, '--stem=none', 'one of imagenet, caffe is wanted'),
    (resnet, '--width=1e9', 'below 1000'),
    (googlenet, '--aux --freeze=backbone', 'leave --aux out'),
    (degradation, '--depths=8,8', 'two different depths or more are wanted'),
  ],
)
def test_settings_that_no_network_has_are_refused(module, words, told, refused, capsys):
  assert told in refused(module, words, capsys)


def test_the_rate_falls_by_ten_at_each_third():
  rate = photographs.thirds(photographs.Config(steps=90, learning_rate=0.5))
  found = [float(rate(step)) for step in (0, 29, 30, 59, 60, 89)]
  np.testing.assert_allclose(found, [0.5, 0.5, 0.05, 0.05, 0.005, 0.005], rtol=1e-6)


def test_networks_of_the_digits_are_narrower_unless_it_is_said():
  def width(**settings):
    c = photographs.Config(**settings)
    return photographs.width(c, photographs.load(c).spec)

  assert width() == width(classes=10) == 0.25
  assert width(dataset='mnist') == 1
  assert width(dataset='cifar10') == width(classes=10, plan=True) == 1
  assert width(width=0.5) == width(width=0.5, dataset='cifar10') == 0.5


@pytest.mark.parametrize('module', MODULES)
def test_only_networks_as_published_are_held_against_what_was(module):
  of = lambda **settings: module.build(module.Config(**settings)).published
  assert not of()
  assert not of(width=1, se=True)
  published = of(width=1, variant='torchvision') if module is googlenet else of(width=1)
  assert {figure.metric for figure in published} == {'accuracy', 'top5'}
  assert {figure.dataset for figure in published} == {'imagenet2012'}


@pytest.mark.parametrize('freeze', ['nothing', 'backbone'])
def test_the_average_is_evaluated_and_not_the_last_parameters(freeze):
  settings = {'average': 0.9, 'freeze': freeze, 'learning_rate': 0.5, 'steps': 90}
  settings |= {'init_from': 'a.pth'} if freeze == 'backbone' else {}
  e = alexnet.build(dataclasses.replace(alexnet.TINY, **settings))
  params = jax.tree.map(lambda s: jnp.ones(s.shape, s.dtype), train.shapes(e).params)
  (optimizer,) = e.optimizers
  change, own = optimizer.update(params, optimizer.init(params), params)
  moved = jax.tree.map(jnp.add, params, change)
  after = types.SimpleNamespace(
    params=moved, variables={'params': moved}, opt_state=(own,)
  )
  found = evaluate.variables(e, after)['params']
  assert jax.tree.structure(found) == jax.tree.structure(params)
  for layer in ('dense_1', 'output'):
    first, last, mean = (p[layer]['kernel'] for p in (params, moved, found))
    learns = freeze == 'nothing' or layer == 'output'
    assert learns == (np.abs(last - first).max() > 0.1)
    np.testing.assert_allclose(mean, 0.1 * first + 0.9 * last, atol=1e-6)
