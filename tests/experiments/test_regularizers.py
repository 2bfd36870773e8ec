"""A small net that overfits, and what is claimed of the cures."""

import dataclasses
import types

import jax
import numpy as np
import pytest

from dl_core import train
from dl_core.launch import studies
from dl_core.lessons.training import regularisation
from dl_core.report import svg
from dl_core.types import UserError
from experiments import regularizers
from tests import finish

STEPS = (0, 10, 20)


def run(fitted, judged, test, zeros=0.0, accuracy=0.9, best=False, noise=0.2):
  """A finished run: losses on train and validation at STEPS, and the one on test."""
  lines = [
    {'step': step, 'split': 'validation', 'loss': loss}
    for step, loss in zip(STEPS, judged, strict=True)
  ]
  lines.append({'step': 20, 'split': 'test', 'loss': test, 'accuracy': accuracy})
  shown = {'zeros': np.full(2, zeros), 'counts': np.ones((2, 4)), 'edges': EDGES}
  c = types.SimpleNamespace(keep_best=best, label_noise=noise)
  observed = {
    step: {'fitted': loss, **shown} for step, loss in zip(STEPS, fitted, strict=True)
  }
  return studies.Finished(types.SimpleNamespace(config=c), lines, observed)


EDGES = np.tile(np.linspace(-1, 1, 5), (2, 1))
NONE = run([2.0, 0.5, 0.0], [2.0, 0.6, 1.0], 1.0, accuracy=0.8)
EARLY = run([2.0, 0.5, 0.0], [2.0, 0.6, 1.0], 0.6, best=True)
L1 = run([2.0, 0.5, 0.4], [2.0, 0.7, 0.6], 0.6, zeros=0.2)
L2 = run([2.0, 0.8, 0.7], [2.0, 0.7, 0.5], 0.5)  # a gap of -0.2
RESULTS = {'none': [NONE] * 2, 'early_stopping': [EARLY] * 2} | {
  'l1': [L1] * 2, 'l2': [L2] * 2
}  # fmt: skip


def test_regularisers_are_said_to_narrow_the_gap_and_l1_alone_to_make_zeros():
  pictures = regularizers.draw(RESULTS)
  held = finish.held(pictures)
  assert len(held) == 6
  assert all(held.values()), held
  for picture in pictures:
    assert svg.draw(picture).art.startswith('<')


def test_the_claims_fail_of_nets_put_in_each_others_place():
  worse = {'none': RESULTS['l2'], 'early_stopping': RESULTS['none']}
  assert not any(finish.held([regularisation.gaps(worse, 'none')]).values())
  *_, early = regularisation.diagnosis([EARLY] * 2, [NONE] * 2).claims
  assert not early.holds
  swapped = {'l1': RESULTS['l2'], 'l2': RESULTS['l1']}
  assert not any(finish.held([regularisation.sparsity(swapped)]).values())


def test_a_wider_gap_on_the_other_side_of_zero_is_no_narrower():
  beyond = run([2.0, 2.0, 2.0], [2.0, 0.9, 0.9], 0.9)  # a gap of -1.1
  results = {'none': [NONE] * 2, 'l2': [beyond] * 2}
  assert not any(finish.held([regularisation.gaps(results, 'none')]).values())


def test_pictures_say_that_labels_of_train_alone_are_wrong_where_they_are():
  right = [run([2.0, 0.5, 0.0], [2.0, 0.6, 1.0], 1.0, noise=0.0)]
  for draw in (regularisation.diagnosis, lambda r: regularisation.gaps({'a': r}, 'a')):
    assert '20% of them were redrawn' in draw([NONE]).caption
    assert 'redrawn' not in draw(right).caption


def test_a_run_that_keeps_its_best_state_is_read_at_that_step():
  assert (regularisation.chosen(EARLY), regularisation.chosen(NONE)) == (10, 20)
  train, test = regularisation.losses([EARLY, NONE])
  assert (train.tolist(), test.tolist()) == ([0.5, 0.0], [0.6, 1.0])


def test_the_loss_on_train_is_of_all_examples_and_the_penalty_makes_zeros(digits_dir):
  c = regularizers.Config(
    methods=('l1',), hidden=(8,), train_size=300, l1=1e-2, steps=60, eval_every=60,
    data_dir=digits_dir,
  )  # fmt: skip
  ((module, own),) = regularizers.study(c).runs.values()
  e = module.build(own)
  done = train.fit(e)
  judge = jax.jit(e.task.metrics)
  sums = [
    judge(done.state.variables, batch, jax.random.key(0))['loss']
    for batch in e.data.splits['train']()
  ]
  total, weight = (sum(map(float, each)) for each in zip(*sums, strict=True))
  assert (len(sums), weight) == (2, 300)
  np.testing.assert_allclose(done.observed[60]['fitted'], total / weight, rtol=1e-5)
  assert done.observed[60]['zeros'].min() > 0.05


def test_each_method_alone_changes_the_plain_net():
  c = regularizers.Config(patience=7)
  study = regularizers.study(c)
  (plain,) = (own for label, (_, own) in study.runs.items() if label == 'none')
  assert (plain.hidden, plain.label_noise, plain.l1) == (c.hidden, c.label_noise, 0)
  changed = {
    label: {
      entry.name
      for entry in dataclasses.fields(own)
      if getattr(own, entry.name) != getattr(plain, entry.name)
    }
    for label, (_, own) in study.runs.items()
  }
  assert changed == {
    'none': set(),
    'early_stopping': {'patience', 'keep_best'},
    'l1': {'l1'},
    'l2': {'l2'},
    'dropout': {'dropout', 'dropout_input'},
    'batch_norm': {'batch_norm'},
  }


def test_an_unknown_method_is_refused_in_a_sentence():
  with pytest.raises(UserError, match=r'--methods=none,luck was .* some of none, '):
    regularizers.Config(methods=('none', 'luck'))


@pytest.mark.slow
def test_the_claims_hold_by_default(digits_dir):
  held = finish.claimed(
    regularizers.study(regularizers.Config(data_dir=digits_dir, patience=0))
  )
  assert len(held) == 8
  assert all(held.values()), held
