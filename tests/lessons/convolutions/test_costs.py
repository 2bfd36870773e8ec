"""What layers cost."""

from dl_core.lessons.convolutions import costs
from tests import finish


def test_the_first_layers_cost_what_is_said_of_them():
  picture = costs.picture()
  assert list(finish.held([picture]).values()) == [True] * 3
  assert picture.draw().axes


def test_vggs_first_layer_costs_1792_parameters_and_a_dense_one_billions():
  layer = costs.LAYERS['VGG']
  outputs = 224 * 224 * 64
  dense = 224 * 224 * 3 * outputs
  assert costs.of_convolution(layer) == (1_792, outputs * 27)
  assert costs.of_dense(layer) == (dense + outputs, dense)
  assert costs.counted(layer) == (costs.of_convolution(layer), costs.of_dense(layer))


def test_the_claims_fail_of_windows_as_large_as_the_image(monkeypatch):
  whole = costs.Layer(side=32, channels=1, features=6, window=32, stride=1, pad=0)
  monkeypatch.setitem(costs.LAYERS, 'VGG', whole)  # then there is nothing to save
  counted, fewer, ratio = costs.picture().claims
  assert (counted.holds, fewer.holds, ratio.holds) == (True, False, True)


def test_counts_are_written_in_a_few_letters():
  counts = (1_792, 34_944, 5_000_000, 483_388_358_656)
  assert [*map(costs.brief, counts)] == [
    '1,792', '35 thousand', '5 million', '483 billion',
  ]  # fmt: skip
