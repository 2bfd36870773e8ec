"""Every layer of the zoo has a name, and what does not fit is said in one sentence."""

import functools
import hashlib
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy

from dl_core import trees
from dl_core.layers import squeeze
from dl_core.models import alexnet, googlenet, resnet, vgg
from dl_core.models.weights import alexnet as alexnet_names
from dl_core.models.weights import exchange, files, layouts, origins, places
from dl_core.models.weights import googlenet as googlenet_names
from dl_core.models.weights import resnet as resnet_names
from dl_core.models.weights import vgg as vgg_names
from dl_core.types import Names, UserError

Gated = functools.partial(resnet.ResNet50, gate=squeeze.SqueezeExcite)
MODELS = {
  'resnet 18': (resnet.ResNet18(), resnet_names.names),
  'resnet 152': (resnet.ResNet152(), resnet_names.names),
  'se-resnet 50': (Gated(), resnet_names.names),
  'se-resnet 50, caffe': (Gated(block=resnet.Early, stem='caffe'), resnet_names.names),
  'resnet 56, cifar': (resnet.cifar(56), resnet_names.names),
  'resnet 20, B': (resnet.cifar(20, shortcut='B'), resnet_names.names),
  'vgg 11': (vgg.VGG11(), vgg_names.names),
  'vgg 19 bn': (vgg.VGG19(batch_norm=True), vgg_names.names),
  'alexnet': (alexnet.TORCHVISION(), lambda model: alexnet_names.names()),
  'googlenet': (
    googlenet.GoogLeNet(variant='torchvision', aux=True),
    lambda model: googlenet_names.names(),
  ),
  'googlenet, paper': (
    googlenet.GoogLeNet(),
    lambda model: googlenet_names.names(),
  ),
}
# What the published files of torchvision hold, the counters of batches aside.
COUNTS = {
  'resnet 18': 102,
  'resnet 152': 777,
  'vgg 11': 22,
  'vgg 19 bn': 102,
  'alexnet': 16,
  'googlenet': 305,
}
NAMED = {  # a few of them, with their shapes there
  'resnet 18': {
    'conv1.weight': (64, 3, 7, 7),
    'layer2.0.downsample.0.weight': (128, 64, 1, 1),
    'layer2.0.downsample.1.running_var': (128,),
    'layer4.1.bn2.bias': (512,),
    'fc.weight': (1_000, 512),
  },
  'se-resnet 50': {
    'layer1.0.se.fc1.weight': (16, 256, 1, 1),
    'layer4.2.se.fc2.bias': (2_048,),
    'layer3.5.conv3.weight': (1_024, 256, 1, 1),
  },
  'se-resnet 50, caffe': {
    'layer0.conv1.weight': (64, 3, 7, 7),
    'layer1.0.se_module.fc1.weight': (16, 256, 1, 1),
    'last_linear.bias': (1_000,),
  },
  'vgg 11': {
    'features.18.weight': (512, 512, 3, 3),
    'classifier.0.weight': (4_096, 25_088),
    'classifier.6.bias': (1_000,),
  },
  'vgg 19 bn': {'features.49.weight': (512, 512, 3, 3), 'features.50.bias': (512,)},
  'alexnet': {'features.10.weight': (256, 256, 3, 3), 'classifier.1.bias': (4_096,)},
  'googlenet': {
    'conv3.conv.weight': (192, 64, 3, 3),
    'inception4d.branch3.1.conv.weight': (64, 32, 3, 3),
    'inception5b.branch4.1.bn.running_mean': (128,),
    'aux2.fc1.weight': (1_024, 2_048),
    'aux1.conv.bn.weight': (128,),
  },
}


@functools.cache
def shapes(name):
  """Returns {path of a variable: its shape}, and the tables of the model."""
  model, names = MODELS[name]
  x = jax.ShapeDtypeStruct((1, 224, 224, 3), jnp.float32)
  init = functools.partial(model.init, train=False)
  return trees.flatten(jax.eval_shape(init, jax.random.key(0), x)), names(model)


