"""Auxiliary classifiers count in training, by their share, and nowhere else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from dl_core import metrics, tasks
from dl_core.tasks import measures
from dl_core.types import Batch


class Heads(nn.Module):
  """As many linear classifiers as asked for; evaluation hears the first alone."""

  count: int

  @nn.compact
  def __call__(self, x, *, train):
    first, *others = (nn.Dense(4, name=f'head_{n}')(x) for n in range(self.count))
    return (first, *others) if others and train else first


@pytest.fixture(scope='module')
def batch():
  random = np.random.RandomState(0)
  x, y = random.normal(size=(9, 5)), random.randint(4, size=9)
  weight = np.ones(9, np.float32)
  weight[-2:] = 0
  return Batch(jnp.float32(x), jnp.int32(y), jnp.asarray(weight))


def made(count, share, batch):
  """Returns a task, its parameters, and the mean cross-entropy of each head."""
  task = tasks.auxiliary(Heads(count), share=share, accuracy=measures.accuracy)
  params = task.init(jax.random.key(1), batch)['params']
  means = []
  for n in range(count):
    head = params[f'head_{n}']
    logits = np.array(batch.x @ head['kernel'] + head['bias'][None], float)
    logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    means.append(-logs[np.arange(9), batch.y][:-2].mean())
  return task, params, means


@pytest.mark.parametrize(('count', 'share'), [(1, 0.3), (2, 0.3), (3, 0.3), (3, 0.0)])
def test_what_is_minimised_is_the_first_loss_and_a_share_of_the_others(
  batch, count, share
):
  task, params, (first, *others) = made(count, share, batch)
  (loss,) = task.losses
  value, (_, sums) = loss(params, {}, batch, jax.random.key(0))
  assert value == pytest.approx(first + share * sum(others), rel=1e-5)
  assert metrics.mean(sums)['loss'] == pytest.approx(float(value), rel=1e-6)


def test_evaluation_and_measures_read_the_first_head_only(batch):
  task, params, (first, *_) = made(3, 0.3, batch)
  judged = metrics.mean(task.metrics({'params': params}, batch, jax.random.key(0)))
  assert judged['loss'] == pytest.approx(first, rel=1e-5)
  trained = task.losses[0](params, {}, batch, jax.random.key(0))[1][1]
  assert metrics.mean(trained)['accuracy'] == judged['accuracy']


def test_gradients_reach_the_others_by_their_share(batch):
  def norms(share):
    task, params, _ = made(2, share, batch)
    value = lambda p: task.losses[0](p, {}, batch, jax.random.key(0))[0]
    found = jax.grad(value)(params)
    return [float(jnp.linalg.norm(found[f'head_{n}']['kernel'])) for n in range(2)]

  none, some, whole = norms(0.0), norms(0.3), norms(1.0)
  assert none[0] == pytest.approx(whole[0], rel=1e-6)
  assert none[1] == 0
  assert some[1] == pytest.approx(0.3 * whole[1], rel=1e-5)
