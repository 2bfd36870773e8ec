import functools

import jax
import numpy as np
import pytest

from dl_core import config
from dl_core.data import toys
from dl_core.train import stopping
from dl_core.types import Experiment, UserError


def history(*losses, every=10):
  return [
    {'step': every * i, 'split': 'validation', 'loss': loss}
    for i, loss in enumerate(losses)
  ]


@pytest.mark.parametrize(
  ('losses', 'step'),
  [
    ((3.0, 1.0, 2.0), 10),
    ((3.0, 1.0, 1.0), 10),  # the earliest of equals
    ((0.0, 2.0, 1.0), 20),  # the untrained state is no choice
    ((0.0, None), 0),  # but where there is no other
    ((None, 2.0, None, 1.0), 30),  # what is not finite is never best
    ((None, None), None),
    ((), None),
  ],
)
def test_the_best_step_has_the_lowest_finite_loss(losses, step):
  assert stopping.best_step(history(*losses)) == step


def test_a_target_is_a_name_and_a_number():
  assert stopping.target('accuracy:0.99') == ('accuracy', 0.99)
  assert stopping.target('loss:-1e-3') == ('loss', -0.001)


@pytest.mark.parametrize(
  'until', ['nonsense', 'accuracy', 'accuracy:', ':1', 'loss:nan', 'loss:inf', 'a:b:1']
)
def test_any_other_target_is_refused(until):
  with pytest.raises(UserError, match=f'--until={until} was given, METRIC:VALUE'):
    stopping.target(until)


def why(step, losses, **settings):
  return stopping.why(config.Config(steps=50, **settings), step, history(*losses))


def test_a_run_goes_on_until_its_last_step():
  assert why(40, (3.0, 2.0)) == ''
  assert why(50, (3.0, 2.0)) == 'all 50 steps done'


def test_patience_counts_the_evaluations_since_the_best():
  assert why(20, (3.0, 1.0, 2.0), patience=2) == ''
  assert why(30, (3.0, 1.0, 2.0, 1.0), patience=2)  # as low is not lower
  assert why(30, (3.0, 1.0, None, None), patience=2)
  assert why(40, (3.0, 1.0, 2.0, 0.5, 0.7), patience=2) == ''
  assert why(30, (None, None, None, None), patience=2) == ''  # there is no best yet


def test_until_looks_at_the_last_evaluation_alone():
  assert why(20, (3.0, 0.5, 0.9), until='loss:0.6') == ''
  assert why(20, (3.0, 0.9, 0.5), until='loss:0.6') == 'validation loss reached 0.5'
  assert why(20, (), until='loss:0.6') == ''


def test_until_of_an_unknown_metric_says_which_there_are():
  with pytest.raises(UserError, match=r'but the metrics are loss; name one'):
    why(0, (3.0,), until='beauty:1')


def test_a_rising_loss_is_held_against_the_mean_of_those_before():
  # Two before, and from the evaluation on that has three before it; step 0 is none.
  rising = functools.partial(why, until='risen:2')
  assert rising(30, (9.0, 1.0, 1.0, 5.0)) == ''
  words = 'validation loss above the mean of the 2 before'
  assert rising(40, (9.0, 1.0, 1.0, 1.0, 1.1)) == words
  assert rising(40, (9.0, 1.0, 3.0, 1.0, 1.9)) == ''  # the mean is 2
  assert rising(40, (9.0, 1.0, 3.0, 1.0, 2.1)) == words
  assert rising(40, (9.0, 1.0, None, 1.0, 2.1)) == ''
  assert rising(50, (9.0, 4.0, 3.0, 2.0, 1.0)) == 'all 50 steps done'


@pytest.mark.parametrize('count', ['0', '-1', '1.5', 'x', ''])
def test_a_number_of_losses_is_a_whole_one(count):
  with pytest.raises(UserError, match=r'risen:.* was given.*N of at least 1'):
    stopping.target(f'risen:{count}')


def test_too_many_skipped_updates_are_refused_by_step_and_examples():
  data, key = toys.gate_data('and', 1), jax.random.key(0)
  e = Experiment(config.Config(), None, (), data)
  stopping.refuse_skips(e, np.int32(-1), key)
  with pytest.raises(UserError) as caught:
    stopping.refuse_skips(e, np.int32(4), key)
  (example,) = np.asarray(data.rows(key, 4))
  assert f'from step 4 (examples {example}) on' in str(caught.value)
  with pytest.raises(UserError, match='from step 4 on, with --learning_rate=0'):
    stopping.refuse_skips(e._replace(data=data._replace(rows=None)), 4, key)