@pytest.mark.parametrize('name', MODELS)
def test_every_variable_has_a_name_of_its_own_in_every_table(name):
  like, names = shapes(name)
  for table in names.tables.values():
    found = places.placed(names, table, like)
    assert found.keys() == like.keys()
    assert len({place.name for place in found.values()}) == len(like)
    assert sum(place.head for place in found.values()) == 2 * len(names.heads) or (
      name == 'googlenet, paper'
    )


@pytest.mark.parametrize('name', COUNTS)
def test_as_many_arrays_are_exported_as_torchvision_publishes(name):
  like, names = shapes(name)
  table = next(iter(names.tables.values()))
  assert len(places.placed(names, table, like)) == COUNTS[name]


@pytest.mark.parametrize('name', NAMED)
def test_arrays_have_the_names_and_shapes_of_the_library(name):
  like, names = shapes(name)
  table = next(iter(names.tables.values()))
  where = places.placed(names, table, like)
  found = {
    place.name: places.shape_there(like[path].shape, place)
    for path, place in where.items()
  }
  assert NAMED[name].items() <= found.items()


def test_other_libraries_call_layers_otherwise():
  layer = 'params.stage_2_block_1.convolution_2.kernel'
  like, names = shapes('resnet 18')
  for library, expected in {
    'torchvision': 'layer2.0.conv2.weight',
    'cifar': 'layer2.0.conv2.weight',
    'transformers': 'resnet.encoder.stages.1.layers.0.layer.1.convolution.weight',
  }.items():
    where = places.placed(names, names.tables[library], like)
    assert where[layer].name == expected
  head = 'params.output.bias'
  found = [
    places.placed(names, table, like)[head].name for table in names.tables.values()
  ]
  assert found == ['fc.bias', 'linear.bias', 'classifier.1.bias']


TABLE = {'stem': 'conv', 'block_{N}.norm': 'layers.{n}.bn', 'output': 'fc'}
OTHER = TABLE | {'stem': 'first', 'output': 'last'}
NAMES = Names({'one': TABLE, 'other': OTHER}, spare=('aux.',))
LIKE = {
  'params.stem.kernel': np.zeros((3, 3, 2, 4)),
  'params.block_1.norm.scale': np.zeros(4),
  'batch_stats.block_1.norm.var': np.zeros(4),
  'params.output.kernel': np.zeros((4, 7)),
  'params.output.bias': np.zeros(7),
}


def good(classes=7, table=TABLE):
  return {
    f'{table["stem"]}.weight': np.ones((4, 2, 3, 3)),
    'layers.0.bn.weight': np.ones(4),
    'layers.0.bn.running_var': np.ones(4),
    f'{table["output"]}.weight': np.ones((classes, 4)),
    f'{table["output"]}.bias': np.ones(classes),
  }


def refusal(arrays):
  with pytest.raises(UserError) as caught:
    exchange.taken('a.pth', arrays, NAMES, LIKE)
  text = str(caught.value)
  assert text.startswith('--init_from=a.pth was given, which is of another model: it ')
  assert text.endswith('use the settings that it was trained with, or another file')
  assert '\n' not in text
  return text


@pytest.mark.parametrize('table', [TABLE, OTHER], ids=['one', 'other'])
def test_a_file_that_fits_is_taken_whole(table):
  found, notes = exchange.taken('a.pth', good(table=table), NAMES, LIKE)
  assert {path: array.shape for path, array in found.items()} == {
    path: array.shape for path, array in LIKE.items()
  }
  assert notes == []


def test_what_is_missing_is_named():
  arrays = good()
  del arrays['layers.0.bn.running_var']
  assert 'it lacks layers.0.bn.running_var; use' in refusal(arrays)


def test_what_is_there_besides_is_named_and_counted():
  text = refusal(good() | {f'layers.{n}.bn.weight': np.ones(4) for n in range(1, 7)})
  assert 'no place for: layers.1.bn.weight, layers.2.bn.weight, layers.3' in text
  assert 'and 3 more; use' in text


