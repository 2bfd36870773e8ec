"""The multi-layer perceptron has the size and the behaviour that papers give it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import mlp


def variables_of(model, x):
  return model.init(jax.random.key(0), x, train=False)


def count(model, inputs=784):
  x = jax.ShapeDtypeStruct((1, inputs), jnp.float32)
  found = jax.eval_shape(lambda x: variables_of(model, x), x)['params']
  return sum(leaf.size for leaf in jax.tree.leaves(found))


def test_batch_norm_takes_the_place_of_each_bias_and_adds_a_scale():
  plain, normalised = (mlp.MLP(10, (7, 5), batch_norm=on) for on in (False, True))
  assert count(normalised) == count(plain) + 7 + 5


@pytest.mark.parametrize('activation', mlp.ACTIVATIONS)
def test_it_is_the_formula_layer_by_layer(activation):
  x = jax.random.normal(jax.random.key(1), (3, 2, 2, 1))
  model = mlp.MLP(4, (6, 5), activation)
  variables = variables_of(model, x)
  p = jax.tree.map(np.asarray, variables['params'])
  f = {
    'relu': lambda z: np.maximum(z, 0),
    'tanh': np.tanh,
    'sigmoid': lambda z: 1 / (1 + np.exp(-z)),
  }[activation]
  z = np.asarray(x).reshape(3, 4)
  for name in ('hidden_1', 'hidden_2'):
    z = f(z @ p[name]['kernel'] + p[name]['bias'])
  expected = z @ p['output']['kernel'] + p['output']['bias']
  found = model.apply(variables, x, train=False)
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_dropout_leaves_out_its_share_and_keeps_the_mean():
  model = mlp.MLP(1, (), dropout_input=0.2)
  x = jnp.ones((1, 10_000))
  variables = variables_of(model, x)
  ones = jax.tree.map(jnp.ones_like, variables)
  left = model.apply(ones, x, train=True, rngs={'dropout': jax.random.key(2)}) - 1
  assert 9_700 < float(left[0, 0]) < 10_300  # each kept one counts 1 / 0.8
  whole = model.apply(ones, x, train=False) - 1
  np.testing.assert_allclose(whole, 10_000, rtol=1e-6)


@pytest.mark.parametrize(('activation', 'gain'), [('relu', 2), ('tanh', 1)])
def test_the_first_weights_have_the_deviation_of_he_or_glorot(activation, gain):
  model = mlp.MLP(1, (400,), activation, init_scale=3.0)
  weights = variables_of(model, jnp.ones((1, 200)))['params']['hidden_1']['kernel']
  np.testing.assert_allclose(np.std(weights), 3 * np.sqrt(gain / 200), rtol=0.02)
