"""The language task predicts every token once, from all that came before it."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks
from dl_core.models import char_lm
from dl_core.tasks import contexts, measures
from dl_core.types import Batch

VOCABULARY, STREAMS, LENGTH = 5, 3, 10
MODEL = char_lm.CharLM(VOCABULARY, layers=2, hidden=7, dropout=0.5)
KEY = jax.random.key(9)


def streams(length=LENGTH):
  text = jax.random.randint(jax.random.key(1), (STREAMS, length + 1), 0, VOCABULARY)
  return Batch(text[:, :-1], text[:, 1:], jnp.ones((STREAMS, length)))


def task_of(window):
  return tasks.language(MODEL, window, accuracy=measures.accuracy)


VARIABLES = jax.jit(task_of(4).init)(jax.random.key(0), streams())


def evaluate(batch, window=4):
  return jax.jit(task_of(window).metrics)(VARIABLES, batch, KEY)


def test_evaluation_equals_reading_each_stream_symbol_by_symbol():
  batch = streams()
  total, right = 0.0, 0
  for x, y in zip(batch.x, batch.y, strict=True):
    state = MODEL.start(1)
    for now, later in zip(x, y, strict=True):
      state, logits = advance(VARIABLES, state, now[None, None])
      total += float(measures.cross_entropy(logits[0, 0], later))
      right += int(jnp.argmax(logits[0, 0]) == later)
  sums = evaluate(batch)
  np.testing.assert_allclose(sums['loss'][0], total, rtol=1e-5)
  assert sums['accuracy'] == (right, STREAMS * LENGTH)


@jax.jit
def advance(variables, state, tokens):
  return MODEL.apply(variables, state, tokens, method='advance')


@pytest.mark.parametrize('window', [1, 3, LENGTH, 16])
def test_the_window_changes_no_figure(window):
  chex.assert_trees_all_close(
    evaluate(streams(), window), evaluate(streams(), 4), rtol=1e-5
  )


def test_every_symbol_is_counted_once():
  assert evaluate(streams())['loss'][1] == STREAMS * LENGTH


def test_padding_at_the_end_of_a_stream_changes_nothing():
  batch = streams()
  padded = Batch(*(jnp.pad(part, ((0, 0), (0, 7))) for part in batch))
  chex.assert_trees_all_close(evaluate(padded), evaluate(batch), rtol=1e-6)


def test_the_state_is_carried_from_one_window_to_the_next():
  batch = streams()
  other = batch._replace(x=batch.x.at[:, 0].set((batch.x[:, 0] + 1) % VOCABULARY))
  late = jnp.ones((STREAMS, LENGTH)).at[:, :4].set(0)  # what follows the first window
  figures = [evaluate(b._replace(weight=late))['loss'][0] for b in (batch, other)]
  assert figures[0] != figures[1]


def by_hand(batch, context, window):
  """Scores each token by reading again all that it may be predicted from."""
  total, count, half = 0.0, 0, window // 2
  for x, y, weight in zip(*batch, strict=True):
    for t in range(len(x)):
      if context == 'window':
        first = t - t % window
      else:
        first = 0 if t < window else (t // half - 1) * half
      state = MODEL.start(1)
      for token in x[first : t + 1]:
        state, logits = advance(VARIABLES, state, token[None, None])
      total += float(weight[t] * measures.cross_entropy(logits[0, 0], y[t]))
      count += float(weight[t])
  return total, count


@pytest.mark.parametrize('context', ['window', 'half'])
@pytest.mark.parametrize('length', [3, 4, 7, 10])
def test_the_context_bounds_what_a_token_is_predicted_from(context, length):
  batch = streams(length)
  batch = batch._replace(weight=batch.weight.at[1, -1].set(0))
  task = tasks.language(MODEL, 4, context)
  found = jax.jit(task.metrics)(VARIABLES, batch, KEY)
  np.testing.assert_allclose(found['loss'], by_hand(batch, context, 4), rtol=1e-5)


def test_the_note_names_the_context_and_its_window():
  assert 'carried' in contexts.note(64, 'carried')
  assert '64 tokens that do not overlap' in contexts.note(64, 'window')
  assert '64 tokens that overlap by half' in contexts.note(64, 'half')


def test_nats_per_character_divide_the_same_nats_by_characters():
  batch = streams()
  weight = batch.weight.at[1, 3:].set(0)
  characters = jax.random.randint(jax.random.key(3), weight.shape, 0, 6).astype(float)
  counted = batch._replace(weight={'tokens': weight, 'characters': characters})
  task = tasks.language(MODEL, 4, counted=True)
  plain = task_of(4).metrics(VARIABLES, batch._replace(weight=weight), KEY)
  found = task.metrics(VARIABLES, counted, KEY)
  chex.assert_trees_all_close(found['loss'], plain['loss'])
  nats, divisor = found['nats_per_character']
  assert nats == found['loss'][0]
  assert divisor == (weight * characters).sum()
  value, (_, sums) = task.losses[0](VARIABLES['params'], {}, counted, KEY)
  wanted, _ = task_of(4).losses[0](
    VARIABLES['params'], {}, batch._replace(weight=weight), KEY
  )
  assert value == wanted
  assert sums['nats_per_character'] == (sums['loss'][0], divisor)


def test_training_is_the_supervised_loss():
  batch, params = streams(), VARIABLES['params']
  ours, plain = (
    task.losses[0](params, {}, batch, KEY)
    for task in (task_of(4), tasks.supervised(MODEL, accuracy=measures.accuracy))
  )
  chex.assert_trees_all_equal(ours, plain)


@pytest.mark.parametrize(
  ('given', 'words'),
  [
    ((0,), 'must be 1 or more'),
    ((5, 'half'), 'window=5 is odd'),
    ((4, 'full'), "context='full' is not one of carried, window, half"),
  ],
)
def test_a_window_that_will_not_do_is_refused_in_words(given, words):
  with pytest.raises(ValueError, match=words):
    tasks.language(MODEL, *given)
