import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import metrics
from dl_core.models import autoencoder
from dl_core.tasks import reconstruction
from dl_core.types import Batch, Data, Spec


def test_both_measures_are_summed_over_the_pixels_of_an_image():
  logits = jnp.array([[0.0, 2.0], [-1.0, 3.0]]).reshape(1, 2, 2, 1)
  image = jnp.array([[0.0, 1.0], [0.5, 1.0]]).reshape(1, 2, 2, 1)
  p = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
  nats = -(image * np.log(p) + (1 - image) * np.log(1 - p)).sum()
  assert float(reconstruction.cross_entropy(logits, image)[0]) == pytest.approx(nats)
  error = float(reconstruction.squared_error(logits, image)[0])
  assert error == pytest.approx(((p - image) ** 2).sum())


def test_no_constant_answer_is_better_than_the_mean_image():
  x = jax.random.uniform(jax.random.key(0), (16, 2, 2, 1))
  batch = Batch(x, x, jnp.ones(16).at[12:].set(0))
  splits = {name: lambda: iter([batch]) for name in ('train', 'test')}
  found = reconstruction.constant(
    Data(Spec(batch, 'toy/1'), lambda key, step: x, lambda *rest: batch, splits)
  )
  model = autoencoder.Autoencoder((2,), 1)
  task = reconstruction.reconstruction(model)
  variables = task.init(jax.random.key(1), batch)
  mean = x[:12].mean(axis=0)

  def score(constant):
    said = jax.tree.map(jnp.zeros_like, variables)
    bias = jnp.log(constant / (1 - constant)).ravel()
    said['params']['decoder']['pixels']['bias'] = bias
    return metrics.mean(task.metrics(said, batch, jax.random.key(2)))

  assert score(mean) == pytest.approx(found, rel=1e-4)
  assert score(mean * 0.9)['loss'] > found['loss']
  assert score(mean * 0.9)['error'] > found['error']
