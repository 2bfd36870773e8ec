"""GPT: published sizes, what a token knows, and texts longer than the window."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks
from dl_core.layers import stack
from dl_core.models import gpt
from dl_core.tasks import decode

V, W = 11, 6
MODEL = gpt.GPT(V, gpt.Size(2, 8, 2, W, 0))
TOKENS = np.random.default_rng(0).integers(V, size=(3, W)).astype(np.int32)
COUNTS = {
  'gpt1': 116_534_784,
  'gpt2': 124_439_808,
  'gpt2_medium': 354_823_168,
  'gpt2_large': 774_030_080,
  'gpt2_xl': 1_557_611_200,
  '125M': 125_226_240,
  '350M': 355_871_744,
  '760M': 760_300_032,
  '1.3B': 1_315_723_264,
  '2.7B': 2_651_553_280,
  '6.7B': 6_658_404_352,
  '13B': 12_853_386_240,
  '175B': 174_604_259_328,
  'shakespeare': 10_745_088,
  'shakespeare_cpu': 804_096,
}
PRINTED = {'1.3B': 1_517_123_584, '13B': 12_936_488_380}


@pytest.fixture(scope='module')
def variables():
  found = MODEL.init(jax.random.key(0), TOKENS, train=False)
  return jax.tree.map(lambda leaf: 3 * leaf, found)


def count(size):
  model = gpt.GPT(size.vocabulary or 65, size)
  init = lambda key: model.init(key, TOKENS, train=False)
  shapes = jax.eval_shape(init, jax.random.key(0))
  return sum(leaf.size for leaf in jax.tree.leaves(shapes))


@pytest.mark.parametrize('name', COUNTS)
def test_it_has_the_published_size(name):
  assert count(gpt.SIZES[name]) == COUNTS[name]


@pytest.mark.parametrize('name', PRINTED)
def test_the_rows_as_printed_have_their_own_sizes(name):
  assert count(gpt.AS_PRINTED[name]) == PRINTED[name]


def test_no_token_knows_a_later_one(variables):
  call = jax.jit(lambda x: MODEL.apply(variables, x, train=False))
  before = call(TOKENS)
  for place in range(W):
    after = call(moved(place))
    np.testing.assert_array_equal(before[:, :place], after[:, :place])
    assert (before[:, place:] != after[:, place:]).any(axis=(0, 2)).all()


def moved(place):
  other = TOKENS.copy()
  other[:, place] = (other[:, place] + 1) % V
  return other


def test_beyond_the_window_it_goes_on_from_the_last_half(variables):
  state = MODEL.start(3, 4 * W)
  advance = jax.jit(
    lambda state, x: MODEL.apply(variables, state, x, True, method='advance')
  )
  text = np.concatenate([TOKENS, TOKENS[:, ::-1], TOKENS], axis=1)
  for place in range(text.shape[1]):
    state, logits = advance(state, text[:, place : place + 1])
    known = int(state.cache.filled)
    assert known == place + 1 if place < W else W // 2 < known <= W
    own = text[:, place + 1 - known : place + 1]
    expected = MODEL.apply(variables, own, train=False)[:, -1]
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_a_long_prompt_is_read_from_its_last_window(variables):
  task = tasks.language(MODEL, W, 'window', axes=gpt.AXES)
  long = np.concatenate([TOKENS, TOKENS[:, ::-1]], axis=1)
  write = lambda prompt: decode.generate(
    task.decode, variables, prompt, 9, jax.random.key(0), 0.0
  )
  np.testing.assert_array_equal(write(long), write(long[:, -W:]))


def test_the_log_probability_of_a_text_is_the_sum_over_its_tokens(variables):
  task = tasks.language(MODEL, W, 'window', axes=gpt.AXES)
  found = decode.scored(task.decode, variables, TOKENS[:, :2], TOKENS[:, 2:])
  said = jax.nn.log_softmax(MODEL.apply(variables, TOKENS[:, :-1], train=False))
  each = jnp.take_along_axis(said, TOKENS[:, 1:, None], axis=-1)[..., 0]
  np.testing.assert_allclose(found, each[:, 1:].sum(axis=1), rtol=1e-5)


def test_several_tokens_beyond_the_window_have_no_logits(variables):
  task = tasks.language(MODEL, W, 'window', axes=gpt.AXES)
  more = np.concatenate([TOKENS, TOKENS[:, :2]], axis=1)
  assert np.isnan(decode.scored(task.decode, variables, TOKENS, more[:, :3])).all()
  fits = decode.scored(task.decode, variables, TOKENS[:, :2], TOKENS[:, 2:])
  assert np.isfinite(fits).all()
  state = MODEL.start(3, 4 * W)
  with pytest.raises(ValueError, match='8 tokens were given, but the window holds 6'):
    MODEL.apply(variables, state, more, method='advance')


def test_weight_decay_shrinks_matrices_and_tables_alone(variables):
  marked = stack.decays(variables['params'])
  found = {
    jax.tree_util.keystr(path, simple=True, separator='.').rpartition('.')[2]: leaf
    for path, leaf in jax.tree_util.tree_leaves_with_path(marked)
  }
  assert found == {
    'kernel': True, 'embedding': True, 'table': True, 'bias': False, 'scale': False,
  }  # fmt: skip
