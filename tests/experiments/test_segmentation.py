"""Networks for segmentation: sizes that fit, and where they may begin from."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from dl_core import train, trees
from dl_core.launch import cli
from dl_core.models import deconvnet as deconvnets
from dl_core.models import fcn as fcns
from dl_core.models import pspnet as pspnets
from dl_core.models import resnet, vgg
from dl_core.models.weights import exchange
from dl_core.models.weights import fcn as fcn_names
from dl_core.models.weights import pspnet as pspnet_names
from dl_core.models.weights import resnet as resnet_names
from dl_core.models.weights import vgg as vgg_names
from dl_core.types import UserError
from experiments import deconvnet, fcn, pspnet, unet


@pytest.mark.parametrize(
  ('module', 'settings', 'words'),
  [
    (unet, {'size': 70, 'levels': 4}, '--size=70 .* give 64 or 72$'),
    (unet, {'size': 64, 'crop': 30, 'levels': 4}, '--crop=30 .* give 24 or 32$'),
    (unet, {'form': 'paper', 'levels': 5, 'size': 386}, 'give 372 or 388$'),
    (deconvnet, {'size': 100, 'depths': (1,) * 5}, '--size=100 .* give 96 or 128$'),
    (pspnet, {'size': 63}, '--size=63 .* give 57 or 64$'),
    (pspnet, {'size': 470}, 'give 465 or 472$'),
    (fcn, {'stride': 12}, '--stride=12 was given; give 8, 16 or 32$'),
    (unet, {'size': 64, 'crop': 72}, 'give a crop of at most the size$'),
    (unet, {'bilinear': True, 'form': 'paper', 'size': 64}, 'add --form=padded$'),
  ],
)
def test_what_does_not_fit_is_refused_with_what_does(module, settings, words, tmp_path):
  c = dataclasses.replace(module.Config(), data_dir=str(tmp_path), **settings)
  with pytest.raises(UserError, match=words):
    module.build(c)


def variables(model, side, channels=3):
  x = jnp.zeros((1, side, side, channels))
  init = lambda key: model.init(key, x, train=False)
  return jax.jit(init)(jax.random.key(0))


def begun(file_model, file_names, side, model, names, parts):
  """The variables that a network takes of a classifier's file, by their paths."""
  there = exchange.given(variables(file_model, side), file_names)
  like = trees.flatten(jax.eval_shape(lambda: variables(model, side)))
  return exchange.taken('FILE', there, names, like, parts).leaves


@pytest.mark.parametrize('kind', ['fcn', 'deconvnet'])
def test_a_network_begins_from_a_classifier_of_vgg(kind):
  deep = kind == 'deconvnet'
  there = vgg.VGG((1, 2), 3, batch_norm=deep, width=2)
  model = (
    deconvnets.DeconvNet(4, (1, 2), 2, side=7)
    if deep
    else fcns.FCN(4, 32, (1, 2), width=2)
  )
  own = variables(there, 32)
  found = begun(
    there, vgg_names.names(there), 32, model, fcn_names.names(model),
    fcn_names.parts(model),
  )  # fmt: skip
  kernel = found['params.hidden_1.kernel']
  assert kernel.shape == (7, 7, 4, 128)
  # The map that VGG flattens is read place by place.
  np.testing.assert_array_equal(
    kernel.reshape(-1, 128), own['params']['dense_1']['kernel']
  )
  np.testing.assert_array_equal(
    found['params.convolution_2_2.kernel'],
    own['params']['convolution_2_2']['kernel'],
  )
  assert ('params.norm_2_1.scale' in found) == deep
  assert not any('score' in path or 'output' in path for path in found)


def test_pspnet_begins_from_a_classifier_of_resnet():
  depths = (1, 1, 1, 1)
  there = resnet.ResNet(depths, resnet.Bottleneck, 3, width=2)
  model = pspnets.PSPNet(4, depths, 2, 'imagenet')
  own = variables(there, 32)
  found = begun(
    there, resnet_names.names(there), 32, model, pspnet_names.names(model),
    pspnet_names.parts(model),
  )  # fmt: skip
  np.testing.assert_array_equal(
    found['params.stage_4_block_1.convolution_2.kernel'],
    own['params']['stage_4_block_1']['convolution_2']['kernel'],
  )
  assert not any('head' in path or 'mean_' in path for path in found)


def moved(c):
  """Returns how far one step of gradients of 1 moves each parameter, by its path."""
  e = pspnet.build(c)
  params = jax.tree.map(lambda leaf: jnp.ones(leaf.shape), train.shapes(e).params)
  (optimizer,) = e.optimizers
  updates, _ = optimizer.update(params, optimizer.init(params), params)
  return {
    path: -float(leaf.ravel()[0]) for path, leaf in trees.flatten(updates).items()
  }


@pytest.mark.parametrize('name', ['adamw', 'sgd'])
def test_layers_of_a_file_learn_at_a_share_of_the_rate(name, digits_dir):
  c = dataclasses.replace(
    pspnet.TINY, data_dir=digits_dir, stem='imagenet', optimizer=name, steps=40
  )
  plain = moved(c)
  assert np.ptp([*plain.values()]) < 1e-6
  found = moved(dataclasses.replace(c, init_from='resnet.pth', pretrained_rate=0.2))
  new = [path for path in found if path.startswith(('mean_', 'head', 'auxiliary'))]
  assert 0 < len(new) < len(found)
  for path, move in found.items():
    share = 1 if path in new else 0.2
    assert move == pytest.approx(share * plain[path], rel=1e-5), path