def test_what_has_another_shape_is_named_with_both():
  text = refusal(good() | {'conv.weight': np.ones((4, 1, 3, 3))})
  assert 'it has other shapes: conv.weight (4x1x3x3, 4x2x3x3 is wanted); use' in text


@pytest.mark.parametrize(
  'array', [np.ones(4, np.int64), np.array([1, 1, np.nan, 1]), np.full(4, np.inf)]
)
def test_what_nothing_can_be_computed_with_is_named(array):
  text = refusal(good() | {'layers.0.bn.weight': array})
  assert 'not finite floating-point numbers: layers.0.bn.weight; use' in text


def test_a_head_without_sides_is_refused():
  assert 'fc.bias (, 7 is wanted)' in refusal(good() | {'fc.bias': np.ones(())})


def test_a_head_of_another_width_is_refused():
  assert 'fc.weight (7x5, 7x4' in refusal(good() | {'fc.weight': np.ones((7, 5))})


def test_everything_that_is_wrong_is_said_at_once():
  arrays = good() | {'conv.weight': np.ones((4, 1, 3, 3)), 'more.weight': np.ones(1)}
  del arrays['layers.0.bn.weight']
  text = refusal(arrays)
  assert text.count('it ') == 3 + text.count('it was trained')


@pytest.mark.parametrize('classes', [3, 1_000])
def test_another_number_of_classes_replaces_the_head_alone(classes):
  found, notes = exchange.taken('a.pth', good(classes), NAMES, LIKE)
  assert LIKE.keys() - found.keys() == {'params.output.kernel', 'params.output.bias'}
  assert notes == [f'the head begins anew: fc is of {classes} classes there']


def test_a_file_without_a_head_leaves_the_head_as_it_is():
  arrays = {name: array for name, array in good().items() if 'fc' not in name}
  found, notes = exchange.taken('a.pth', arrays, NAMES, LIKE)
  assert LIKE.keys() - found.keys() == {'params.output.kernel', 'params.output.bias'}
  assert notes == ['the head begins anew: fc is absent there']


def test_what_a_model_may_lack_is_left_out_and_said():
  found, notes = exchange.taken(
    'a.pth', good() | {'aux.fc.bias': np.ones(2)}, NAMES, LIKE
  )
  assert found.keys() == LIKE.keys()
  assert notes == ['aux.fc.bias has no place here, and is left out']


def test_counters_of_batches_are_ignored_and_a_model_without_names_is_refused(tmp_path):
  path = tmp_path / 'a.safetensors'
  files.write(path, good() | {f'layers.0.bn{layouts.COUNTERS}': np.array([3])})
  assert exchange.load(path, NAMES, LIKE).leaves.keys() == LIKE.keys()
  with pytest.raises(UserError, match='no table says what other libraries call'):
    exchange.load(path, None, LIKE)


UNLIKE = NAMES._replace(unlike={'netblur': 'blurs'})


@pytest.mark.parametrize('name', ['netblur5-abc', 'tv_netblur5.a1', 'NetBlur5'])
def test_a_file_of_another_network_with_the_same_names_is_refused_by_its_own(
  tmp_path, name
):
  path = tmp_path / f'{name}.safetensors'
  safetensors.numpy.save_file(good(), path)
  assert exchange.load(path, NAMES, LIKE).notes == []
  sentence = f'holds the weights of .*{name}: that network blurs, so'
  with pytest.raises(UserError, match=f'(?i){sentence}'):
    exchange.load(path, UNLIKE, LIKE)


def test_a_file_that_does_not_tell_its_network_is_taken_with_a_warning(tmp_path):
  for name, count in (('net5', 0), ('model', 1)):
    path = tmp_path / 'weights' / f'{name}.safetensors'
    path.parent.mkdir(exist_ok=True)
    safetensors.numpy.save_file(good(), path)
    notes = exchange.load(path, UNLIKE, LIKE).notes
    assert sum('only if it is none of timm' in note for note in notes) == count
  files.write(path, good())
  assert exchange.load(path, UNLIKE, LIKE).notes == []  # an export of our own


