import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import metrics, tasks
from dl_core.models import fcn
from dl_core.tasks import measures
from dl_core.types import Batch


def test_mean_iou_over_batches_is_that_of_all_pixels():
  random = np.random.default_rng(0)
  logits = random.normal(size=(6, 4, 4, 3)).astype('f4')
  labels, weight = random.integers(0, 2, (6, 4, 4)), random.integers(0, 2, (6, 4, 4))
  sums = [
    {'iou': measures.overlap(logits[part], labels[part], weight[part].astype('f4'))}
    for part in (slice(0, 2), slice(2, 6))
  ]
  found = metrics.mean(metrics.add(*sums))['iou']
  said, each = logits.argmax(-1), []
  for k in range(3):
    own, true = (said == k) & (weight > 0), (labels == k) & (weight > 0)
    if np.sum(own | true):
      each.append(np.sum(own & true) / np.sum(own | true))
  assert found == pytest.approx(np.mean(each))
  assert len(each) == 3  # the third is said and never true, which counts as 0


def test_void_pixels_change_neither_the_gradient_nor_a_metric():
  task = tasks.segmentation(fcn.FCN(3, (2, 2)))
  x = jax.random.normal(jax.random.key(0), (2, 4, 4, 1))
  y = jax.random.randint(jax.random.key(1), (2, 4, 4), 0, 3)
  weight = jnp.ones((2, 4, 4)).at[:, :2].set(0)
  one, other = Batch(x, y, weight), Batch(x, y.at[:, :2].set(2 - y[:, :2]), weight)
  variables = task.init(jax.random.key(2), one)
  value = jax.value_and_grad(task.losses[0], has_aux=True)
  (a, (_, sums)), gradient = value(variables['params'], {}, one, jax.random.key(3))
  (b, (_, others)), same = value(variables['params'], {}, other, jax.random.key(3))
  assert a == b
  assert metrics.mean(sums) == metrics.mean(others)
  jax.tree.map(np.testing.assert_array_equal, gradient, same)
