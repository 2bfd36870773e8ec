"""Models that translate: sizes, padding, what may be known when, step by step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import seq2seq, transformer
from dl_core.tasks import beam

SOURCE, TARGET = 11, 13
MODELS = {
  'none': {'attention': 'none', 'layers': 2},
  'dot': {'attention': 'dot', 'bidirectional': True, 'cell': 'gru'},
  'additive': {'attention': 'additive', 'bidirectional': True, 'embedding': 5},
}
SMALL = transformer.Size(layers=2, width=8, heads=2, hidden=12)
ENCODERS = {
  'transformer': {'order': 'pre', 'positions': 'learned', 'tied': 'none'},
  'convolution': {'tied': 'target'},
  'rnn': {'tied': 'target', 'depth': 1},
}


def attends(encoder, **settings):
  settings = {'dropout': 0.0, 'most': 9} | settings
  return transformer.Transformer(SOURCE, TARGET, SMALL, encoder=encoder, **settings)


def recurs(kind):
  return seq2seq.Seq2Seq(SOURCE, TARGET, hidden=8, **MODELS[kind])


def batch(seed=0):
  draw = np.random.default_rng(seed)
  return {
    'source': draw.integers(SOURCE, size=(4, 7)).astype(np.int32),
    'lengths': np.array([7, 1, 4, 6], np.int32),
    'target': draw.integers(TARGET, size=(4, 5)).astype(np.int32),
  }


@pytest.fixture(scope='module', params=[*MODELS, *ENCODERS])
def made(request):
  """(model, variables, jitted call) of each kind."""
  name = request.param
  model = attends(name, **ENCODERS[name]) if name in ENCODERS else recurs(name)
  variables = model.init(jax.random.key(0), batch(), train=False)
  move = lambda leaf: leaf + 0.1 * jax.random.normal(jax.random.key(1), leaf.shape)
  variables = jax.tree.map(move, variables)
  return model, variables, jax.jit(lambda v, x: model.apply(v, x, train=False))


@pytest.mark.parametrize(
  ('settings', 'count'),
  [
    ({'cell': 'lstm', 'layers': 2, 'attention': 'none'}, 13_890_309),
    ({'cell': 'gru', 'attention': 'additive', 'bidirectional': True}, 20_515_333),
  ],
)
def test_it_has_the_published_sizes(settings, count):
  model = seq2seq.Seq2Seq(7_853, 5_893, hidden=512, embedding=256, **settings)
  init = lambda key: model.init(key, batch(), train=False)
  found = jax.eval_shape(init, jax.random.key(0))
  assert sum(leaf.size for leaf in jax.tree.leaves(found)) == count


def test_what_stands_after_the_end_of_a_source_changes_nothing(made):
  _, variables, call = made
  x = batch()
  other = x | {'source': x['source'].copy()}
  for row, length in enumerate(x['lengths']):
    other['source'][row, length:] = (x['source'][row, length:] + 3) % SOURCE
  assert (other['source'] != x['source']).any()
  np.testing.assert_array_equal(call(variables, x), call(variables, other))


def test_a_narrower_batch_gives_the_same(made):
  _, variables, call = made
  x = batch()
  x['lengths'] = np.minimum(x['lengths'], 5)
  narrow = x | {'source': x['source'][:, :5]}
  np.testing.assert_allclose(
    call(variables, x), call(variables, narrow), rtol=1e-5, atol=1e-6
  )


def test_a_batch_is_its_rows(made):
  _, variables, call = made
  x = batch()
  whole = call(variables, x)
  for row in range(4):
    alone = {name: leaf[row : row + 1] for name, leaf in x.items()}
    found = call(variables, alone)
    np.testing.assert_allclose(whole[row : row + 1], found, rtol=1e-5, atol=1e-6)


def test_a_later_token_of_the_target_changes_no_earlier_logits(made):
  _, variables, call = made
  x = batch()
  before = call(variables, x)
  for step in range(1, 5):
    other = x | {'target': x['target'].copy()}
    other['target'][:, step] = (x['target'][:, step] + 1) % TARGET
    after = call(variables, other)
    np.testing.assert_array_equal(before[:, :step], after[:, :step])
    assert (before[:, step] != after[:, step]).any()


def test_token_by_token_it_says_what_it_says_at_once(made):
  model, variables, call = made
  x = batch()
  whole = call(variables, x)
  state = model.apply(variables, x, 5, method='start')
  advance = jax.jit(
    lambda v, state, tokens: model.apply(v, state, tokens, True, method='advance')
  )
  for step in range(5):
    state, logits = advance(variables, state, x['target'][:, step : step + 1])
    np.testing.assert_allclose(whole[:, step], logits, rtol=1e-4, atol=1e-5)


def test_every_leaf_of_the_state_has_its_batch_where_it_is_said_to_be(made):
  model, variables, _ = made
  state = model.apply(variables, batch(), 5, method='start')
  axes = transformer.AXES if isinstance(model, transformer.Transformer) else 0
  sizes = []
  beam.along(axes, state, lambda leaf, axis: sizes.append(leaf.shape[axis]))
  assert len(sizes) > 1
  assert set(sizes) == {4}


def test_the_last_state_of_the_encoder_is_the_first_of_the_decoder():
  """Without attention nothing else is known of a source."""
  model = seq2seq.Seq2Seq(SOURCE, TARGET, hidden=8, attention='none')
  variables = model.init(jax.random.key(0), batch(), train=False)
  state = model.apply(variables, batch(), method='encode')
  assert state.memory is None
  last, _ = model.bind(variables).encoder(batch()['source'], None, batch()['lengths'])
  np.testing.assert_array_equal(state.state[0].h, last[0].h)
  zero = jax.tree.map(jnp.zeros_like, state)
  same = batch()['target'][:1].repeat(4, 0)
  _, logits = model.apply(variables, zero, same, method='advance')
  np.testing.assert_allclose(logits, logits[:1].repeat(4, 0), rtol=1e-6)


def test_the_weights_of_every_step_sum_to_one_over_real_places(made):
  model, variables, _ = made
  if isinstance(model, transformer.Transformer) or model.attention == 'none':
    pytest.skip('it has no maps')
  weights = model.apply(variables, batch(), method='maps')
  assert weights.shape == (4, 5, 7)
  np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
  for row, length in enumerate(batch()['lengths']):
    assert not weights[row, :, length:].any()
  assert np.abs(np.diff(weights[0], axis=0)).max() > 1e-6  # every step scores anew


def test_an_odd_width_cannot_be_halved():
  model = seq2seq.Seq2Seq(SOURCE, TARGET, hidden=7, bidirectional=True)
  with pytest.raises(ValueError, match='is odd'):
    model.init(jax.random.key(0), batch(), train=False)


@pytest.mark.parametrize(
  ('settings', 'count'),
  [
    ({'positions': 'learned', 'most': 100, 'tied': 'none'}, 9_038_341),
    ({'size': transformer.SIZES['base']}, 63_082_496),
    ({'size': transformer.SIZES['big']}, 214_245_376),
  ],
)
def test_a_transformer_has_the_published_sizes(settings, count):
  tokens = (37_000, 37_000) if 'size' in settings else (7_853, 5_893)
  model = transformer.Transformer(*tokens, **settings)
  init = lambda key: model.init(key, batch(), train=False)
  found = jax.eval_shape(init, jax.random.key(0))
  assert sum(leaf.size for leaf in jax.tree.leaves(found)) == count


def test_the_encoders_weights_of_every_head_sum_to_one_over_real_places():
  model = attends('transformer', tied='target')
  variables = model.init(jax.random.key(0), batch(), train=False)
  _, moved = model.apply(variables, batch(), train=False, mutable=['intermediates'])
  (weights,) = moved['intermediates']['writer']['blocks']['cross_attention']['weights']
  assert weights.shape == (2, 4, 2, 5, 7)  # [L, B, H, T, S]
  np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
  for row, length in enumerate(batch()['lengths']):
    assert not weights[:, row, :, :, length:].any()


def test_one_table_for_both_languages_needs_one_vocabulary():
  with pytest.raises(ValueError, match='tied'):
    attends('transformer').init(jax.random.key(0), batch(), train=False)
