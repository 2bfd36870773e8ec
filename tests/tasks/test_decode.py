"""What is written follows the model, the key and the temperature."""

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
  logits = jnp.array([0.0, 1.0, 2.0])

  def advance(variables, state, tokens):
    del variables
    return state, jnp.broadcast_to(logits[None, None], (*tokens.shape, 3))

  flat = Decode(lambda variables, batch_size: (), advance)
  text = decode.generate(flat, {}, jnp.zeros((64, 1), int), 200, KEY, 2.0)
  found = np.bincount(np.ravel(text), minlength=3) / text.size
  np.testing.assert_allclose(found, jax.nn.softmax(logits / 2), atol=0.02)


def test_every_token_is_passed_to_the_callback_in_order():
  told = []
  text = generate(temperature=0.5, tell=lambda tokens: told.append(np.array(tokens)))
  np.testing.assert_array_equal(np.stack(told, axis=1), text)


def test_a_callback_does_not_change_the_tokens():
  np.testing.assert_array_equal(generate(tell=lambda tokens: None), generate())


def test_any_number_of_tokens_is_one_loop_traced_once():
  traced = []

  def advance(variables, state, tokens):
    traced.append(tokens.shape)
    return WRITER.advance(variables, state, tokens)

  counting = WRITER._replace(advance=advance)
  for temperature in (1.0, 0.5, 0.0):
    decode.generate(counting, VARIABLES, PROMPT, 20, KEY, temperature)
  assert traced == [(2, 3), (2, 1)]  # the prompt, and the body of the loop


@pytest.mark.parametrize(
  ('prompt', 'temperature', 'words'),
  [(PROMPT[:, :0], 1.0, 'prompt is empty'), (PROMPT, -1.0, 'is negative')],
)
def test_what_cannot_be_gone_on_from_is_refused_in_words(prompt, temperature, words):
  with pytest.raises(ValueError, match=words):
    decode.generate(WRITER, VARIABLES, prompt, 3, KEY, temperature)
