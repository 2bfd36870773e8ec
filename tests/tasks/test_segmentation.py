import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import metrics, tasks
from dl_core.models import unet
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
  task = tasks.segmentation(unet.UNet(3, 2, 2, padded=True, dropout=0.0))
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


def test_pixels_that_weigh_little_count_as_much_for_all_but_the_loss():
  task = tasks.segmentation(unet.UNet(3, 2, 2, padded=True, dropout=0.0))
  x = jax.random.normal(jax.random.key(0), (2, 4, 4, 1))
  y = jax.random.randint(jax.random.key(1), (2, 4, 4), 0, 3)
  one = Batch(x, y, jnp.ones((2, 4, 4)))
  other = one._replace(weight=jnp.where(y == 0, 0.1, 1.0))
  variables = task.init(jax.random.key(2), one)
  a, b = (
    metrics.mean(task.metrics(variables, batch, jax.random.key(3)))
    for batch in (one, other)
  )
  assert a.pop('loss') != b.pop('loss')
  assert a == b
  assert {*a} == {'accuracy', 'iou', 'class_accuracy', 'boundary_iou'}


def test_mean_accuracy_counts_every_class_alike():
  labels = np.array([[0, 0, 0, 1]])
  logits = np.eye(2)[[[0, 0, 1, 1]]]
  both, true = measures.recalled(logits, labels, np.ones((1, 4)))
  assert metrics.mean({'it': (both, true)})['it'] == pytest.approx((2 / 3 + 1) / 2)


def test_near_an_edge_is_what_has_another_label_within_reach():
  labels = np.zeros((1, 7, 8), int)
  labels[0, 3, 4] = 2
  found = np.asarray(measures.near_edges(labels, 2))
  wanted = np.zeros((1, 7, 8), bool)
  wanted[0, 1:6, 2:7] = True
  np.testing.assert_array_equal(found, wanted)
  assert not measures.near_edges(np.full((1, 4, 4), 3), 2).any()
