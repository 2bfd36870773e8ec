"""Each claim about encoders can fail, and what is measured is what is said."""

import dataclasses

import jax
import numpy as np
import pytest

from dl_core.lessons.networks import (
  fine_tuning,
  pretexts,
  transfer,
  transfer_claims,
  transfer_layers,
)
from dl_core.lessons.networks.transfer import ALL, FEW, Found
from dl_core.models import encoder
from experiments import few_labels

TASKS = ('inpainting', 'jigsaw', 'labels', 'random')


def found(**changes):
  """Figures at which every claim holds."""
  last = {'inpainting': 0.7, 'jigsaw': 0.5, 'labels': 0.9, 'random': 0.3}
  own = Found(
    labels=(1, ALL),
    probed={
      name: dict.fromkeys((FEW, ALL), np.array([[0.8] * 2, [0.95] * 2, [value] * 2]))
      for name, value in last.items()
    }
    | {'random': dict.fromkeys((FEW, ALL), np.full((3, 2), 0.6))},
    frozen={name: np.full((2, 3), 0.5 + (name != 'random') / 9) for name in TASKS},
    tuned={name: np.full((2, 3), 0.5 + (name != 'random') / 9) for name in TASKS},
    copied={
      name: np.array([[0.5] * 3, [0.6] * 3, [0.7] * 3, [0.7] * 3]) for name in TASKS[:3]
    },
    kernels={name: np.random.RandomState(0).randn(5, 5, 1, 4) for name in TASKS},
  )
  return own._replace(**changes)


def holds(picture):
  return [bool(claim.holds) for claim in picture.claims]


@pytest.mark.parametrize(
  ('loss', 'accuracy', 'wanted'),
  [
    (0.01, 0.9, [True, True]),
    (0.04, 0.9, [False, True]),  # half of the mean image's, interpolation is better
    (0.06, 0.7, [False, False]),
  ],
)
def test_claims_about_hidden_parts_can_fail(loss, accuracy, wanted):
  hole = {'loss': loss, 'interpolation': 0.03, 'baseline': {'loss': 0.1}}
  puzzle = {'accuracy': accuracy, 'baseline': {'accuracy': 1 / 24}}
  picture = pretexts.picture(hole, puzzle)
  assert holds(picture) == wanted
  assert picture.draw() is not None


def test_claims_about_layers_hold_where_first_layers_agree_and_last_ones_differ():
  picture = transfer_layers.layers(found())
  assert holds(picture) == [True, True, True]


def test_claims_about_layers_fail_where_first_layers_differ_and_last_ones_agree():
  probed = {
    name: dict.fromkeys((FEW, ALL), np.array([[first] * 2, [0.6] * 2, [0.7] * 2]))
    for name, first in zip(TASKS, (0.2, 0.4, 0.6, 0.6), strict=True)
  }
  assert holds(transfer_layers.layers(found(probed=probed))) == [False, False, False]


@pytest.mark.parametrize('kind', ['tuned', 'frozen'])
@pytest.mark.parametrize(
  ('jigsaw', 'wanted'), [((0.9, 0.9), [True, True]), ((0.505, 0.4), [False, False])]
)
def test_claims_about_numbers_of_labels_can_fail(kind, jigsaw, wanted):
  values = dict(getattr(found(), kind))
  values['jigsaw'] = np.array(jigsaw)[:, None].repeat(3, 1)
  picture = transfer_claims.fractions(found(**{kind: values}))[kind == 'frozen']
  assert holds(picture) == wanted
  sign = '-' if jigsaw[1] < 0.5 else '+'
  assert f'jigsaw {sign}' in picture.claims[-1].measured
  assert 'With 1 label a class' in picture.claims[0].sentence
  assert 'With all labels' in picture.claims[1].sentence
  assert picture.draw() is not None


@pytest.mark.parametrize(('first', 'wanted'), [(0.8, True), (0.6, False)])
def test_the_claim_about_copied_layers_can_fail(first, wanted):
  values = np.array([[0.5], [0.5], [first], [0.7]]).repeat(3, 1)
  copied = found().copied | {'jigsaw': values}
  assert holds(transfer_layers.copied(found(copied=copied))) == [wanted]


@pytest.fixture(scope='module')
def tune(digits_dir):
  c = dataclasses.replace(few_labels.TINY, data_dir=digits_dir, steps=2, batch_size=8)
  target = few_labels.build(c)
  own = {
    split: (x[:40], y[:40]) for split, (x, y) in fine_tuning.images(target.data).items()
  }
  return target, own, fine_tuning.tuner(target, own)


def test_trainings_of_one_seed_differ_by_their_layers_alone(tune):
  target, _, tuned = tune
  numbers = np.arange(40)
  model = encoder.Encoder(target.config.widths)
  x = target.data.spec.batch.x
  zeros = jax.eval_shape(model.init, jax.random.key(0), x)['params']
  zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), zeros)
  scratch = tuned({}, numbers, 0)
  assert scratch == tuned({}, numbers, 0)
  # Without a signal from its last layer a network says the same of all images.
  blind = tuned({'layer_4': zeros['layer_4']}, numbers, 0)
  _, own, _ = tune
  shares = np.bincount(own['test'][1], minlength=10) / 40
  assert any(blind == pytest.approx(share) for share in shares)


def test_features_are_those_of_each_split_and_layer(tune):
  target, own, _ = tune
  model = encoder.Encoder(target.config.widths)
  x = own['validation'][0]

  @jax.jit
  def both(key):
    variables = model.init(key, x)
    return variables['params'], model.apply(variables, x)

  params, maps = jax.device_get(both(jax.random.key(0)))
  found = transfer.reader(target.config.widths, own)(params)
  assert list(found) == list(own)
  for features, each in zip(found['validation'], maps, strict=True):
    side, width = each.shape[2:]
    places = min(side, transfer.PLACES)
    split = each.reshape(40, places, side // places, places, side // places, width)
    by_hand = split.mean((2, 4)).reshape(40, -1)
    np.testing.assert_allclose(features, by_hand, rtol=1e-4, atol=1e-5)


def test_only_the_chosen_images_are_learned_from(tune):
  target, own, _ = tune
  y = own['train'][1]
  one = np.flatnonzero(y == y[0])
  longer = few_labels.build(dataclasses.replace(target.config, steps=60))
  # Of one class alone, nothing else can be said in the end.
  found = fine_tuning.tuner(longer, own)({}, one, 0)
  assert found == pytest.approx(np.mean(own['test'][1] == y[0]))
