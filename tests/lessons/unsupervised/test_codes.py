"""Claims about codes can hold, and can fail; codes as long as an image are refused."""

from types import SimpleNamespace

import numpy as np
import pytest

from dl_core.lessons.unsupervised import codes
from dl_core.models import components
from dl_core.types import Batch, UserError
from experiments import codes as study
from experiments import elbo


@pytest.mark.parametrize('holds', [True, False])
def test_the_claims_follow_the_errors_and_the_angles(holds):
  random = np.random.default_rng(0)
  x = random.normal(size=(60, 2, 4, 1)) * np.arange(1, 9).reshape(1, 2, 4, 1)
  batch = Batch(x, np.zeros(60), np.ones(60))
  data = SimpleNamespace(splits=dict.fromkeys(('train', 'test'), lambda: iter([batch])))
  found = components.fit(x, 2)
  pca = components.error(found, x)
  # Any basis of the principal directions spans them; other directions do not.
  own = found.directions if holds else np.eye(8)[:2]
  kernel = np.array([[1.0, 2.0], [3.0, -1.0]]) @ own

  def run(error):
    line = {'step': 1, 'split': 'test', 'error': error}
    params = {'decoder': {'pixels': {'kernel': kernel}}}
    experiment = SimpleNamespace(data=data)
    return SimpleNamespace(
      experiment=experiment, lines=[line], variables=lambda: {'params': params}
    )

  linear, deep = (1.01, 0.9) if holds else (1.05, 1.1)
  runs = {'linear-2': [run(linear * pca)], 'deep-2': [run(deep * pca)]}
  (picture,) = codes.pictures([2], [2], runs)
  assert [claim.holds for claim in picture.claims] == [holds] * 3
  picture.draw()


@pytest.mark.parametrize(
  ('make', 'flag'),
  [
    (lambda: study.study(study.Config(codes=(2, 64))), '--codes=64'),
    (lambda: study.study(study.Config(deep=(70,))), '--deep=70'),
    (lambda: elbo.study(elbo.Config(code=64)), '--code=64'),
  ],
)
def test_codes_as_long_as_an_image_are_refused(make, flag):
  with pytest.raises(UserError, match=f'{flag} was given, but an image has 64 pixels'):
    make()
