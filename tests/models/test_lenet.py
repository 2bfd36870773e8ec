"""Both LeNets hold what the paper says of them."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import lenet
from dl_core.tasks import measures

LABELS = jnp.array([3, 1, 4, 1])


@pytest.fixture(params=[lenet.LeNet(), lenet.LeNet1998()], ids=['modern', '1998'])
def model(request):
  return request.param


def images(channels=1, many=4):
  return jax.random.normal(jax.random.key(1), (many, 32, 32, channels))


@functools.cache
def variables_of(model, channels=1):
  init = jax.jit(model.init, static_argnames='train')
  return init(jax.random.key(0), images(channels), train=False)


def parameters(model, channels=1):
  init = lambda: model.init(jax.random.key(0), images(channels), train=False)
  shapes = jax.eval_shape(init)
  assert set(shapes) == {'params'}
  return shapes['params']


def count(tree):
  return sum(leaf.size for leaf in jax.tree.leaves(tree))


def test_every_layer_of_1998_has_as_many_parameters_as_in_the_paper():
  layers = {name: count(layer) for name, layer in parameters(lenet.LeNet1998()).items()}
  paper = {'C1': 156, 'S2': 12, 'C3': 1_516, 'S4': 32, 'C5': 48_120, 'F6': 10_164}
  assert layers == paper


def test_1998_has_as_many_connections_as_in_the_paper():
  model = lenet.LeNet1998()

  def run(variables, x):
    return model.apply(variables, x, train=False, capture_intermediates=True)

  maps = jax.eval_shape(run, variables_of(model), images())[1]['intermediates']
  connections = lenet.CODES.size
  for name, layer in parameters(model).items():
    _, *places, depth = maps[name]['__call__'][0].shape
    if name.startswith('S'):  # four inputs and a bias for each unit
      connections += 5 * np.prod(places) * depth
    else:  # each weight is used once at every place
      connections += count(layer) * np.prod(places, dtype=int)
  assert connections == 340_908


def test_first_filters_lie_where_a_report_looks_for_them(model):
  chex.assert_shape(parameters(model, channels=3)['C1']['kernel'], (5, 5, 3, 6))


def test_channels_scale_both_convolutions():
  layers = parameters(lenet.LeNet(channels=12))
  chex.assert_shape(layers['C1']['kernel'], (5, 5, 1, 12))
  chex.assert_shape(layers['C3']['kernel'], (5, 5, 12, 32))


def test_the_map_criterion_reaches_every_parameter_of_1998():
  model = lenet.LeNet1998()

  def mean_loss(variables):
    logits = model.apply(variables, images(), train=True)
    return jnp.mean(lenet.map_criterion(logits, LABELS))

  gradients = jax.jit(jax.grad(mean_loss))(variables_of(model))
  assert all(jnp.any(leaf) for leaf in jax.tree.leaves(gradients))


def test_maps_of_c3_are_driven_apart_as_in_table_1():
  assert lenet.CONNECTED.shape == (6, 16)
  reads = lenet.CONNECTED.sum(axis=0)
  np.testing.assert_array_equal(reads, [3] * 6 + [4] * 9 + [6])
  np.testing.assert_array_equal(lenet.CONNECTED.sum(axis=1), [10] * 6)
  assert len(np.unique(lenet.CONNECTED, axis=1).T) == 16


def test_a_map_of_c3_is_moved_by_the_maps_it_reads_and_by_no_other():
  layer = lenet.PartialConvolution()
  x = jax.random.normal(jax.random.key(0), (1, 5, 5, 6))
  variables = layer.init(jax.random.key(1), x)
  slopes = jax.jacobian(lambda x: layer.apply(variables, x)[0, 0, 0])(x)
  moved = np.asarray(jnp.any(slopes != 0, axis=(1, 2, 3)))  # [16, 6]
  np.testing.assert_array_equal(moved.T, lenet.CONNECTED)


def test_codes_are_ten_different_pictures_of_plus_and_minus_one():
  assert lenet.CODES.shape == (10, 7 * 12)
  assert set(lenet.CODES.ravel()) == {-1, 1}
  apart = (lenet.CODES[:, None] != lenet.CODES).sum(axis=-1)
  assert np.all(apart[~np.eye(10, dtype=bool)] >= 10)


@pytest.mark.parametrize('digit', range(10))
def test_the_code_of_a_digit_is_read_as_that_digit(digit):
  params = variables_of(lenet.LeNet1998())['params']
  said = {'kernel': jnp.zeros((120, 84)), 'bias': jnp.asarray(lenet.CODES[digit])}
  variables = {'params': {**params, 'F6': said}}
  logits = lenet.LeNet1998().apply(variables, images(many=1), train=False)[0]
  assert jnp.argmax(logits) == digit
  np.testing.assert_allclose(logits[digit], 0, atol=1e-4)
  apart = (lenet.CODES[digit] != lenet.CODES).sum(axis=-1)
  np.testing.assert_allclose(logits, -4.0 * apart, rtol=1e-3, atol=1e-4)


def test_first_weights_lie_within_the_bounds_of_the_paper():
  layers = variables_of(lenet.LeNet1998())['params']
  fan_in = {'C1': 25, 'S2': 4, 'S4': 4, 'C5': 400, 'F6': 120}
  for name, inputs in fan_in.items():
    for leaf in layers[name].values():
      assert jnp.max(jnp.abs(leaf)) <= 2.4 / inputs
  targets = np.nonzero(lenet.CONNECTED)[1]
  largest = jnp.max(jnp.abs(layers['C3']['kernel']), axis=(0, 1))  # [60]
  bounds = 2.4 / (25 * lenet.CONNECTED.sum(axis=0)[targets])
  assert jnp.all((largest > 0.8 * bounds) & (largest <= bounds))


def test_map_criterion_is_equation_9_as_it_is_written():
  y = np.array([[0.5, 2.0, 7.0], [3.0, 1.0, 4.0]])
  right = np.array([0, 2])
  expected = [
    y[p, right[p]] + np.log(np.exp(-1.5) + np.sum(np.exp(-y[p]))) for p in range(2)
  ]
  found = lenet.map_criterion(jnp.asarray(-y), jnp.asarray(right), j=1.5)
  np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_map_criterion_without_rubbish_is_cross_entropy():
  logits = -50 * jax.random.uniform(jax.random.key(0), (4, 10))
  np.testing.assert_allclose(
    lenet.map_criterion(logits, LABELS, j=1e4),
    measures.cross_entropy(logits, LABELS),
    rtol=1e-5,
  )


def test_map_criterion_leaves_alone_a_class_that_is_far_beyond_j():
  slope = jax.grad(lambda logits: lenet.map_criterion(logits, jnp.array(0), j=5.0))
  near, far = slope(jnp.array([-3.0, -4.0])), slope(jnp.array([-3.0, -40.0]))
  assert near[1] > 0.1
  assert 0 <= far[1] < 1e-10
  assert far[0] < -0.1  # the penalty of the right class still goes down