def test_a_renamed_published_file_is_known_by_its_digest(tmp_path, monkeypatch):
  path = tmp_path / 'weights' / 'model.safetensors'
  path.parent.mkdir()
  safetensors.numpy.save_file(good(), path)
  assert len(exchange.load(path, UNLIKE, LIKE).notes) == 1
  digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
  monkeypatch.setattr(origins, 'PUBLISHED', {digest: 'netblur5'})
  with pytest.raises(UserError, match='weights of netblur5: that network blurs'):
    exchange.load(path, UNLIKE, LIKE)


@pytest.mark.parametrize(
  ('told', 'fits'),
  [
    ({'hidden_act': 'ReLU', 'global_pool': 'avg', 'gp': None, 'depth': 3}, True),
    ({'hidden_act': 'gelu'}, False),
    ({'downsample_in_bottleneck': True}, False),
    ({'global_pool': 'max'}, False),
    ({'model_args': {'output_stride': 8}}, False),
    ({'bn_eps': 0.001}, False),
    ({'replace_stride_with_dilation': [False, True, True]}, False),
  ],
)
def test_a_network_of_other_settings_than_its_names_tell_is_refused(
  tmp_path, told, fits
):
  path = tmp_path / 'net5.safetensors'
  safetensors.numpy.save_file(good(), path)
  (tmp_path / 'config.json').write_text(json.dumps(told), encoding='utf-8')
  names = NAMES._replace(settings=origins.CONVOLUTIONAL)
  if fits:
    assert exchange.load(path, names, LIKE).notes == []
    return
  with pytest.raises(UserError, match=r'was trained with \w+=.*, so its weights'):
    exchange.load(path, names, LIKE)


def test_shortcuts_without_parameters_are_told_by_the_file_or_by_its_name(tmp_path):
  whole, plain = (resnet.cifar(8, shortcut=option) for option in ('A', 'none'))
  image = jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32)
  make = lambda x: plain.init(jax.random.key(0), x, train=False)
  like = trees.flatten(jax.eval_shape(make, image))
  variables = {name: np.zeros(leaf.shape, np.float32) for name, leaf in like.items()}
  arrays = exchange.given(trees.unflatten(like, variables), resnet_names.names(plain))
  published = tmp_path / 'resnet8-abc.safetensors'
  safetensors.numpy.save_file(arrays, published)
  exchange.load(published, resnet_names.names(whole), like)
  with pytest.raises(UserError, match='that network has shortcuts'):
    exchange.load(published, resnet_names.names(plain), like)
  for model, other in ((plain, whole), (whole, plain)):
    settings = resnet_names.names(model).settings
    told = {name: values[0] for name, values in settings.items()}
    files.write(tmp_path / 'own.safetensors', arrays, told)
    exchange.load(tmp_path / 'own.safetensors', resnet_names.names(model), like)
    with pytest.raises(UserError, match='trained with plain='):
      exchange.load(tmp_path / 'own.safetensors', resnet_names.names(other), like)


@pytest.mark.parametrize('name', ['resnet 18', 'se-resnet 50'])
def test_networks_that_stride_otherwise_are_not_like_those_of_torchvision(name):
  model, names = MODELS[name]
  assert names(model).unlike.keys() == {'resnetblur', 'resnetaa'}


def test_basic_blocks_with_gates_after_caffe_do_not_take_the_names_of_timm():
  model = resnet.ResNet18(gate=squeeze.SqueezeExcite, stem='caffe')
  (table,) = resnet_names.names(model).tables.values()
  assert not any('se_module' in name for name in table.values())


def test_a_layer_that_no_row_names_is_our_own_error():
  with pytest.raises(KeyError, match='has a row for strange'):
    places.placed(NAMES, TABLE, {'params.strange.kernel': np.zeros(1)})
