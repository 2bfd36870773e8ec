"""Claims on the adding problem and on kinds of networks can be told both ways."""

import types

import numpy as np
import pytest

from dl_core.lessons.recurrent import dependencies, kinds, reach


def runs(name, *ends):
  def lines(end):
    curve = [
      {'step': step, 'split': 'validation', name: value}
      for step, value in ((0, 4.0), (10, end + 0.1), (20, end))
    ]
    return [*curve, {'step': 20, 'split': 'test', name: end}]

  return [types.SimpleNamespace(lines=lines(end)) for end in ends]


@pytest.mark.parametrize(
  ('lstm', 'rnn', 'expected'),
  [
    ((0.001, 0.002), (0.16, 0.17), (True, True)),
    ((0.001, 0.02), (0.16, 0.17), (False, True)),
    ((0.001, 0.002), (0.16, 0.05), (True, False)),
  ],
)
def test_cells_are_judged_at_every_length(lstm, rnn, expected):
  results = {'lstm-9': runs('mse', *lstm), 'rnn-9': runs('mse', *rnn)}
  (picture,) = dependencies.pictures((9,), ('lstm', 'rnn'), results)
  assert tuple(bool(claim.holds) for claim in picture.claims) == expected
  assert len(picture.draw().axes) == 1


def trained(answers, slopes, gated):
  marks = np.eye(2, 6)[:, [0, 2, 3, 4, 1, 5]]
  (picture,) = reach.picture(marks, np.ones(2), answers, slopes(marks), gated)
  return [bool(claim.holds) for claim in picture.claims]


def test_a_trained_network_is_judged_by_its_error_and_its_derivatives():
  good, bad = np.array([1.01, 0.99]), np.array([0.5, 1.5])
  assert trained(good, lambda marks: marks, True) == [True, True]
  assert trained(bad, lambda marks: marks, True) == [False, True]
  assert trained(good, lambda marks: marks * 0 + 1, True) == [True, False]
  assert trained(bad, lambda marks: marks * 0, False) == [True]
  assert trained(good, lambda marks: marks, False) == [False]


@pytest.mark.parametrize(('tanh', 'holds'), [((2.0, 2.0), True), ((2.0, 2.2), False)])
def test_the_best_activation_has_the_fewest_nats_with_every_seed(tanh, holds):
  others = {name: runs('nats', 2.1, 2.1) for name in list(kinds.NAMES)[1:]}
  picture = kinds.activations({'rnn': runs('nats', *tanh)} | others)
  assert picture.claims[0].holds == holds
  assert len(picture.draw().axes[0].lines) == 4


@pytest.mark.parametrize(('deep', 'holds'), [((1.9, 1.9), True), ((1.9, 2.1), False)])
def test_depth_is_compared_at_equal_parameters(deep, holds):
  results = {'depth-1': runs('nats', 2.0, 2.0), 'depth-2': runs('nats', *deep)}
  sizes = {'depth-1': (1, 9, 1_000), 'depth-2': (2, 6, 1_001)}
  picture = kinds.depth(results, sizes)
  assert picture.claims[0].holds == holds
  assert '2 × 6 1,001' in picture.caption


@pytest.mark.parametrize(('gru', 'holds'), [((2.1, 2.2), True), ((2.1, 2.4), False)])
def test_gates_are_compared_with_none(gru, holds):
  results = {
    'lstm': runs('nats', 2.0, 2.0),
    'gru': runs('nats', *gru),
    'rnn': runs('nats', 2.3, 2.3),
  }
  assert kinds.cells(results).claims[0].holds == holds
