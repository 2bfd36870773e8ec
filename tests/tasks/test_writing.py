"""Sentences are written token by token from what they are about."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks
from dl_core.models import captioner
from dl_core.tasks import translation, writing

MARKS = writing.Marks(start=1, stop=2, pad=0)
T, V = 5, 7


def example(count=3):
  random = np.random.RandomState(0)
  return {
    'image': random.rand(count, 8, 8, 1).astype(np.float32),
    'words': np.full((count, T), MARKS.start, np.int32),
  }


def made(attention=False, **how):
  model = captioner.Captioner(V, (2, 3), 'gru', 8, 6, attention)
  task = tasks.conditioned(model, MARKS, T, attends=attention, **how)
  variables = model.init(jax.random.key(3), example(), train=False)
  # Larger weights, so that sentences differ.
  return model, task, jax.tree.map(lambda leaf: 3 * leaf, variables)


def by_hand(model, variables, x):
  """Writes the likeliest token after all before it, one whole pass for each."""
  words, said = x['words'].copy(), []
  ended = np.zeros(len(words), bool)
  for step in range(T):
    logits = model.apply(variables, x | {'words': words}, train=False)
    tokens = np.where(ended, MARKS.pad, np.argmax(logits[:, step], axis=-1))
    ended |= tokens == MARKS.stop
    said.append(tokens)
    if step + 1 < T:
      words[:, step + 1] = tokens
  return np.stack(said, axis=1)


@pytest.mark.parametrize('attention', [False, True])
def test_greedy_decoding_is_the_model_read_from_the_start_each_time(attention):
  model, task, variables = made(attention)
  found = task.outputs(variables, example())
  np.testing.assert_array_equal(found.tokens, by_hand(model, variables, example()))
  if attention:
    assert found.weights.shape == (3, T, 4)
    np.testing.assert_allclose(jnp.sum(found.weights, axis=-1), 1, rtol=1e-5)
  else:
    assert found.weights is None


def test_words_before_are_all_that_a_word_depends_on():
  model, _, variables = made(attention=True)
  x = example()
  changed = x | {'words': x['words'].copy()}
  changed['words'][:, 3] = 4
  one, other = (model.apply(variables, each, train=False) for each in (x, changed))
  np.testing.assert_array_equal(one[:, :3], other[:, :3])
  assert np.all(np.any(one[:, 3:] != other[:, 3:], axis=-1))


def log_p(model, variables, x, tokens):
  first = np.full((len(tokens), 1), MARKS.start, np.int32)
  words = np.concatenate([first, tokens[:, :-1]], axis=1)
  logits = model.apply(variables, x | {'words': words}, train=False)
  each = np.take_along_axis(
    np.asarray(jax.nn.log_softmax(logits)), tokens[..., None], axis=-1
  )[..., 0]
  before = np.cumsum(tokens == MARKS.stop, axis=1) - (tokens == MARKS.stop)
  return np.sum(each * (before == 0), axis=1)


def test_a_wide_beam_writes_sentences_that_are_at_least_as_likely():
  model, greedy, variables = made()
  _, wide, _ = made(width=V**2)
  found = [
    log_p(
      model, variables, example(), np.asarray(task.outputs(variables, example()).tokens)
    )
    for task in (greedy, wide)
  ]
  assert np.all(found[1] >= found[0] - 1e-5)


def test_only_tokens_that_count_must_be_exact():
  said, wanted = np.array([[3, 2, 5], [3, 4, 2]]), np.array([[3, 2, 0], [3, 3, 2]])
  weight = np.array([[1, 1, 0], [1, 1, 1]])
  assert translation.exact(said, wanted, weight).tolist() == [True, False]
