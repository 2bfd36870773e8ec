"""Answers to lines: shown in a dialogue, and right or not."""

import jax.numpy as jnp
import pytest

from dl_core import tasks
from dl_core.data import copies
from dl_core.interpret import dialogues
from dl_core.types import Decode

DATA = copies.load(8, 9)


def repeats():
  """A task whose model writes its source again, token by token."""

  def advance(variables, state, tokens, last=False):
    source, place = state
    token = jnp.take_along_axis(source, place[:, None], axis=1)
    logits = jnp.equal(token, jnp.arange(DATA.spec.limits.y)[None]).astype(jnp.float32)
    return (source, place + 1), logits if last else logits[:, None]

  start = lambda variables, x, length: (x['source'], jnp.zeros_like(x['lengths']))
  return tasks.translate(None)._replace(decode=Decode(start, advance))


@pytest.mark.parametrize(
  ('lines', 'right'),
  [({'ab': 'ab', 'ccc': 'ccc'}, 2), ({'ab': 'ab', 'ccc': 'cc'}, 1)],
)
def test_a_dialogue_shows_every_answer_and_holds_if_all_are_right(lines, right):
  others = lambda *given: ['the others']
  report = dialogues.report(repeats(), lines, others)
  picture, *rest = report({}, {}, DATA, None)
  assert rest == ['the others']
  assert picture.draw() == '— ab\n— ab\n\n— ccc\n— ccc'
  (claim,) = picture.claims
  assert claim.holds == (right == 2)
  assert claim.measured == f'{right} of 2 answers are right'


def test_without_lines_there_is_no_dialogue():
  report = dialogues.report(repeats(), {}, lambda *given: ['the others'])
  assert report({}, {}, DATA, None) == ['the others']
