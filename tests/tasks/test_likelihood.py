"""log p of continuations: as a naive loop finds it, with the joins of the harness."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks
from dl_core.models import gpt
from dl_core.tasks import likelihood

V, W = 11, 40
MODEL = gpt.GPT(V, gpt.Size(1, 8, 2, W, 0))
TASK = tasks.language(MODEL, W, 'window', axes=gpt.AXES)
VARIABLES = jax.tree.map(
  lambda leaf: 6 * leaf,
  jax.jit(MODEL.init, static_argnames='train')(
    jax.random.key(0), jnp.zeros((1, 2), jnp.int32), train=False
  ),
)
END = 99
# A vocabulary that merges "ab" and " c", and whose other tokens are characters.
MERGED = {'ab': 60, ' c': 61}


def encode(text):
  ids = []
  while text:
    piece = next((m for m in MERGED if text.startswith(m)), text[0])
    ids.append(MERGED[piece] if piece in MERGED else ord(piece) % 60)
    text = text[len(piece) :]
  return np.array(ids, int)


def letters(text):
  return [*encode(text)]


@pytest.mark.parametrize(
  ('context', 'continuation', 'before', 'after'),
  [
    ('x', ' y', letters('x'), letters(' y')),
    # the space moves, and is one token with the c
    ('x ', 'c', letters('x'), [61]),
    ('x\n ', 'y', letters('x'), letters('\n y')),
    # "ab" spans the join: the whole text has the token, and something is left
    ('xa', 'bz', [*letters('x'), 60], letters('z')),
    # "ab" spans the join and nothing is left: both are encoded apart
    ('xa', 'b', letters('xa'), letters('b')),
    ('', 'y', [END], letters('y')),
    (' ', 'y', [END], letters(' y')),
  ],
)
def test_a_text_is_cut_where_its_context_ends(context, continuation, before, after):
  found = likelihood.pair(encode, context, continuation, END)
  assert found.context.tolist() == before
  assert found.continuation.tolist() == after


def test_a_continuation_without_a_token_is_refused():
  with pytest.raises(ValueError, match='has no token'):
    likelihood.pair(encode, 'x', '', END)


def test_the_sum_is_that_of_a_naive_loop_whatever_the_lengths():
  draw = np.random.default_rng(0)
  of = lambda count: draw.integers(V, size=count)
  # one token each; two widths; a context that is cut; a continuation as long as W
  lengths = [(1, 1), (3, 4), (20, 15), (38, 2), (60, 5), (2, W)]
  pairs = [likelihood.Pair(of(a), of(b)) for a, b in lengths]
  found = likelihood.scored(TASK.outputs, VARIABLES, pairs, W)
  for each, value in zip(pairs, found, strict=True):
    text, expected = np.concatenate([each.context, each.continuation]), 0.0
    logits = jax.nn.log_softmax(
      MODEL.apply(VARIABLES, text[None, -(W + 1) : -1], train=False)[0]
    )
    for back in range(1, len(each.continuation) + 1):
      expected += float(logits[-back, text[-back]])
    assert value == pytest.approx(expected, abs=1e-4)


def test_more_texts_than_a_batch_holds_keep_their_order():
  count = likelihood.TOKENS // likelihood.NARROWEST + 3
  pairs = [likelihood.Pair(np.array([n % V]), np.array([n % 7])) for n in range(count)]
  found = likelihood.scored(TASK.outputs, VARIABLES, pairs, W)
  np.testing.assert_allclose(found[77:], found[: count - 77], rtol=1e-5)
  assert found[0] != pytest.approx(found[1])


def test_few_widths_are_used():
  assert {likelihood.width_of(n, W) for n in range(1, W + 1)} == {32, W}


def test_a_continuation_longer_than_the_window_is_refused():
  pairs = [likelihood.Pair(np.array([0]), np.zeros(W + 1, int))]
  with pytest.raises(ValueError, match=r'41 tokens .* the window of 40'):
    likelihood.scored(TASK.outputs, VARIABLES, pairs, W)
