"""What the multi-layer perceptron learns that a perceptron cannot."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import train
from dl_core.data import toys
from dl_core.launch import flags
from dl_core.types import UserError
from experiments import mlp


def xor(**settings):
  steps = {'steps': 300}
  return mlp.build(mlp.Config(dataset='xor', **mlp.RECIPES['xor'] | steps | settings))


def rows_right(experiment, seeds):
  """Trains with several seeds at once; returns how many rows each gets right."""
  arrays = jax.tree.map(jnp.asarray, experiment.data.feed(jax.random.key(0), 0))
  update = train.make_update(experiment.task, experiment.optimizers)

  def one(seed):
    def step(state, _):
      key = train.data_key(state)
      return update(state, experiment.data.take(arrays, key, state.step))[0], ()

    state = train.init_state(experiment, jax.random.key(seed))
    state, _ = jax.lax.scan(step, state, length=experiment.config.steps)
    x, y = toys.gate('xor')
    said = jnp.argmax(experiment.task.outputs(state.variables, x), axis=-1)
    return jnp.sum(said == (y > 0))

  return np.asarray(jax.jit(jax.vmap(one))(jnp.arange(seeds)))


def test_xor_is_learnt_from_every_start_with_a_hidden_layer_and_from_none_without():
  assert rows_right(xor(), seeds=20).tolist() == [4] * 20
  assert max(rows_right(xor(hidden=()), seeds=20)) <= 3


@pytest.mark.parametrize('hidden', ['x', '0', '8,', '8;8', '-1'])
def test_hidden_layers_that_are_none_are_refused_in_a_sentence(hidden):
  with pytest.raises(UserError, match=f'--hidden={hidden} was given'):
    flags.parse(mlp.Config, {}, ['', f'--hidden={hidden}'])


def test_a_part_of_the_training_set_keeps_the_other_splits_and_its_classes(digits_dir):
  def labels(train_size, split):
    c = dataclasses.replace(mlp.TINY, data_dir=digits_dir, train_size=train_size)
    batches = mlp.load(c).splits[split]()
    return np.concatenate([b.y[b.weight > 0] for b in batches])

  assert len(labels(0, 'train')) == 1_258
  assert np.bincount(labels(100, 'train')).tolist() == [10] * 10
  np.testing.assert_array_equal(labels(100, 'test'), labels(0, 'test'))
  with pytest.raises(UserError, match='--train_size=1259 was given, but digits'):
    labels(1_259, 'train')


@pytest.mark.parametrize('change', [{'shift': 1}, {'noise': 0.5}])
def test_training_images_alone_are_moved_or_made_noisy(change, digits_dir):
  plain = mlp.Config(size=8, batch_size=8, data_dir=digits_dir)
  key, found = jax.random.key(0), []
  for c in (plain, dataclasses.replace(plain, **change)):
    data = mlp.build(c).data
    taken = jax.jit(data.take)(data.feed(key, 0), key, 0)
    found.append((taken, next(iter(data.splits['test']()))))
  (before, test), (after, other) = found
  np.testing.assert_array_equal(before.y, after.y)
  assert np.abs(before.x - after.x).max() > 0.1
  np.testing.assert_array_equal(test.x, other.x)
  with pytest.raises(UserError, match='but xor cannot be changed'):
    mlp.build(mlp.Config(dataset='xor', **mlp.RECIPES['xor'], **change))
