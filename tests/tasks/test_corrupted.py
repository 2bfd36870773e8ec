import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from dl_core import metrics, tasks
from dl_core.tasks import measures
from dl_core.types import Batch

KEY = jax.random.key(0)
BATCH = Batch(jnp.arange(12.0).reshape(4, 3), None, jnp.ones(4))


class Same(nn.Module):
  """Returns what it reads, times a parameter that begins at 1."""

  @nn.compact
  def __call__(self, x, *, train):
    return x * self.param('scale', nn.initializers.ones, ())


def hidden(key, batch):
  """Hides one number of each example; it alone is the label."""
  place = jax.random.randint(key, (4, 1), 0, 3)
  own = jnp.arange(3)[None] == place
  return Batch(jnp.where(own, 0, batch.x), batch.x, own.astype(jnp.float32))


@pytest.fixture
def task():
  return tasks.corrupted(tasks.supervised(Same(), measures.absolute_error), hidden)


def test_only_what_was_hidden_is_a_label_and_each_step_hides_its_own(task):
  variables = task.init(KEY, BATCH)
  (loss,) = task.losses
  values = []
  for step in range(3):
    key = jax.random.fold_in(KEY, step)
    value, (_, sums) = loss(variables['params'], {}, BATCH, key)
    changed = hidden(jax.random.split(key)[0], BATCH)
    wanted = np.sum(changed.y * changed.weight) / 4  # the model says 0 there
    assert float(value) == pytest.approx(float(wanted))
    assert metrics.mean(sums)['loss'] == pytest.approx(float(value))
    values.append(float(value))
  assert len(set(values)) == 3


def test_evaluation_hides_the_same_every_time(task):
  variables = task.init(KEY, BATCH)
  one, again = (task.metrics(variables, BATCH, jax.random.key(7)) for _ in range(2))
  chex.assert_trees_all_equal(one, again)
  other = task.metrics(variables, BATCH, jax.random.key(8))
  assert metrics.mean(one) != metrics.mean(other)


def test_pictures_and_predictions_read_what_they_are_given(task):
  variables = task.init(KEY, BATCH)
  np.testing.assert_array_equal(task.outputs(variables, BATCH.x), BATCH.x)
