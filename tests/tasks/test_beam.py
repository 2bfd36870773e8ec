"""Beam search against exhaustive search, greedy decoding, and one without a cache."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.tasks import beam as search
from dl_core.tasks import decode
from dl_core.types import Decode

V, T, STOP, PAD = 4, 5, 2, 7
PROMPT = jnp.array([[0], [3]])
ALL = [
  *itertools.product(range(V), repeat=T),
  *(
    (*head, STOP)
    for n in range(T - 1)
    for head in itertools.product([0, 1, 3], repeat=n)
  ),
]


def table(seed, scale=2.0):
  """Draws log p [V, V, V] of a token after the two before it."""
  return jax.nn.log_softmax(scale * jax.random.normal(jax.random.key(seed), (V, V, V)))


def advance(variables, state, tokens, last=False):
  def step(state, token):
    state = {'pair': jnp.stack([state['pair'][1], token]), 'n': state['n'] + 1}
    return state, variables[state['pair'][0], state['pair'][1]]

  state, logits = jax.lax.scan(step, state, tokens.T)
  return state, logits[-1] if last else jnp.swapaxes(logits, 0, 1)


def start(variables, x, length):
  return {'pair': jnp.zeros((2, len(x)), int), 'n': jnp.int32(0)}


# The batch is the second axis of the pair; the number of steps has none.
PAIRS = Decode(start, advance, axes={'pair': 1, 'n': None})


def log_p(variables, first, text):
  """Sums log p of a text up to its stop token by hand."""
  before, total = (0, first), 0.0
  for token in text:
    total += float(variables[(*before, token)])
    before = (before[1], token)
  return total


def exhaustive(variables, first, stop, alpha):
  """Returns {text: (score, log p)} of all texts."""
  texts = [t for t in ALL if stop is None and len(t) == T]
  if stop is not None:
    texts = [t for t in ALL if stop not in t[:-1] and (len(t) == T or t[-1] == stop)]
  found = {}
  for text in texts:
    total = log_p(variables, first, text)
    found[text] = total / ((5 + len(text)) / 6) ** alpha, total
  return found


def text_of(row, stop):
  row = row.tolist()
  return tuple(row[: row.index(stop) + 1] if stop in row else row)


@pytest.mark.parametrize('stop', [None, STOP])
@pytest.mark.parametrize('alpha', [0.0, 0.6])
@pytest.mark.parametrize('seed', [0, 1])
def test_a_full_width_is_exhaustive_search(stop, alpha, seed):
  variables = table(seed)
  found = search.beam(
    PAIRS, variables, PROMPT, T, V**T, stop=stop, pad=PAD, alpha=alpha
  )
  for b, first in enumerate((0, 3)):
    every = exhaustive(variables, first, stop, alpha)
    ranked = sorted(every, key=lambda text: -every[text][0])
    assert text_of(found.tokens[b, 0], stop) == ranked[0]
    scores = np.array([every[text][0] for text in ranked])
    np.testing.assert_allclose(found.scores[b, : len(every)], scores, rtol=1e-4)
    assert (found.scores[b, len(every) :] == search.NEVER).all()
    for place in (0, 1, 5):
      text = text_of(found.tokens[b, place], stop)
      np.testing.assert_allclose(found.log_p[b, place], every[text][1], rtol=1e-4)
      assert (found.tokens[b, place, len(text) :] == PAD).all()


@pytest.mark.parametrize('stop', [None, STOP])
@pytest.mark.parametrize('seed', range(8))
def test_a_width_of_1_is_greedy_decoding(stop, seed):
  variables, key = table(seed), jax.random.key(0)
  greedy = decode.generate(
    PAIRS, variables, PROMPT, T, key, temperature=0, stop=stop, pad=PAD
  )
  found = search.beam(PAIRS, variables, PROMPT, T, 1, stop=stop, pad=PAD)
  np.testing.assert_array_equal(found.tokens[:, 0], greedy)


def test_a_wider_search_finds_likelier_texts():
  better = 0
  for seed in range(12):
    scores = [
      search.beam(PAIRS, table(seed), PROMPT, T, width, stop=STOP).log_p[:, 0]
      for width in (1, 3, V**T)
    ]
    greedy, wide, full = map(np.asarray, scores)
    assert (wide >= greedy - 1e-6).all()  # of these seeds; not by necessity
    assert (full >= wide - 1e-6).all()
    better += (wide > greedy + 1e-6).sum()
  assert better >= 4


def test_the_log_probability_is_that_of_its_text():
  variables = table(5)
  found = search.beam(PAIRS, variables, PROMPT, T, 3, stop=STOP, pad=0)
  for w in range(3):
    texts = [text_of(row, STOP) for row in found.tokens[:, w]]
    weight = np.array([[t < len(text) for t in range(T)] for text in texts])
    scored = decode.scored(PAIRS, variables, PROMPT, found.tokens[:, w], weight)
    np.testing.assert_allclose(found.log_p[:, w], scored, rtol=1e-5)


def test_a_state_without_a_cache_finds_the_same():
  def begin(variables, x, length):
    return jnp.zeros((len(x), length), int), jnp.zeros(len(x), int)

  def read(variables, state, tokens, last=False):
    text, n = state
    rows, places = jnp.arange(len(text))[:, None], n[:, None]
    places = places + jnp.arange(tokens.shape[1])[None]
    text = text.at[rows, places].set(tokens)
    before = jnp.pad(text, ((0, 0), (1, 0)))[:, :-1]
    logits = variables[before, text][rows, places]
    return (text, n + tokens.shape[1]), logits[:, -1] if last else logits

  for alpha in (0.0, 1.0):
    settings = {'stop': STOP, 'alpha': alpha}
    one, other = (
      search.beam(model, table(9), PROMPT, T, 3, **settings)
      for model in (PAIRS, Decode(begin, read))
    )
    jax.tree.map(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize(
  ('given', 'words'),
  [
    ((PROMPT[:, :0], T, 2), 'prompt is empty'),
    ((PROMPT, T, 0), 'width=0'),
    ((PROMPT, 0, 1), 'count=0'),
  ],
)
def test_a_search_that_cannot_be_made_is_refused_in_words(given, words):
  with pytest.raises(ValueError, match=words):
    search.beam(PAIRS, table(0), *given)
