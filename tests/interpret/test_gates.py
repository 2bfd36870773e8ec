"""Gates by class: whose they are, how far apart, and what is drawn of them."""

import types

import jax
import numpy as np
import pytest
from flax import linen as nn

from dl_core.interpret import gates
from dl_core.layers import squeeze
from dl_core.report import svg
from dl_core.types import Batch, Spec


class Net(nn.Module):
  """Eleven gates on three channels, whose names sort otherwise than they lie."""

  @nn.compact
  def __call__(self, x, *, train):
    for number in range(11):
      x = squeeze.SqueezeExcite(name=f'block_{number + 1}')(x)
    return x.mean((1, 2))


@pytest.fixture(scope='module')
def data():
  """Images of 7 classes in two padded batches; class 0 often, class 3 once, 6 never."""
  random = np.random.RandomState(0)
  y = np.array([0] * 70 + [3] + [1, 2, 4, 5] * 3 + [0] * 5, np.int32)
  x = random.rand(len(y), 4, 4, 3).astype(np.float32) + y[:, None, None, None]
  weight = np.ones(len(y), np.float32)
  weight[-5:] = 0
  batches = [
    Batch(x[part], y[part], weight[part]) for part in (slice(44), slice(44, None))
  ]
  return types.SimpleNamespace(
    spec=Spec(None, 'toys', tuple('abcdefg')), splits={'test': lambda: iter(batches)}
  )


@pytest.fixture(scope='module')
def variables(data):
  batch = next(data.splits['test']())
  return Net().init(jax.random.key(0), batch.x, train=False)


def test_images_are_of_classes_spread_evenly_and_not_too_many_of_each(data):
  x, y = gates.chosen(data)
  assert np.bincount(y, minlength=7).tolist() == [gates.EACH, 0, 3, 1, 3, 0, 0]
  np.testing.assert_array_equal(np.floor(x[:, 0, 0, 0]), y)  # each is its own


def test_gates_are_those_of_the_formula_in_the_order_of_the_layers(data, variables):
  x, _ = gates.chosen(data)
  found = gates.ask(Net(), variables, x)
  assert list(found) == [f'block_{number}' for number in range(1, 12)]
  mean, p = x.mean((1, 2)), jax.device_get(variables['params']['block_1'])
  hidden = np.maximum(mean @ p['reduce']['kernel'] + p['reduce']['bias'], 0)
  logits = hidden @ p['expand']['kernel'] + p['expand']['bias']
  np.testing.assert_allclose(found['block_1'], 1 / (1 + np.exp(-logits)), rtol=1e-5)
  assert {each.shape for each in found.values()} == {(len(x), 3)}


def test_what_means_differ_by_at_random_is_no_difference_of_classes():
  random = np.random.RandomState(0)
  labels = np.repeat([0, 1, 2, 3], 50)
  noise = random.normal(scale=0.1, size=(200, 300))
  shift = random.normal(scale=0.05, size=(4, 300))[labels]
  assert gates.distance_between(noise, labels) < 0.004  # the means alone vary by 0.014
  assert gates.distance_between(noise + shift, labels) == pytest.approx(0.05, rel=0.1)
  assert (
    gates.distance_between(shift[:4] * 0, labels[:4] + np.arange(4)) == 0
  )  # one image of each


@pytest.mark.parametrize('sign', [1, -1])
def test_the_claim_is_of_what_was_measured(sign):
  random, labels = np.random.RandomState(0), np.repeat([0, 1], 10)
  layers = {f'block_{n}': random.rand(20, 8) * 0.01 for n in range(1, 7)}
  for strength, values in zip((0, 0, 1, 1, 2, 3)[::sign], layers.values(), strict=True):
    values += 0.1 * strength * labels[:, None]
  (claim,) = gates.picture(layers, labels, ('no', 'yes')).claims
  assert claim.holds == (sign == 1)
  assert '0.177' in claim.measured  # 0.25/√2, of the deepest two or the first
  assert not gates.claims([0.1, 0.2])
  assert not gates.claims([0.0, 0.0, 0.01])[0].holds  # none varies


def test_a_report_draws_four_depths_and_a_line_a_class(data, variables):
  (picture,) = gates.report(Net())(variables, {}, data, None)
  assert '1 to 50 test images of a class' in picture.caption
  figure = picture.draw()
  titles = [axes.get_title() for axes in figure.axes]
  assert titles == ['block 1', 'block 4', 'block 8', 'block 11']
  assert [len(axes.lines) for axes in figure.axes] == [4] * 4
  assert svg.draw(picture).art.startswith('<svg')


def test_of_one_class_there_is_nothing_to_draw(data, variables):
  one = [batch._replace(y=0 * batch.y) for batch in data.splits['test']()]
  alone = types.SimpleNamespace(spec=data.spec, splits={'test': lambda: iter(one)})
  assert gates.report(Net())(variables, {}, alone, None) == []
