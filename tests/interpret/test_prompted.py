"""What a model answers follows its log-probabilities and how they are normalised."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.data import vocabulary
from dl_core.data.choices import Example
from dl_core.interpret import prompted
from dl_core.types import Decode, UserError

LETTERS = vocabulary.characters('\n :;ADLRTabcdenrsw')


def outputs(variables, x):
  """Likes each letter as `variables` say, whatever stands before it."""
  return jnp.broadcast_to(variables, (*x.shape, LETTERS.size))


def model(window=32, **liked):
  logits = np.zeros(LETTERS.size, np.float32)
  for letter, value in liked.items():
    logits[LETTERS.encode(letter).ids] = value
  decode = Decode(
    lambda variables, x, length: (),
    lambda variables, state, tokens, last: (state, outputs(variables, tokens[:, 0])),
  )
  return prompted.Model(outputs, decode, jnp.asarray(logits), LETTERS, window)


def test_the_normalisation_decides_between_a_long_and_a_short_answer():
  # log p: " a" 2a + " ": a letter b is likelier than a, but two of them are not.
  asked = [Example('c', ('bb', 'a'), 'here'), Example('c', ('a', 'bb'), 'here')]
  found = prompted.right(model(b=1.0), asked, 'de ')
  assert found['none'].tolist() == [False, True]
  assert found['characters'].tolist() == [True, False]
  # The context changes nothing here, so all answers are equal and none is best.
  assert found['prior'].tolist() == [False, False]


def test_log_p_is_minus_infinity_where_there_is_no_answer():
  asked = [Example('c', ('a', 'b', 'd'), 'here'), Example('c', ('a', 'b'), 'here')]
  found = prompted.log_probabilities(model(), asked, lambda each: each.context)
  np.testing.assert_allclose(found[:, :2], -2 * np.log(LETTERS.size), rtol=1e-6)
  assert np.isneginf(found).tolist() == [[False] * 3, [False, False, True]]


@pytest.mark.parametrize(
  ('answer', 'words'),
  [
    ('x', "line 3 has 'x', which its vocabulary lacks"),
    ('a' * 40, 'line 3 has an answer of 41 tokens, but the window'),
  ],
)
def test_an_answer_that_the_model_cannot_read_is_refused_by_its_line(answer, words):
  with pytest.raises(UserError, match=words):
    prompted.right(model(), [Example('c', (answer, 'b'), 'line 3')], '')


def test_a_summary_is_the_first_sentence_after_the_document():
  found = prompted.summed_up(
    model(a=9.0), ['bcd', 'e'], prompted.CUE, 3, jax.random.key(0), 1
  )
  assert found == ['aaa', 'aaa']


def test_a_window_without_room_is_refused():
  with pytest.raises(UserError, match='--length=30 was given'):
    prompted.summed_up(model(), ['b'], prompted.CUE, 30, jax.random.key(0), 1)
