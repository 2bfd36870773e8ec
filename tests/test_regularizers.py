"""A small net that overfits, and what is claimed of the cures."""

import dataclasses

import numpy as np
import pytest

from dl_core import drawing
from dl_core.lessons.training import regularisation
from dl_core.types import UserError
from experiments import regularizers
from tests import finish

SMALL = regularizers.Config(
  methods='none,early_stopping,l1,l2', hidden='64', train_size=100, label_noise=0.3,
  steps=200, learning_rate=0.1, l1=1e-3, l2=3e-2, patience=0,
)  # fmt: skip


@pytest.fixture(scope='module')
def results(digits_dir):
  """{method: [Finished, one per seed]} of a small net on a hundred digits."""
  study = regularizers.study(dataclasses.replace(SMALL, data_dir=digits_dir))
  return {
    method: finish.finished(module, c, seeds=2)
    for method, (module, c) in study.runs.items()
  }


def test_regularisers_narrow_the_gap_and_l1_alone_makes_zeros(results):
  pictures = regularizers.draw(results)
  held = finish.held(pictures)
  assert len(held) == 6
  assert all(held.values()), held
  for picture in pictures:
    assert drawing.draw(picture).art.startswith('<')


def test_the_claims_fail_of_nets_put_in_each_others_place(results):
  worse = {'none': results['l2'], 'early_stopping': results['none']}
  assert not any(finish.held([regularisation.gaps(worse, 'none')]).values())
  *_, early = regularisation.diagnosis(
    results['early_stopping'], results['none']
  ).claims
  assert not early.holds
  swapped = {'l1': results['l2'], 'l2': results['l1']}
  assert not any(finish.held([regularisation.sparsity(swapped)]).values())


def test_a_run_that_keeps_its_best_state_is_read_at_that_step(results):
  for run, last in zip(results['early_stopping'], results['none'], strict=True):
    judged = {
      line['step']: line['loss'] for line in run.lines if line['split'] == 'validation'
    }
    best = regularisation.chosen(run)
    assert judged[best] == min(judged.values())
    assert 0 < best < regularisation.chosen(last) == 200
    # Until then the two runs are one.
    np.testing.assert_allclose(
      run.observed[best]['fitted'], last.observed[best]['fitted'], rtol=1e-3
    )


def test_an_unknown_method_is_refused_in_a_sentence():
  with pytest.raises(UserError, match=r"luck was given, but 'luck' is unknown"):
    regularizers.study(regularizers.Config(methods='none,luck'))


@pytest.mark.slow
def test_the_claims_hold_by_default(digits_dir):
  study = regularizers.study(regularizers.Config(data_dir=digits_dir, patience=0))
  results = {
    method: finish.finished(module, c, seeds=3)
    for method, (module, c) in study.runs.items()
  }
  held = finish.held(study.draw(results))
  assert len(held) == 8
  assert all(held.values()), held
