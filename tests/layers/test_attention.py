"""Attention is what the lecture computes, over real places alone."""

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.layers import attention


def draw(seed, *shape):
  return jax.random.normal(jax.random.key(seed), shape)


def test_weights_are_a_softmax_over_real_places_alone():
  scores, lengths = draw(0, 3, 2, 5), jnp.array([5, 2, 1])
  weights = attention.softmax(scores, attention.real(lengths, 5))
  for row, length in enumerate(lengths):
    wanted = np.exp(scores[row, :, :length])
    wanted /= wanted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(weights[row, :, :length], wanted, rtol=1e-5)
    assert not weights[row, :, length:].any()


def test_with_no_real_place_nothing_is_seen_and_gradients_are_finite():
  mask = attention.real(jnp.array([0, 2]), 3)

  def seen(scores):
    return attention.mixed(attention.softmax(scores, mask), draw(1, 2, 3, 4))

  assert not seen(draw(0, 2, 1, 3))[0].any()
  gradient = jax.grad(lambda scores: jnp.sum(seen(scores) ** 2))(draw(0, 2, 1, 3))
  assert np.isfinite(gradient).all()
  assert gradient[1].any()


def test_dot_scores_and_sums_are_those_of_a_loop():
  query, keys = draw(0, 2, 3, 4), draw(1, 2, 5, 4)
  scores = attention.dot(query, keys)
  sums = attention.mixed(scores, keys)
  for b in range(2):
    for t in range(3):
      row = [float(query[b, t] @ keys[b, s]) for s in range(5)]
      np.testing.assert_allclose(scores[b, t], row, rtol=1e-5, atol=1e-6)
      wanted = sum(row[s] * keys[b, s] for s in range(5))
      np.testing.assert_allclose(sums[b, t], wanted, rtol=1e-4, atol=1e-5)


def test_additive_scores_are_those_of_one_matrix_over_query_and_key():
  query, keys = draw(0, 2, 3, 4), draw(1, 2, 5, 6)
  layer = attention.Additive(7)

  def scored(layer, query, keys):
    return layer(query, layer.project(keys))

  variables = layer.init(jax.random.key(2), query, keys, method=scored)
  found = layer.apply(variables, query, keys, method=scored)
  params = variables['params']
  whole = np.concatenate([params['query']['kernel'], params['key']['kernel']])
  for t in range(3):
    both = np.concatenate(
      [np.broadcast_to(query[:, t, None], (2, 5, 4)), keys], axis=-1
    )
    wanted = np.tanh(both @ whole) @ params['score']['kernel'][:, 0]
    np.testing.assert_allclose(found[:, t], wanted, rtol=1e-4, atol=1e-5)
