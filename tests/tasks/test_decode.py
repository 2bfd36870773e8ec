"""What is written follows the model, the key and the settings of sampling."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks
from dl_core.models import char_lm
from dl_core.tasks import decode
from dl_core.types import Decode

MODEL = char_lm.CharLM(5, layers=2, hidden=7)
WRITER = tasks.language(MODEL, 4).decode
PROMPT = jnp.array([[0, 3, 1], [4, 4, 2]])
KEY = jax.random.key(2)
init = jax.jit(MODEL.init, static_argnames='train')
read = jax.jit(lambda variables, x: MODEL.apply(variables, x, train=False))
# Logits as they are at first would hardly tell one token from another.
VARIABLES = jax.tree.map(
  lambda leaf: 4 * leaf, init(jax.random.key(0), PROMPT, train=False)
)


def generate(count=6, key=KEY, temperature=1.0, **given):
  return decode.generate(WRITER, VARIABLES, PROMPT, count, key, temperature, **given)


def drawn(logits, **given):
  """Returns the shares of the tokens that are drawn by a model of constant logits."""
  logits = jnp.array(logits)

  def advance(variables, state, tokens, last=False):
    del variables
    shape = (len(tokens),) if last else tokens.shape
    return state, jnp.broadcast_to(logits, (*shape, len(logits)))

  flat = Decode(lambda variables, x, length: (), advance)
  text = decode.generate(flat, {}, jnp.zeros((64, 1), int), 200, KEY, **given)
  return np.bincount(np.ravel(text), minlength=len(logits)) / text.size


def test_at_temperature_0_it_writes_the_likeliest_token_each_time():
  text = PROMPT
  for _ in range(6):
    logits = read(VARIABLES, text)[:, -1]
    text = jnp.concatenate([text, jnp.argmax(logits, axis=-1)[:, None]], axis=1)
  np.testing.assert_array_equal(generate(temperature=0), text[:, PROMPT.shape[1] :])


def test_the_same_key_writes_the_same_text_and_another_key_another():
  first, again = generate(12), generate(12)
  np.testing.assert_array_equal(first, again)
  assert np.any(np.asarray(first) != generate(12, jax.random.key(3)))


def test_tokens_are_drawn_with_the_probabilities_of_the_model():
  found = drawn([0.0, 1.0, 2.0], temperature=2.0)
  wanted = jax.nn.softmax(jnp.array([0.0, 1.0, 2.0]) / 2)
  np.testing.assert_allclose(found, wanted, atol=0.02)


def test_every_token_is_passed_to_the_callback_in_order():
  told = []
  text = generate(temperature=0.5, tell=lambda tokens: told.append(np.array(tokens)))
  np.testing.assert_array_equal(np.stack(told, axis=1), text)


def test_a_callback_does_not_change_the_tokens():
  np.testing.assert_array_equal(generate(tell=lambda tokens: None), generate())


def test_any_number_of_tokens_is_one_loop_traced_once():
  traced = []

  def advance(variables, state, tokens, last=False):
    traced.append(tokens.shape)
    return WRITER.advance(variables, state, tokens, last)

  counting = WRITER._replace(advance=advance)
  for temperature in (1.0, 0.5, 0.0):
    decode.generate(counting, VARIABLES, PROMPT, 20, KEY, temperature)
  assert traced == [(2, 3), (2, 1)]  # the prompt, and the body of the loop


@pytest.mark.parametrize(
  ('prompt', 'given', 'words'),
  [
    (PROMPT[:, :0], {}, 'prompt is empty'),
    (PROMPT, {'temperature': -1.0}, 'is negative'),
    (PROMPT, {'top_k': -1}, 'top_k=-1, top_p=1.0: at least 0, and above 0 up to 1'),
    (PROMPT, {'top_p': 0.0}, 'top_k=0, top_p=0.0: at least 0, and above 0 up to 1'),
  ],
)
def test_what_cannot_be_gone_on_from_is_refused_in_words(prompt, given, words):
  with pytest.raises(ValueError, match=words):
    decode.generate(WRITER, VARIABLES, prompt, 3, KEY, **given)


CHANCES = np.array([0.1, 0.4, 0.2, 0.3])


@pytest.mark.parametrize(
  ('given', 'kept'),
  [
    ({'top_k': 2}, [1, 3]),
    ({'top_k': 9}, [0, 1, 2, 3]),
    ({'top_p': 0.4}, [1]),
    ({'top_p': 0.41}, [1, 3]),
    ({'top_p': 0.71}, [1, 2, 3]),
    ({'top_p': 1e-6}, [1]),
    ({'top_k': 2, 'top_p': 0.5}, [1]),  # 0.4 / 0.7 of what top-k leaves
    ({'top_k': 3, 'top_p': 0.5}, [1, 3]),  # 0.4 / 0.9 is not enough
  ],
)
def test_unlikely_tokens_are_never_drawn_and_the_others_in_proportion(given, kept):
  found = drawn(np.log(CHANCES), **given)
  wanted = np.zeros(4)
  wanted[kept] = CHANCES[kept] / CHANCES[kept].sum()
  np.testing.assert_allclose(found, wanted, atol=0.02)
  assert (found[wanted == 0] == 0).all()


def test_the_temperature_comes_before_top_p():
  scaled = CHANCES**2 / (CHANCES**2).sum()  # .03 .53 .13 .3
  assert scaled[1] > 0.5 > CHANCES[1]
  assert drawn(np.log(CHANCES), temperature=0.5, top_p=0.5)[1] == 1
  assert drawn(np.log(CHANCES), temperature=1.0, top_p=0.5)[1] < 1


def test_tokens_that_equal_the_last_one_kept_stay():
  logits = jnp.log(jnp.array([[0.2, 0.2, 0.2, 0.4], [0.1, 0.2, 0.3, 0.4]]))
  for given in ({'top_k': 2}, {'top_p': 0.5}):
    stays = np.isfinite(decode.filtered(logits, **given))
    np.testing.assert_array_equal(stays, [[1, 1, 1, 1], [0, 0, 1, 1]])


def test_after_the_stop_token_there_is_padding_and_all_stopped_ends_the_loop():
  text, told = np.asarray(generate(40)), []
  stop = int(text[0, 3])
  ends = [row.tolist().index(stop) for row in text]
  note = lambda tokens: told.append(np.array(tokens))
  found = np.asarray(generate(40, stop=stop, pad=9, tell=note))
  for row, plain, end in zip(found, text, ends, strict=True):
    np.testing.assert_array_equal(row[: end + 1], plain[: end + 1])
    assert (row[end + 1 :] == 9).all()
  assert len(told) == max(ends) + 1 < 40
  np.testing.assert_array_equal(np.stack(told, axis=1), found[:, : len(told)])


def uncached(length):
  """Makes a Decode without a cache: it reads everything again for each token."""

  def start(variables, x, most):
    assert most == length
    return {'text': jnp.zeros((len(x), length), int), 'n': jnp.zeros(len(x), int)}

  def advance(variables, state, tokens, last=False):
    places = state['n'][:, None] + jnp.arange(tokens.shape[1])[None]
    rows = jnp.arange(len(tokens))[:, None]
    text = state['text'].at[rows, places].set(tokens)
    logits = MODEL.apply(variables, text, train=False)[rows, places]
    state = {'text': text, 'n': state['n'] + tokens.shape[1]}
    return state, logits[:, -1] if last else logits

  return Decode(start, advance)


def test_cached_equals_uncached():
  again = decode.generate(uncached(9), VARIABLES, PROMPT, 6, KEY)
  np.testing.assert_array_equal(again, generate(6))
  tokens = jnp.array([[1, 2, 0, 4], [0, 0, 3, 1]])
  score = functools.partial(decode.scored, variables=VARIABLES, prompt=PROMPT)
  np.testing.assert_allclose(
    score(WRITER, tokens=tokens), score(uncached(7), tokens=tokens), rtol=1e-5
  )


@pytest.mark.parametrize('length', [1, 4])
def test_a_continuation_has_the_log_probability_of_its_tokens(length):
  tokens = jnp.array([[1, 2, 0, 4], [0, 0, 3, 1]])[:, :length]
  logits = read(VARIABLES, jnp.concatenate([PROMPT, tokens], axis=1))
  log_p = jax.nn.log_softmax(logits)
  each = np.array(
    [[log_p[b, 2 + t, tokens[b, t]] for t in range(length)] for b in range(2)]
  )
  found = decode.scored(WRITER, VARIABLES, PROMPT, tokens)
  np.testing.assert_allclose(found, each.sum(axis=1), rtol=1e-5)
  weight = np.ones((2, length))
  weight[1, -1] = 0  # padding
  each[1, -1] = 0
  found = decode.scored(WRITER, VARIABLES, PROMPT, tokens, weight)
  np.testing.assert_allclose(found, each.sum(axis=1), rtol=1e-5, atol=1e-6)


def test_what_a_text_is_conditioned_on_starts_its_state():
  def start(variables, x, length):
    assert length == 3 + 5
    return x

  def advance(variables, state, tokens, last=False):
    logits = jax.nn.one_hot(state, 5)
    return (state + 1) % 5, logits if last else logits[:, None]

  counting, x = Decode(start, advance), jnp.array([1, 3])
  text = decode.generate(counting, {}, PROMPT, 5, KEY, 0.0, x=x)
  np.testing.assert_array_equal(text, [[1, 2, 3, 4, 0], [3, 4, 0, 1, 2]])
