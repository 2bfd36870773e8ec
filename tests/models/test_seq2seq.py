"""Sequence to sequence: sizes, padding, what may be known when, step by step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import seq2seq

SOURCE, TARGET = 11, 13
MODELS = {
  'none': {'attention': 'none', 'layers': 2},
  'dot': {'attention': 'dot', 'bidirectional': True, 'cell': 'gru'},
  'additive': {'attention': 'additive', 'bidirectional': True, 'embedding': 5},
}


def batch(seed=0):
  draw = np.random.default_rng(seed)
  return {
    'source': draw.integers(SOURCE, size=(4, 7)).astype(np.int32),
    'lengths': np.array([7, 1, 4, 6], np.int32),
    'target': draw.integers(TARGET, size=(4, 5)).astype(np.int32),
  }


@pytest.fixture(scope='module', params=MODELS)
def made(request):
  """(model, variables, jitted call) of each kind."""
  model = seq2seq.Seq2Seq(SOURCE, TARGET, hidden=8, **MODELS[request.param])
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
  state = model.apply(variables, x, method='encode')
  advance = jax.jit(
    lambda v, state, tokens: model.apply(v, state, tokens, True, method='advance')
  )
  for step in range(5):
    state, logits = advance(variables, state, x['target'][:, step : step + 1])
    np.testing.assert_allclose(whole[:, step], logits, rtol=1e-4, atol=1e-5)


def test_every_leaf_of_the_state_has_its_batch_first(made):
  model, variables, _ = made
  state = model.apply(variables, batch(), method='encode')
  assert all(len(leaf) == 4 for leaf in jax.tree.leaves(state))


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
  if model.attention == 'none':
    pytest.skip('it looks at nothing')
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
