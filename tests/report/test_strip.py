import math

from dl_core.report import strip


def test_a_strip_places_runs_their_mean_and_its_deviation_on_one_axis():
  rows = [
    strip.Row('a', 'c0', {'a0': 0.2, 'a1': 0.4}, 0.3, 0.1, '30%'),
    strip.Row('b', 'c1', {'b0': 1.0}, 1.0, None, '100%'),
    strip.Row('c', 'c2', {'c0': math.nan}, None, None, 'nan'),
  ]
  found = strip.layout('accuracy', rows, {'chance': 0.6, 'far': 0.01})
  assert found.x[0] == (0, '20%')
  assert found.x[-1] == (100, '100%')
  first, second, third = found.rows
  assert first.dots == [(0, 'a0: 20.00%'), (25, 'a1: 40.00%')]
  assert (first.mean, first.bar) == (12.5, (0, 25))
  assert (second.dots, second.mean, second.bar) == ([(100, 'b0: 100.00%')], None, None)
  assert third.dots == []
  assert found.marks == [(50, 'chance: 60.00%')]  # what is far is off the axis
  assert strip.layout('accuracy', rows[2:]) is None
