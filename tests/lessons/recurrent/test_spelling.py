import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.lessons.recurrent import spelling
from dl_core.types import Batch
from experiments import hello_rnn

WORD = Batch(*(jnp.array([row]) for row in ((0, 1, 2, 2), (1, 2, 2, 3), (1, 1, 1, 1))))
LETTERS = ('h', 'e', 'l', 'o')


def learned(memory, **changes):
  c = dataclasses.replace(hello_rnn.Config(), **changes)
  e = hello_rnn.build(c)
  word = Batch(WORD.x, WORD.y, jnp.ones((1, 4)))
  return spelling.learn(e.task, e.optimizers[0], word, c.steps, 100, memory)


@pytest.mark.parametrize('bias', [True, False])
def test_most_seeds_learn_it_and_none_without_a_memory(bias):
  found, without = learned(True, bias=bias), learned(False, bias=bias)
  picture = spelling.remembered(found, without, np.asarray(WORD.y[0]))
  assert [bool(claim.holds) for claim in picture.claims] == [True, True]
  assert np.mean(np.all(found.letters == WORD.y, axis=1)) >= 0.9
  assert not np.any(np.all(without.letters == WORD.y, axis=1))
  assert without.losses.min() >= spelling.BEST - 1e-6


def test_too_few_seeds_and_a_memory_where_none_should_be_fail():
  wanted = np.asarray(WORD.y[0])
  right = spelling.Learned(np.full(10, 0.5), wanted[None].repeat(10, 0))
  wrong = spelling.Learned(np.full(10, 0.5), 0 * right.letters)
  holds = lambda a, b: [
    bool(claim.holds) for claim in spelling.remembered(a, b, wanted).claims
  ]
  assert holds(right, wrong) == [True, True]
  assert holds(wrong, wrong) == [False, True]
  assert holds(right, right) == [True, False]
  assert holds(right, wrong._replace(losses=np.full(10, 0.3))) == [True, False]


def test_what_it_spells_and_how_many_weights_it_has_are_counted():
  right = np.eye(4)[np.asarray(WORD.y[0])]
  holds = lambda p, counts: [
    bool(claim.holds) for claim in spelling.spelled(p, WORD, LETTERS, 3, counts).claims
  ]
  assert holds(right, (33, 7)) == holds(right, (33, 0)) == [True, True]
  assert holds(right[::-1], (33, 7)) == [False, True]
  assert holds(right, (32, 7)) == holds(right, (33, 6)) == [True, False]


@pytest.mark.parametrize(('bias', 'count'), [(True, 40), (False, 33)])
def test_the_network_has_the_lectures_parameters(bias, count):
  e = hello_rnn.build(hello_rnn.Config(bias=bias))
  shapes = jax.eval_shape(e.task.init, jax.random.key(0), WORD)
  assert sum(leaf.size for leaf in jax.tree.leaves(shapes['params'])) == count


def test_the_shapes_are_drawn_without_a_claim():
  picture = spelling.shapes()
  assert len(picture.draw().axes) == 5
