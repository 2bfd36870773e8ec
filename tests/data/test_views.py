"""A view asks the same examples another question."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks
from dl_core.data import batches, views
from dl_core.models import mlp
from dl_core.types import Batch, Spec

SPLITS = ('train', 'validation', 'test')
KEY = jax.random.key(0)


def load(split):
  n = {'train': 20, 'validation': 8, 'test': 11}[split]
  x = np.random.default_rng(n).random((n, 2, 3, 1), np.float32)
  return x, (np.arange(n) % 3).astype(np.int32)


def toys(**options):
  of = lambda kind, *shape: jax.ShapeDtypeStruct((8, *shape), kind)
  batch = Batch(of(np.float32, 2, 3, 1), of(np.int32), of(np.float32))
  spec = Spec(batch, 'toys/1', ('a', 'b', 'c'), channels=1)
  return batches.resident(
    spec, load, baseline=lambda train, test: {'accuracy': 0.5}, **options
  )


def every(data):
  """Returns a training batch and all batches of all splits."""
  trained = jax.jit(data.take)(data.feed(KEY, 3), KEY, 3)
  return [trained, *(batch for split in SPLITS for batch in data.splits[split]())]


@pytest.mark.parametrize('weight', ['example', 'place'])
@pytest.mark.parametrize('levels', [0, 2, 17])
def test_the_label_is_the_input_or_its_levels(levels, weight):
  data = views.itself(toys(), levels, weight)
  for batch, before in zip(every(data), every(toys()), strict=True):
    np.testing.assert_array_equal(batch.x, before.x)
    if levels:
      assert batch.y.dtype == np.int32
      wanted = np.rint(np.asarray(batch.x) * (levels - 1))
    else:
      wanted = batch.x
    np.testing.assert_array_equal(batch.y, wanted)
    if weight == 'example':
      np.testing.assert_array_equal(batch.weight, before.weight)
    else:
      assert batch.weight.shape == batch.y.shape
      each = np.asarray(batch.weight).reshape(len(batch.x), -1)
      np.testing.assert_array_equal(each, np.tile(before.weight[:, None], 6))
  assert min(np.min(batch.weight) for batch in every(data)) == 0  # there is padding
  chex.assert_trees_all_equal_shapes_and_dtypes(every(data)[0], data.spec.batch)


def test_a_told_view_holds_the_classes_beside_the_images():
  data = views.itself(toys(), 2, with_classes=True)
  for batch, before in zip(every(data), every(toys()), strict=True):
    images, classes = views.parted(batch.x)
    np.testing.assert_array_equal(images, before.x)
    np.testing.assert_array_equal(classes, before.y)
    np.testing.assert_array_equal(batch.y, np.rint(before.x))
  assert data.spec.classes == toys().spec.classes
  chex.assert_trees_all_equal_shapes_and_dtypes(every(data)[0], data.spec.batch)


def test_the_label_is_the_input_as_it_is_augmented():
  def darker(key, batch):
    return batch._replace(x=batch.x * jax.random.uniform(key, (8, 1, 1, 1)))

  plain, changed = views.itself(toys()), views.itself(toys(augment=darker))
  (batch, *_), (before, *_) = every(changed), every(plain)
  np.testing.assert_array_equal(batch.y, batch.x)
  assert not np.array_equal(batch.x, before.x)


def test_labels_and_their_baseline_are_dropped():
  data = views.itself(toys())
  assert data.spec.classes == ()
  assert data.baseline() == {}
  assert (data.spec.source, data.spec.channels) == ('toys/1', 1)
  assert data.sample is None
  assert data.rows(KEY, 3).tolist() == toys().rows(KEY, 3).tolist()


def test_a_computed_batch_is_viewed_too():
  def sample(key):
    return Batch(jax.random.uniform(key, (8, 2, 3, 1)), jnp.arange(8), jnp.ones(8))

  data = views.itself(toys()._replace(sample=sample), levels=3, weight='place')
  batch = data.sample(KEY)
  chex.assert_trees_all_equal_shapes_and_dtypes(batch, data.spec.batch)
  np.testing.assert_array_equal(batch.y, np.rint(np.asarray(batch.x) * 2))


def test_each_weight_is_what_its_loss_wants():
  model = mlp.MLP(6, ())

  def summed(output, y):
    return jnp.sum((output - y.reshape(y.shape[0], -1)) ** 2, axis=-1)  # [B]

  task, data = tasks.supervised(model, summed), views.itself(toys())
  batch = next(iter(data.splits['test']()))
  variables = task.init(KEY, batch)
  total, weight = task.metrics(variables, batch, KEY)['loss']
  assert weight == 11
  outputs = np.asarray(task.outputs(variables, batch.x))
  found = ((outputs - batch.x.reshape(-1, 6)) ** 2)[:11].sum()
  assert total == pytest.approx(found, rel=1e-5)

  def each(output, y):
    return (output.reshape(y.shape) - y) ** 2  # [B, H, W, C]

  batch = next(iter(views.itself(toys(), weight='place').splits['test']()))
  total, weight = tasks.supervised(model, each).metrics(variables, batch, KEY)['loss']
  assert weight == 11 * 6
  assert total == pytest.approx(found, rel=1e-5)


def test_another_weight_is_refused():
  with pytest.raises(ValueError, match="weight='pixel' is none of example, place"):
    views.itself(toys(), weight='pixel')


def test_parity_is_whether_the_number_of_the_class_is_odd():
  data = views.parity(toys())
  assert data.spec.classes == ('even', 'odd')
  assert data.baseline() == {}
  for asked, batch in zip(every(data), every(toys()), strict=True):
    np.testing.assert_array_equal(asked.y, batch.y % 2)
    np.testing.assert_array_equal(asked.x, batch.x)
