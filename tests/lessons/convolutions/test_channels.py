"""Filters over many channels, and the formulas of a layer."""

import numpy as np

from dl_core.lessons.convolutions import channels
from tests import finish


def test_a_filter_spans_its_channels_and_the_formulas_hold():
  picture = channels.picture(np.random.default_rng(0), 12)
  assert list(finish.held([picture]).values()) == [True] * 3
  assert picture.draw().axes


def test_the_formulas_fail_of_a_layer_that_pads_otherwise(monkeypatch):
  honest = channels.made
  monkeypatch.setattr(channels, 'made', lambda of: honest(of._replace(pad=of.pad + 9)))
  sums, parameters, outputs = channels.picture(np.random.default_rng(0), 4).claims
  assert (sums.holds, parameters.holds, outputs.holds) == (True, True, False)


def test_the_formulas_give_the_layers_of_the_papers():
  alexnet = channels.Layer(224, 3, 96, 11, 4, 2)
  assert (alexnet.parameters, alexnet.outputs) == (34_944, (55, 55, 96))
  lenet = channels.Layer(14, 6, 16, 5, 1, 0)
  assert (lenet.parameters, lenet.outputs) == (2_416, (10, 10, 16))
  assert channels.made(lenet) == (2_416, (10, 10, 16))
