import numpy as np
import pytest

from dl_core.data import fruits
from dl_core.lessons.boundaries import features
from experiments import feature_choice
from tests import finish

FLAT, DEEP, WITHOUT = fruits.COLUMNS[:2], fruits.COLUMNS, fruits.COLUMNS[1:]


@pytest.fixture(scope='module')
def drawn():
  study = feature_choice.study(feature_choice.Config(noise=(20, 100)))
  return study.draw(finish.solved(study, seeds=3))


def test_softness_tells_shape_need_not_and_noise_misleads(drawn):
  held = finish.held(drawn)
  assert len(held) == 5
  assert all(held.values())
  choices, curse, _ = (picture.draw() for picture in drawn)
  assert [axes.name for axes in choices.axes] == ['rectilinear', '3d', 'rectilinear']
  labels = [tick.get_text() for tick in curse.axes[0].get_xticklabels()]
  assert labels == ['0', '20', '100']


def test_claims_of_choices_can_be_false():
  alike = np.full(3, 0.1)
  same = features.claims_of_choices({FLAT: alike, DEEP: alike, WITHOUT: alike + 0.01})
  assert [claim.holds for claim in same] == [False, False]
  assert features.claims_of_choices({WITHOUT: alike}) == []


def test_noise_that_does_no_harm_bears_nothing_out(drawn):
  study = feature_choice.study(
    feature_choice.Config(noise=(1,), choices=('shape+colour',))
  )
  runs = finish.solved(study, seeds=2)
  runs['noise-1'] = runs['shape+colour']
  _, curse, _ = study.draw(runs)
  assert [claim.holds for claim in curse.claims] == [False, False]


def test_contrast_is_the_range_of_distances_over_the_least():
  points = np.random.default_rng(5).uniform(
    size=(features.DRAWS, features.POINTS + 1, 2)
  )
  far = [
    [np.sqrt(((q - first) ** 2).sum()) for q in others] for first, *others in points
  ]
  wanted = [(max(each) - min(each)) / min(each) for each in far]
  found = features.contrast(np.random.default_rng(5), 2)
  np.testing.assert_allclose(found, wanted, rtol=1e-9)
