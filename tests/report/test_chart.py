import math
import re

from dl_core.report import chart


def line(step, split, **figures):
  return {'step': step, 'split': split, **figures}


def test_places_are_per_cent_from_the_left_and_from_the_top():
  lines = [line(0, 'validation', loss=0.0), line(100, 'validation', loss=1.0)]
  found = chart.chart(lines, 'loss')
  assert found.curves[0].path == 'M0.0 100.0L100.0 0.0'
  assert found.best == (0.0, 'step 0: 0')
  assert found.x[0] == (0, '0')
  assert found.x[-1] == (100, '100')


def test_best_is_the_highest_accuracy_and_the_lowest_loss():
  lines = [
    line(step, 'validation', loss=loss, accuracy=accuracy)
    for step, loss, accuracy in [(0, 3, 0.1), (1, 1, 0.5), (2, 2, 0.8)]
  ]
  assert chart.chart(lines, 'loss').best[1] == 'step 1: 1'
  assert chart.chart(lines, 'accuracy').best[1] == 'step 2: 80.00%'


def test_a_value_that_is_not_finite_leaves_a_gap():
  values = [1.0, 2.0, None, 1.5, math.inf, 1.0]
  lines = [line(i, 'train', loss=v) for i, v in enumerate(values)]
  (drawn,) = chart.chart(lines, 'loss').curves
  assert len(re.findall('M', drawn.path)) == 3
  assert len(re.findall('L', drawn.path)) == 1
  assert len(drawn.dots) == 4
  assert 'nan' not in drawn.path


def test_nothing_finite_is_no_chart():
  assert chart.charts([line(0, 'train', loss=None), line(0, 'test', loss=1.0)]) == []


def test_the_scale_is_logarithmic_only_where_it_can_and_should_be():
  def log(*values, name='loss'):
    lines = [line(i, 'train', **{name: v}) for i, v in enumerate(values)]
    return chart.chart(lines, name).log

  assert log(2.3, 0.01)
  assert not log(2.3, 1.1)
  assert not log(2.3, 0.0)
  assert not log(0.01, 0.99, name='accuracy')


def test_charts_come_loss_first_and_leave_out_what_is_no_figure():
  lines = [
    line(0, 'validation', accuracy=0.1, loss=2.0),
    line(9, 'train', accuracy=0.5, loss=1.0, seconds=3.0, examples_per_second=10.0),
    line(9, 'test', accuracy=0.4, top5=0.9),
  ]
  assert [found.name for found in chart.charts(lines)] == ['loss', 'accuracy']


def test_curves_of_several_runs_share_their_axes():
  series = [
    chart.Series('a', 'c0', [(0, 0.0), (50, 0.5)]),
    chart.Series('b', 'c1', [(100, 1.0)], [(0, 0.0, 0.5), (100, 0.5, 1.0)]),
    chart.Series('none', 'c2', []),
  ]
  found = chart.layout('accuracy', series)
  assert [(drawn.label, drawn.look) for drawn in found.curves] == [
    ('a', 'c0'),
    ('b', 'c1'),
  ]
  assert found.curves[0].path == 'M0.0 100.0L50.0 50.0'
  assert found.curves[1].band == 'M0.0 50.0L100.0 0.0L100.0 50.0L0.0 100.0Z'
  assert found.curves[0].band == ''
  assert found.best is None


def test_a_point_by_itself_is_drawn():
  found = chart.layout('loss', [chart.Series('a', 'c0', [(5, 1.0), (9, float('nan'))])])
  assert found.curves[0].path.endswith('h0')  # a line without length: a round dot


def test_no_loss_of_a_game_has_a_best_step():
  lines = [line(step, 'validation', loss=1.0 + step) for step in (0, 5)]
  assert chart.charts(lines)[0].best
  assert not chart.charts([one | {'generator_loss': 1.0} for one in lines])[0].best


def test_curves_that_are_the_same_are_drawn_once_under_all_their_names():
  lines = [
    line(step, split, loss=loss, nats=loss, perplexity=2**loss, accuracy=0.5, top5=0.5)
    for step, split, loss in [(5, 'train', 1.5), (5, 'validation', 2.5)]
  ]
  names = ['loss, nats', 'perplexity', 'accuracy, top5']
  assert [found.name for found in chart.charts(lines)] == names
  apart = [*lines, line(9, 'validation', loss=1.0, nats=1.25)]
  assert [found.name for found in chart.charts(apart)][:2] == ['loss', 'nats']
  # Where one of several runs tells two figures apart, all have a chart of each.
  assert list(chart.names([lines, apart])) == ['loss', 'nats', 'perplexity', 'accuracy']
