"""What is shown of a classifier of sentences is what it says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.interpret import reading
from dl_core.report import svg
from dl_core.types import Batch, Data, Spec, Task

WORDS = ['<pad>', 'good', 'bad', 'film', 'very']


def outputs(variables, x):
  """Logits by the counts of good (1) and bad (2) words before the end."""
  del variables
  inside = jnp.arange(x['tokens'].shape[1])[None] < x['lengths'][:, None]
  count = lambda word: jnp.sum((x['tokens'] == word) & inside, axis=1) * 2.0
  return jnp.stack([count(2), count(1)], axis=-1)


def weigh(variables, x):
  del variables
  inside = jnp.arange(x['tokens'].shape[1])[None] < x['lengths'][:, None]
  return jax.nn.softmax(
    jnp.where(inside, 5.0 * (x['tokens'] < 3), -1e9).astype(jnp.float32)
  )


@pytest.fixture
def data():
  tokens = np.array([[3, 1, 0, 0], [4, 4, 3, 2], [3, 3, 4, 1], [2, 0, 0, 0]], np.int32)
  lengths = np.array([2, 4, 4, 1], np.int32)
  batch = Batch(
    {'tokens': tokens, 'lengths': lengths},
    np.array([1, 0, 1, 1], np.int32),
    np.array([1, 1, 1, 1], np.float32),
  )
  empty = batch._replace(weight=np.zeros(4, np.float32))
  spec = Spec(None, 'toy/1', ('bad', 'good'))
  write = lambda tokens, decoder=None: ' '.join(WORDS[int(t)] for t in tokens)
  return Data(spec, None, None, {'test': lambda: [batch, empty]}, write=write)


def pictures(data, weigh=None, shares=True):
  task = Task(None, (), None, outputs)
  return reading.report(task, weigh, shares)({}, {}, data, None)


def test_all_pictures_can_be_drawn(data):
  found = pictures(data, weigh)
  assert [picture.title for picture in found][-3:] == [
    'The answer comes at the end', 'Where attention reads', 'What it says of a few',
  ]  # fmt: skip
  for picture in found:
    assert svg.attempt(picture).failure == ''
  assert len(pictures(data)) == len(found) - 1
  assert len(pictures(data, shares=False)) == len(found) - 2


def test_parts_of_sentences_are_judged_as_parts(data):
  heard = next(p for p in pictures(data) if p.title == 'The answer comes at the end')
  # Without a word of praise or blame the first class is said: of the second sentence
  # that is right; the first and the third only end in praise; the last one is wrong.
  assert heard.claims[0].holds
  assert heard.claims[0].measured == (
    '25.0%, 25.0%, 50.0%, 75.0% after 25, 50, 75 and 100 % of the tokens'
  )


def test_a_list_says_what_is_wrong(data):
  text = pictures(data)[-1].draw()
  assert '“film good”\n    good 88%' in text
  assert '“bad”\n    bad 88%, but it is good (12%)' in text


def test_attention_that_prefers_nothing_is_no_attention(data):
  def alike(variables, x):
    inside = np.arange(4)[None] < x['lengths'][:, None]
    return inside / x['lengths'][:, None]

  by = {
    name: next(p for p in pictures(data, each) if p.title == 'Where attention reads')
    for name, each in {'some': weigh, 'none': alike}.items()
  }
  assert by['some'].claims[0].holds
  assert not by['none'].claims[0].holds
