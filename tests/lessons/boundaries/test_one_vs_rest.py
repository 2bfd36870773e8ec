import numpy as np
import pytest

from dl_core.lessons.boundaries import linear, one_vs_rest
from experiments import one_vs_rest as experiment
from tests import finish


@pytest.fixture(scope='module')
def study():
  return experiment.study(experiment.Config(tables=(), batch_size=300))


@pytest.fixture(scope='module')
def runs(study):
  return finish.solved(study, seeds=3)


def test_one_vs_rest_leaves_gaps_agrees_with_scikit_learn_and_errs_more(study, runs):
  regions, errors = study.draw(runs)
  held = finish.held([regions, errors])
  assert len(held) == 3
  assert all(held.values())
  words = {text.get_text() for text in regions.draw().axes[1].texts}
  assert words == {'none', 'several'}
  assert errors.draw().axes[0].get_ylim()[1] > 10


def test_places_are_claimed_by_those_whose_g_is_positive():
  g = np.array([[1.0, -1, -1], [-1, -1, -1], [2, 1, -3], [0, -1, -1]])
  assert one_vs_rest.claims_of(g).tolist() == [1, 0, 2, 0]


def test_each_claim_can_be_false(runs):
  fits = {
    'fruits': {
      loss: [linear.of(run) for run in runs[f'fruits-{loss}']]
      for loss in one_vs_rest.LOSSES
    }
  }
  pair = fits['fruits']
  # In each other's place: softmax answers otherwise, and errs less often.
  turned = {'softmax': pair['one_vs_rest'], 'one_vs_rest': pair['softmax']}
  picture = one_vs_rest.errors_picture({'fruits': turned}, 3e-3)
  assert [claim.holds for claim in picture.claims] == [False, False]
  # One g above 0 everywhere, as if each place had one owner.
  sure = pair['one_vs_rest'][0]._replace(
    logits=lambda x: np.sign([1, -1, -1] + 0 * x[:, :1])
  )
  both = {'softmax': pair['softmax'][0], 'one_vs_rest': sure}
  (claim,) = one_vs_rest.claimed_picture(both, 'abc', 'xy').claims
  assert not claim.holds
