import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from dl_core import tasks
from dl_core.tasks import measures
from dl_core.types import Batch, Task

KEY = jax.random.key(0)


class Noisy(nn.Module):
  """Adds noise to what it reads, in training and in evaluation."""

  @nn.compact
  def __call__(self, x, *, train):
    noise = jax.random.normal(self.make_rng('draw'), x.shape)
    scale = self.param('scale', nn.initializers.ones, ())
    return nn.Dropout(0.5)(scale * (x + noise), deterministic=not train)


def test_a_model_that_draws_does_so_in_evaluation_by_evaluations_key():
  task = tasks.supervised(Noisy(), measures.squared_error)
  batch = Batch(jnp.zeros((64, 4)), jnp.zeros((64, 4)), jnp.ones((64, 4)))
  variables = task.init(KEY, batch)
  losses = [
    float(task.metrics(variables, batch, jax.random.key(seed))['loss'][0])
    for seed in (1, 1, 2)
  ]
  assert losses[0] == losses[1] != losses[2]
  assert losses[0] == pytest.approx(64 * 4 / 2, rel=0.3)  # nothing is dropped
  said = [task.outputs(variables, batch.x) for _ in range(2)]
  np.testing.assert_array_equal(*said)
  assert np.all(said[0] != 0)
  first, second = jax.random.split(KEY)
  gradient = jax.grad(lambda p, key: task.losses[0](p, {}, batch, key)[0])
  values = [gradient(variables['params'], key)['scale'] for key in (first, second)]
  assert not np.array_equal(*values)


class Shifts(nn.Module):
  """Two methods, as of a detector: features of an image, shifts of its boxes."""

  def setup(self):
    self.layer = nn.Dense(4)

  def __call__(self, image, *, train):
    return self.shifts(self.features(image, train=train), train=train)

  def features(self, image, *, train):
    return jnp.mean(image, axis=(1, 2))

  def shifts(self, features, *, train):
    return self.layer(features)


def detector() -> Task:
  model = Shifts()

  def init(key, batch):
    return model.init(key, batch.x['image'], train=False)

  def boxes(params, x, key=None):
    features, _ = tasks.apply(model, params, {}, x['image'], key=key, method='features')
    shifts, _ = tasks.apply(model, params, {}, features, key=key, method='shifts')
    return x['boxes'] + 0 * shifts, features

  def evaluate(variables, batch, key):
    found, features = boxes(variables['params'], batch.x)
    error = jnp.max(jnp.abs(found - batch.y))
    return {'loss': (error, 1.0), 'feature': (features[0, 0], 1.0)}

  return Task(init, (), evaluate)


def test_a_box_of_300_pixels_survives_bfloat16_and_what_a_model_reads_does_not():
  box = jnp.array([[300.0, 301.0, 513.0, 300.0625]])
  assert float(box[0, 0].astype(jnp.bfloat16)) == 300  # but not its neighbours:
  assert np.all(box[0, 1:].astype(jnp.bfloat16) != box[0, 1:])
  x = {'image': jnp.full((1, 2, 2, 3), 1.001), 'boxes': box}
  task = tasks.computed_in(detector(), 'bfloat16')
  batch = Batch(x, box, jnp.ones(1))
  sums = task.metrics(task.init(KEY, batch), batch, KEY)
  assert float(sums['loss'][0]) == 0
  assert float(sums['feature'][0]) == 1  # 1.001 is no bfloat16
