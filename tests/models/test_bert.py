"""BERT: published sizes, both directions, padding, and what is asked for."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import bert
from dl_core.models.transformer import Size

V, T = 13, 7
MODEL = bert.BERT(bert.Encoder(V, Size(2, 8, 2, 12), T, dropout=0.0))
HEADS = {
  'tiny': 4_433_468,
  'mini': 11_267_900,
  'small': 29_058_876,
  'medium': 41_668_412,
  'base': 110_106_428,
  'large': 336_226_108,
}
POOLED = {
  'tiny': 4_385_920,
  'mini': 11_170_560,
  'small': 28_763_648,
  'medium': 41_373_184,
  'base': 109_482_240,
  'large': 335_141_888,
}


def batch():
  draw = np.random.default_rng(0)
  return {
    'tokens': draw.integers(V, size=(3, T)).astype(np.int32),
    'segments': np.array([[0, 0, 0, 1, 1, 1, 0]] * 3, np.int32),
    'lengths': np.array([7, 4, 6], np.int32),
    'places': np.array([[1, 3], [2, 0], [5, 4]], np.int32),
  }


@pytest.mark.parametrize('name', HEADS)
def test_it_has_the_published_sizes_with_heads_and_without(name):
  model = bert.BERT(bert.Encoder(30_522, bert.SIZES[name]))
  init = lambda key: model.init(key, batch(), train=False)['params']
  sizes = {
    layer: sum(leaf.size for leaf in jax.tree.leaves(own))
    for layer, own in jax.eval_shape(init, jax.random.key(0)).items()
  }
  assert sum(sizes.values()) == HEADS[name]
  heads = ('transform', 'transform_norm', 'bias', 'next')
  assert sum(sizes.values()) - sum(sizes[head] for head in heads) == POOLED[name]


def test_cased_sizes_differ_by_their_vocabulary_alone():
  for name, count in {'base': 108_932_934, 'large': 334_661_958}.items():
    model = bert.BERT(bert.Encoder(28_996, bert.SIZES[name]))
    init = lambda key, model=model: model.init(key, batch(), train=False)
    shapes = jax.eval_shape(init, jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == count


@functools.cache
def call():
  variables = MODEL.init(jax.random.key(0), batch(), train=False)
  keys = iter(jax.random.split(jax.random.key(1), 99))
  move = lambda leaf: leaf + 0.3 * jax.random.normal(next(keys), leaf.shape)
  variables = jax.tree.map(move, variables)
  return jax.jit(lambda x: MODEL.apply(variables, x, train=False))


def test_every_token_knows_every_other_one():
  before = call()(batch())['masked'][0]
  for place in range(T):
    x = batch()
    x['tokens'][0, place] = (x['tokens'][0, place] + 1) % V
    after = call()(x)['masked'][0]
    assert (before != after).any(axis=-1).all()


def test_what_stands_after_the_end_changes_nothing():
  x = batch()
  for row, length in enumerate(x['lengths']):
    x['tokens'][row, length:] = (x['tokens'][row, length:] + 3) % V
  for one, other in zip(
    jax.tree.leaves(call()(batch())), jax.tree.leaves(call()(x)), strict=True
  ):
    np.testing.assert_array_equal(one, other)


def test_segments_and_order_matter():
  before = call()(batch())
  other = batch()
  other['segments'] = 1 - other['segments']
  assert (call()(other)['masked'] != before['masked']).any()
  swapped = batch()
  swapped['tokens'][:, [1, 2]] = swapped['tokens'][:, [2, 1]]
  assert (call()(swapped)['next'] != before['next']).any()


def test_the_logits_are_those_of_the_places_that_are_asked_for():
  x = batch()
  wanted = x | {'places': x['places'][:, ::-1]}
  np.testing.assert_allclose(
    call()(x)['masked'], call()(wanted)['masked'][:, ::-1], rtol=1e-6
  )
  assert jnp.shape(call()(x)['next']) == (3, 2)
