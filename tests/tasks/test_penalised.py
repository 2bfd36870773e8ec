"""A penalty is part of the loss, in training and in evaluation, and of its gradient."""

import jax
import numpy as np
import optax
import pytest

from dl_core import metrics, tasks
from dl_core.models import mlp
from dl_core.tasks import measures
from dl_core.types import Batch


@pytest.fixture
def case():
  """A small task, the same with a penalty on its first layer, a batch, variables."""
  plain = tasks.supervised(mlp.MLP(3, (4,)), accuracy=measures.accuracy)
  own = tasks.penalised(
    plain, lambda params: tasks.half_squares(0.3, params['hidden_1'])
  )
  random = np.random.default_rng(0)
  x = random.normal(size=(6, 5)).astype(np.float32)
  weight = np.array([1, 1, 0, 1, 0, 1], np.float32)
  batch = Batch(x, random.integers(3, size=6).astype(np.int32), weight)
  return plain, own, batch, plain.init(jax.random.key(0), batch)


def squares(variables):
  return 0.15 * sum(
    np.sum(np.square(leaf)) for leaf in jax.tree.leaves(variables['params']['hidden_1'])
  )


def test_the_loss_is_that_of_the_task_and_the_penalty(case):
  plain, own, batch, variables = case
  key = jax.random.key(1)
  for found, bare in (
    (own.metrics(variables, batch, key), plain.metrics(variables, batch, key)),
    (
      own.losses[0](variables['params'], {}, batch, key)[1][1],
      plain.losses[0](variables['params'], {}, batch, key)[1][1],
    ),
  ):
    found, bare = metrics.mean(found), metrics.mean(bare)
    assert found['loss'] == pytest.approx(bare['loss'] + squares(variables), rel=1e-5)
    assert found['accuracy'] == bare['accuracy']


def test_its_gradient_is_what_a_coupled_decay_adds(case):
  plain, own, batch, variables = case
  params, key = variables['params'], jax.random.key(1)
  slope = lambda task: jax.grad(lambda p: task.losses[0](p, {}, batch, key)[0])(params)
  first = lambda params: {name: name == 'hidden_1' for name in params}
  decay = optax.add_decayed_weights(0.3, mask=first)
  wanted, _ = decay.update(slope(plain), decay.init(params), params)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6),
    slope(own),
    wanted,
  )
