import math
import types

import numpy as np

from dl_core.lessons import curves


def run(losses, accuracy=0.5):
  """A finished run with validation losses {step: loss}."""
  lines = [
    {'step': step, 'split': 'validation', 'loss': loss} for step, loss in losses.items()
  ]
  lines.append({'step': max(losses), 'split': 'test', 'accuracy': accuracy})
  return types.SimpleNamespace(lines=lines)


RUNS = [run({0: 2.0, 10: 1.0, 20: 0.5}, 0.25), run({0: 3.0, 10: 0.8}, 0.75)]


def test_runs_are_set_side_by_side_at_the_steps_that_all_have():
  steps, values = curves.over(RUNS, 'validation', 'loss')
  assert steps.tolist() == [0, 10]
  np.testing.assert_array_equal(values, [[2, 3], [1, 0.8]])
  assert curves.over(RUNS, 'train', 'loss')[1].shape == (0, 2)


def test_the_first_good_step_is_found_or_there_is_none():
  found = curves.steps_to(RUNS, 'validation', 'loss', lambda loss: loss < 0.9)
  assert found == [20, 10]
  assert curves.steps_to(RUNS, 'validation', 'loss', lambda loss: loss < 0.6) == [
    20,
    math.inf,
  ]


def test_figures_are_told_with_their_deviation():
  assert curves.ends(RUNS, 'accuracy').tolist() == [0.25, 0.75]
  assert curves.spread([1, 2, 3]) == '2 ± 1'
  assert curves.spread(np.array([0.25, 0.75]), '.1%') == '50.0% ± 35.4%'
  assert curves.spread([4]) == '4'
  assert curves.spread([4, math.inf]) == '∞'
