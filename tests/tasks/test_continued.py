"""Texts of different lengths are continued as each would be by itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks
from dl_core.models import gpt
from dl_core.tasks import continued, decode

V, W, KEY = 11, 24, jax.random.key(1)
MODEL = gpt.GPT(V, gpt.Size(1, 8, 2, W, 0))
WRITER = tasks.language(MODEL, W, 'window', axes=gpt.AXES).decode
VARIABLES = jax.tree.map(
  lambda leaf: 6 * leaf,
  jax.jit(MODEL.init, static_argnames='train')(
    jax.random.key(0), jnp.zeros((1, 2), jnp.int32), train=False
  ),
)
draw = np.random.default_rng(0)
PROMPTS = [draw.integers(V, size=count) for count in (7, 1, 30)]


def written(prompts, **given):
  settings = {'count': 5, 'key': KEY, 'top_k': 1, 'window': W} | given
  return continued.written(WRITER, VARIABLES, prompts, **settings)


def test_each_text_is_continued_as_by_itself():
  found = written(PROMPTS)
  for prompt, text in zip(PROMPTS, found, strict=True):
    alone = decode.generate(WRITER, VARIABLES, prompt[None, -(W - 5) :], 5, KEY, 0.0)
    np.testing.assert_array_equal(text, alone[0])


def test_the_same_key_draws_the_same_tokens_and_another_key_others():
  found = written(PROMPTS, top_k=4)
  np.testing.assert_array_equal(found, written(PROMPTS, top_k=4))
  assert np.any(found != written(PROMPTS, top_k=4, key=jax.random.key(2)))


@pytest.mark.parametrize('top_k', [1, 2])
def test_only_the_likeliest_tokens_are_drawn(top_k):
  prompts = [PROMPTS[0]] * 64
  logits = MODEL.apply(VARIABLES, PROMPTS[0][None], train=False)[0, -1]
  likeliest = np.argsort(-np.asarray(logits))[:top_k]
  assert {*written(prompts, top_k=top_k)[:, 0]} == {*likeliest}
