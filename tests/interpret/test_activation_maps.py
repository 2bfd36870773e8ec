"""Activation maps of any of the models."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from dl_core.interpret import activation_maps
from dl_core.models import lenet, resnet
from dl_core.report import svg


class Block(nn.Module):
  @nn.compact
  def __call__(self, x):
    return nn.relu(nn.Conv(2, (1, 1), name='inside')(x))


class Small(nn.Module):
  """A layer called twice, one in a block, and one without maps."""

  @nn.compact
  def __call__(self, x, *, train):
    twice = nn.Conv(3, (3, 3), name='twice')
    x = nn.Conv(12, (3, 3), (2, 2), name='last')(nn.relu(twice(twice(x))))
    x = Block(name='block')(x)
    return nn.Dense(10, name='a_head')(x.mean(axis=(1, 2)))


def drawn(model, x):
  """Draws variables without compiling an init."""
  shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), x, train=False))
  random = np.random.default_rng(1)
  return jax.tree.map(lambda s: random.random(s.shape, np.float32) - 0.4, shapes)


@pytest.fixture(scope='module')
def small():
  x = np.random.default_rng(0).standard_normal((2, 8, 8, 3), np.float32)
  return Small(), drawn(Small(), x), x


def test_layers_come_in_the_order_of_their_calls_with_their_last_outputs(small):
  model, variables, x = small
  found = activation_maps.capture(model, variables, x)
  assert list(found) == ['twice', 'last', 'block/inside', 'block', 'a_head']
  params = variables['params']

  def convolved(x, name, stride):
    y = jax.lax.conv_general_dilated(
      x, params[name]['kernel'], (stride, stride), 'SAME',
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
    )  # fmt: skip
    return y + params[name]['bias'].reshape(1, 1, 1, -1)

  twice = convolved(convolved(x, 'twice', 1), 'twice', 1)
  np.testing.assert_allclose(found['twice'], twice, rtol=1e-4, atol=1e-5)
  last = convolved(jnp.maximum(twice, 0), 'last', 2)
  np.testing.assert_allclose(found['last'], last, rtol=1e-4, atol=1e-5)
  logits = model.apply(variables, x, train=False)
  np.testing.assert_allclose(found['a_head'], logits, rtol=1e-5, atol=1e-6)


def test_of_every_size_the_last_layer_is_shown_unless_others_are_named(small):
  found = activation_maps.capture(*small)
  assert list(activation_maps.chosen(found)) == ['twice', 'block']
  named = activation_maps.chosen(found, ('block/inside', 'last'))
  assert list(named) == ['block/inside', 'last']
  with pytest.raises(KeyError, match='a_head is wanted, maps have twice, last'):
    activation_maps.chosen(found, ('a_head',))


@pytest.mark.parametrize(
  ('model', 'channels', 'shown'),
  [
    (lenet.LeNet(channels=3), 1, ['C1', 'C3']),
    (resnet.cifar(8, width=2), 3, [f'stage_{n}_block_1' for n in (1, 2, 3)]),
  ],
)
def test_a_report_draws_the_maps_of_a_test_image(model, channels, shown):
  x = np.random.default_rng(0).normal(size=(2, 32, 32, channels)).astype(np.float32)
  variables = jax.tree.map(abs, drawn(model, x))  # no variance is negative
  batch = types.SimpleNamespace(x=x)
  data = types.SimpleNamespace(splits={'test': lambda: [batch]})
  (picture,) = activation_maps.report(model, most=4)(variables, {}, data, None)
  art = svg.draw(picture).art
  assert art.startswith('<svg')
  for name in shown:
    assert f'>{name}<' in art
  assert 'Only the 4 strongest maps of a layer' in picture.caption


def test_the_loudest_maps_are_laid_side_by_side_on_one_scale():
  maps = np.zeros((4, 4, 5), np.float32)
  maps[0, 0] = [0.5, -2, 0, 1, 0.1]
  drawn = activation_maps.row(maps, 3)  # those of 0.5, -2 and 1
  side, gap = activation_maps.SIDE, activation_maps.GAP
  assert drawn.shape == (side, 3 * side + 2 * gap, 4)
  corners = [drawn[0, n * (side + gap)] for n in range(3)]
  assert corners[1][2] > corners[1][0] + 0.2  # blue
  assert corners[0][0] > corners[0][2]  # red, a lighter one than
  assert corners[2][2] < corners[0][2]
  assert drawn[-1, 0, :3].min() > 0.9  # white is 0
  assert not drawn[:, side : side + gap, 3].any()


def test_a_model_without_maps_is_refused():
  with pytest.raises(ValueError, match='the model has none'):
    activation_maps.picture(np.zeros((2, 2, 1)), {}, 8)
