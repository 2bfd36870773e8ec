"""Linear classifiers, held against the best there can be and against scikit-learn."""

import dataclasses

import jax
import numpy as np
import pytest

from dl_core import train
from dl_core.data import fruits
from dl_core.lessons.boundaries import linear
from dl_core.types import UserError
from experiments import classification
from tests import finish


@pytest.fixture(scope='module')
def data_dir(tmp_path_factory):
  """A data_dir in which tables are prepared when they are first read."""
  return str(tmp_path_factory.mktemp('tables'))


def fit(seeds=1, **settings):
  """Returns a finished run for each seed."""
  recipe = classification.RECIPES.get(settings.get('dataset'), {})
  c = classification.Config(**{**recipe, **settings, 'eval_every': 1_000})
  return finish.finished(classification, c, seeds)


def pictures(run, seed=0):
  """Returns the report of a finished run."""
  e, seen = run.experiment, run.observed[max(run.observed)]
  variables = {'params': {'linear': {'kernel': seen['w'], 'bias': seen['b']}}}
  key = train.data_key(train.init_state(e, jax.random.key(seed)))
  return e.report(variables, run.observed, e.data, key)


def test_what_is_separable_is_learnt_without_an_error_whatever_fruits_are_drawn():
  runs = fit(dataset='apple_banana', batch_size=100, seeds=3)
  assert [run.lines[-1]['accuracy'] for run in runs] == [1, 1, 1]
  held = finish.held(pictures(runs[0]))
  assert len(held) == 3
  assert all(held.values())


def test_where_fruits_overlap_the_error_is_the_least_possible():
  runs = fit(seeds=3)
  held = finish.held(pictures(runs[0]))
  assert len(held) == 4
  assert all(held.values())
  least = fruits.best('apple_orange', ('shape', 'colour'))
  for run in runs:
    found = linear.of(run)
    chance = np.sqrt(least.error * (1 - least.error) / len(found.test.y))
    assert abs(found.test.error - least.error) < 3 * chance
    assert linear.angle(found.w[:, 0], least.w) < 10
  rows = [run.observed[1_000]['rows'].tolist() for run in runs]
  assert len({tuple(sorted(each)) for each in rows}) == 3  # other fruits each time


@pytest.mark.parametrize(('dataset', 'most'), [('breast_cancer', 4), ('wine', 2)])
def test_tables_are_told_as_scikit_learn_tells_them(dataset, most, data_dir):
  (run,) = fit(dataset=dataset, data_dir=data_dir)
  held = finish.held(pictures(run))
  assert len(held) == 2
  assert all(held.values())
  found = linear.of(run)
  theirs = linear.reference(found.train, 'softmax', run.experiment.config.l2)
  np.testing.assert_allclose(found.w, theirs.coef_.T, atol=0.02)
  assert found.test.error * len(found.test.y) <= most


def test_claims_are_not_kept_where_they_are_false():
  c = classification.Config(batch_size=200)
  study = classification.launch.Study({'': (classification, c)})
  run = finish.solved(study, 1)[''][0]
  good, least = linear.of(run), fruits.best('apple_orange', ('shape', 'colour'))
  claims = lambda fit: [
    linear.beats(fit, run.experiment.data),
    linear.agrees(fit, 'softmax', c.l2),
    *linear.known(fit, least),
  ]
  assert all(claim.holds for claim in claims(good))
  opposite = linear.Examples(good.test.x, good.test.y, 1 - good.test.said)
  bad = claims(good._replace(w=good.w[::-1], test=opposite))
  assert not any(claim.holds for claim in bad)
  (none,) = linear.known(good, least._replace(error=2.7e-6))
  assert not none.holds
  assert 'misclassifies 2.7 in a million' in none.sentence


def test_of_one_seed_there_is_no_spread_and_of_several_it_is_the_sample_one():
  values = np.array([[1.0, 2, 6], [4, 4, 4]])
  np.testing.assert_allclose(linear.spread(values), [7**0.5, 0])
  assert linear.doubt(values[0]) == pytest.approx((7 / 3) ** 0.5)
  assert linear.doubt(values[0, :1]) == 0


def test_a_bend_in_many_dimensions_keeps_its_claims_and_says_so_in_words():
  c = classification.Config(
    columns=('shape', 'colour', 'softness'), degree=2, batch_size=100
  )
  study = classification.launch.Study({'': (classification, c)})
  told = next(p for p in pictures(finish.solved(study, 1)[''][0]) if p.claims)
  assert [claim.holds for claim in told.claims] == [True]
  assert '9 products' in told.draw()


def test_columns_of_a_table_are_chosen_and_named(data_dir):
  c = classification.Config(dataset='iris', columns=('petal_width',), data_dir=data_dir)
  data, columns, best = classification.load(dataclasses.replace(c, batch_size=8))
  assert (data.spec.batch.x.shape, columns, best) == ((8, 1), ('petal_width',), None)


@pytest.mark.parametrize(
  ('settings', 'sentence'),
  [
    ({'dataset': 'iris', 'noise': 3}, '--noise=3 was given, which is for fruits alone'),
    ({'dataset': 'curved', 'noise': 3}, '--noise=3 was given'),
    ({'dataset': 'curved', 'columns': ('x',)}, 'the columns of curved are x and y'),
    ({'dataset': 'diabetes'}, 'whose target is a number; give a table with classes'),
    ({'dataset': 'breast_cancer', 'degree': 99}, '30 columns have .* products, and 10'),
    ({'columns': ('smell',)}, 'smell was asked for, which fruits lack'),
    ({'dataset': 'iris', 'columns': ('smell',)}, 'smell was asked for'),
  ],
)
def test_what_cannot_be_is_a_sentence(settings, sentence, data_dir):
  with pytest.raises(UserError, match=sentence):
    classification.build(classification.Config(**settings, data_dir=data_dir))
