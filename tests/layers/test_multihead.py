"""Attention: by hand, under masks, and which implementation is chosen."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import multihead
from dl_core.layers.multihead import ALL, Mask

B, H, T, S, K = 3, 2, 5, 5, 4


def parts(dtype=np.float32):
  draw = np.random.default_rng(0)
  return [draw.normal(size=(B, H, T, K)).astype(dtype) for _ in range(3)]


def by_hand(q, k, v, seen):
  """softmax(q kᵀ / √K) v, place by place, over those that are seen."""
  found = np.zeros_like(q)
  for b, h, t in np.ndindex(q.shape[:3]):
    places = np.flatnonzero(seen[b, t])
    if len(places):
      scores = np.exp(k[b, h, places] @ q[b, h, t] / np.sqrt(K))
      found[b, h, t] = scores @ v[b, h, places] / scores.sum()
  return found


TRIANGLE = np.tril(np.ones((T, S), bool))
NUMBERS = np.array([[0, 0, 1, 1, 1]] * B)
MASKS = {
  'all': (ALL, np.ones((B, T, S), bool)),
  'causal': (Mask(causal=True), np.tile(TRIANGLE, (B, 1, 1))),
  'lengths': (
    Mask(lengths=np.array([5, 0, 2])),
    np.tile(np.arange(S) < np.array([5, 0, 2])[:, None, None], (1, T, 1)),
  ),
  'segments': (
    Mask(causal=True, segments=(NUMBERS, NUMBERS)),
    TRIANGLE & (NUMBERS[:, :, None] == NUMBERS[:, None]),
  ),
}


@pytest.mark.parametrize('name', MASKS)
@pytest.mark.parametrize('how', ['products', 'xla'])
def test_it_is_the_weighted_sum_that_the_mask_allows(name, how):
  mask, seen = MASKS[name]
  q, k, v = parts()
  if how == 'products':
    found = multihead.products(q, k, v, mask)
  else:
    found = multihead.library(q, k, v, mask, 'xla')
  np.testing.assert_allclose(found, by_hand(q, k, v, seen), atol=1e-6)


def test_a_query_that_sees_nothing_finds_zeros_and_has_finite_gradients():
  q, k, v = parts()
  mask = Mask(lengths=jnp.array([5, 0, 2]))
  find = lambda q, k, v: multihead.attend(q, k, v, mask)
  np.testing.assert_array_equal(find(q, k, v)[1], 0)
  gradients = jax.grad(lambda parts: find(*parts).sum())((q, k, v))
  for gradient in gradients:
    assert np.all(np.isfinite(gradient))
    np.testing.assert_array_equal(gradient[1], 0)


def test_queries_after_a_cache_see_what_is_before_them():
  q, k, v = parts()
  whole = multihead.attend(q, k, v, Mask(causal=True))
  later = multihead.attend(q[:, :, 3:], k, v, Mask(causal=True, first=3))
  np.testing.assert_allclose(later, whole[:, :, 3:], atol=1e-6)


def test_heads_are_apart():
  q, k, v = parts()
  found = multihead.attend(q, k, v)
  alone = multihead.attend(q[:, 1:], k[:, 1:], v[:, 1:])
  np.testing.assert_allclose(found[:, 1:], alone, atol=1e-6)


@pytest.mark.parametrize(
  ('backend', 'dtype', 'features', 'mask', 'weights', 'name', 'reason'),
  [
    ('cpu', jnp.float32, 64, ALL, False, 'products', 'CPU'),
    ('gpu', jnp.bfloat16, 64, Mask(causal=True), False, 'cudnn', 'bfloat16'),
    ('gpu', jnp.bfloat16, 64, Mask(lengths=np.ones(2)), False, 'cudnn', 'no dense'),
    ('gpu', jnp.bfloat16, 64, ALL, True, 'products', 'weights'),
    ('gpu', jnp.float32, 64, ALL, False, 'xla', '16 bits'),
    ('gpu', jnp.bfloat16, 20, ALL, False, 'xla', 'heads of 8'),
    ('gpu', jnp.bfloat16, 256, ALL, False, 'xla', 'heads of 8'),
    ('gpu', jnp.bfloat16, 64, Mask(causal=True, first=3), False, 'xla', 'mask'),
    ('tpu', jnp.bfloat16, 64, ALL, False, 'xla', 'tpu'),
  ],
)
def test_the_implementation_is_chosen_for_a_reason(
  backend, dtype, features, mask, weights, name, reason
):
  found = multihead.choice(backend, dtype, features, mask, weights)
  assert found[0] == name
  assert reason in found[1]


def test_heads_that_do_not_divide_the_width_are_refused():
  model = multihead.MultiHead(10, 3)
  with pytest.raises(ValueError, match='multiple'):
    model.init(jax.random.key(0), jnp.ones((1, 2, 10)), method='project')