def test_pspnet_sees_images_larger_than_its_crops_window_by_window(digits_dir):
  c = dataclasses.replace(pspnet.TINY, data_dir=digits_dir, size=20, crop=16)
  e = pspnet.build(c)
  assert e.data.spec.batch.x.shape == (8, 16, 16, 1)
  x = jax.random.normal(jax.random.key(0), (1, 20, 20, 1))
  variables = train.init_state(e, jax.random.key(0)).variables
  found = e.task.outputs(variables, x)
  assert found.shape == (1, 20, 20, 11)
  corner = e.task.outputs(variables, x[:, :16, :16])  # the only window of the corner
  np.testing.assert_allclose(
    found[:, :4, :4], jax.nn.log_softmax(corner)[:, :4, :4], rtol=1e-4, atol=1e-5
  )


def test_finer_networks_begin_from_coarser_ones(tmp_path, digits_dir, capsys):
  words = ['prog', f'--data_dir={digits_dir}', '--dataset=digits', '--size=32']
  words += ['--width=4', '--steps=1', '--batch_size=8']
  coarse, fine = tmp_path / '32s', tmp_path / '16s'
  more = [f'--workdir={coarse}', '--stride=32']
  assert cli.run(fcn, 'fcn', [*words, *more]) == 0
  capsys.readouterr()
  more = [f'--workdir={fine}', '--stride=16', f'--init_from={coarse}']
  assert cli.run(fcn, 'fcn', [*words, *more]) == 0
  assert 'score_4 begins anew' in capsys.readouterr().out


PAPER = {'form': 'paper', 'size': 64}
DECONV = {'depths': (2, 2, 3, 3, 3), 'width': 64, 'hidden': 0, 'side': 0, 'size': 224}
PSP = {'width': 64, 'size': 97}
RONNEBERGER = {'form': 'paper', 'levels': 5, 'width': 64, 'size': 20, 'channels': 1}
MILESIAL = {'levels': 5, 'width': 64, 'size': 64}


@pytest.mark.parametrize(
  ('module', 'classes', 'settings', 'count'),
  [
    (fcn, 21, PAPER | {'stride': 32}, 134_346_581),
    (fcn, 21, PAPER | {'stride': 8, 'upsampling': 'grouped'}, 134_368_799),
    (fcn, 21, PAPER | {'stride': 16, 'upsampling': 'learned'}, 134_815_994),
    (unet, 2, RONNEBERGER, 31_030_658),
    (unet, 1, MILESIAL, 31_037_633),
    (unet, 2, MILESIAL | {'bilinear': True}, 17_263_042),
    (unet, 1, MILESIAL | {'form': 'keras', 'channels': 1}, 31_031_685),
    (deconvnet, 21, DECONV, 251_805_653),
    (pspnet, 21, PSP | {'depths': (3, 4, 6, 3)}, 49_081_578),
    (pspnet, 19, PSP | {'depths': (3, 4, 6, 3), 'auxiliary': 0.0}, 46_715_347),
    (pspnet, 150, PSP | {'depths': (3, 4, 23, 3), 'stem': 'imagenet'}, 68_049_260),
  ],
)
def test_flags_give_the_published_networks_and_no_data_is_needed(
  module, classes, settings, count, tmp_path
):
  settings |= {'plan': True, 'classes': classes, 'data_dir': str(tmp_path / 'none')}
  e = module.build(module.Config(**settings))
  shapes = train.shapes(e)
  assert sum(leaf.size for leaf in jax.tree.leaves(shapes.params)) == count


def test_a_network_of_ones_own_images_answers_without_them(tmp_path, capsys):
  own, run = tmp_path / 'own', tmp_path / 'run'
  for part in ('images', 'masks'):
    (own / 'train' / part).mkdir(parents=True)
  for number in range(12):
    labels = np.zeros((20, 16), np.uint8)
    labels[4:, number : number + 4] = 1
    image = Image.fromarray(np.repeat(200 * labels[..., None], 3, -1))
    image.save(own / 'train' / 'images' / f'{number}.png')
    Image.fromarray(labels).save(own / 'train' / 'masks' / f'{number}.png')
  (own / 'classes.txt').write_text('wall\ndoor\n')
  words = ['prog', f'--workdir={run}', '--steps=1', '--batch_size=8', '--size=16']
  words += ['--levels=2', '--width=2', '--dataset=folder', f'--data_dir={own}']
  assert cli.run(unet, 'unet', words) == 0
  image.save(tmp_path / 'mine.png')
  own.rename(tmp_path / 'gone')
  capsys.readouterr()
  given = ['prog', f'--workdir={run}', f'--predict={tmp_path / "mine.png"}']
  assert cli.run(unet, 'unet', given) == 0
  said = capsys.readouterr().out
  assert 'wall ' in said or 'door ' in said
  mask = np.asarray(Image.open(run / 'predicted' / '1-mine-mask.png'))
  assert mask.shape == (20, 16)
  assert {*np.unique(mask)} <= {0, 1}


def test_the_form_of_the_paper_trains_on_crops_and_is_tested_by_turned_tiles(
  digits_dir,
):
  c = dataclasses.replace(
    unet.TINY, data_dir=digits_dir, form='paper', size=14, crop=8, steps=1,
    deform=1.0, turn=True, turned=True, separate=True,
  )  # fmt: skip
  e = unet.build(c)
  assert e.data.spec.batch.x.shape == (8, 24, 24, 1)
  assert e.data.spec.batch.y.shape == (8, 8, 8)
  run = train.fit(e)
  assert run.lines[-1]['split'] == 'test'
  assert 0 <= run.lines[-1]['iou'] <= 1
  x = next(iter(e.data.splits['test']())).x[:2]
  assert x.shape == (2, 30, 30, 1)
  variables = e.task.init(jax.random.key(0), e.data.spec.batch._replace(x=x))
  assert e.task.outputs(variables, x).shape == (2, 14, 14, 11)
