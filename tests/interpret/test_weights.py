import jax
import numpy as np
import pytest

from dl_core import train
from dl_core.interpret import weights
from dl_core.launch import jobs
from dl_core.report import svg
from experiments import mlp


@pytest.fixture(scope='module')
def run(digits_dir):
  """An experiment with a strong L1 penalty, and its run."""
  c = mlp.Config(
    hidden=(16,), size=8, steps=60, batch_size=50, train_size=50, l1=0.03,
    optimizer='sgd', learning_rate=0.2, eval_every=20, data_dir=digits_dir,
  )  # fmt: skip
  e = mlp.build(c)
  return e, train.fit(e)


def test_what_is_kept_of_weights_agrees_with_them(run):
  _, done = run
  kernels = weights.kernels_of(done.state.variables)
  assert list(kernels) == ['hidden_1', 'output']
  last = done.observed[60]
  for place, w in enumerate(kernels.values()):
    assert last['zeros'][place] == np.mean(w == 0) > 0.1
    assert last['counts'][place].sum() == w.size
    edges = last['edges'][place]
    assert edges[0] == -edges[-1] == -np.abs(w).max()
    middle = weights.BINS // 2
    assert edges[middle] < 0 < edges[middle + 1]  # where exact zeros are counted
  assert done.observed[0]['zeros'].max() == 0


def test_the_loss_on_train_is_that_of_the_model_at_rest(run):
  e, done = run
  (batch,) = e.data.splits['train']()
  total, weight = e.task.metrics(done.state.variables, batch, jax.random.key(0))['loss']
  np.testing.assert_allclose(done.observed[60]['fitted'], total / weight, rtol=1e-5)
  assert weight == 50


def test_the_report_draws_the_weights_and_counts_the_zeros(run):
  e, done = run
  picture = next(p for p in jobs.pictures(e, done) if p.title == 'Weights')
  share = f'{done.observed[60]["zeros"][0]:.1%} in hidden_1'
  assert share in picture.caption
  assert svg.draw(picture).art.startswith('<svg')


@pytest.mark.parametrize('w', [np.zeros((2, 2)), np.full((2, 2), np.nan)])
def test_weights_that_are_all_zero_or_no_numbers_can_be_counted(w):
  found = weights.edges(w)
  assert np.all(np.diff(found) > 0)
  np.histogram(w, found)
