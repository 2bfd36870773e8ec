"""Depth's cost is told from training losses, and can be told the other way round."""

import types

import pytest

from dl_core.lessons.convolutions import degradation


def runs(*ends):
  """Runs whose training losses fall to these, one for each seed."""

  def lines(end):
    return [
      {'step': step, 'split': 'train', 'loss': loss}
      for step, loss in ((10, 2.0), (20, end))
    ]

  return [types.SimpleNamespace(lines=lines(end)) for end in ends]


def found(plain, deep_plain, residual, deep_residual):
  results = {
    'plain-20': runs(*plain),
    'plain-56': runs(*deep_plain),
    'residual-20': runs(*residual),
    'residual-56': runs(*deep_residual),
  }
  (picture,) = degradation.pictures([20, 56], results)
  return picture


@pytest.mark.parametrize(
  ('losses', 'holds'),
  [
    (((0.5, 0.6), (0.9, 1.0), (0.4, 0.4), (0.3, 0.5)), (True, True)),
    (((0.5, 0.6), (0.4, 0.5), (0.4, 0.4), (0.1, 0.1)), (False, True)),
    (((0.5, 0.6), (0.9, 0.5), (0.4, 0.4), (0.3, 0.5)), (False, False)),
    (((0.5, 0.6), (0.6, 0.7), (0.4, 0.4), (0.9, 0.9)), (True, False)),
  ],
)
def test_depth_costs_what_the_seeds_show(losses, holds):
  assert tuple(claim.holds for claim in found(*losses).claims) == holds


def test_the_picture_has_a_panel_for_each_kind_on_one_scale():
  plain, residual = found((0.5,), (0.9,), (0.4,), (0.3,)).draw().axes
  assert plain.get_ylim() == residual.get_ylim()
  for axes in (plain, residual):
    assert [line.get_label() for line in axes.lines] == ['20 layers', '56 layers']
