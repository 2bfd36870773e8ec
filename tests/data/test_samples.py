import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import samples

CLASSES = ('a', 'b', 'c')


def load(split):
  n = {'train': 24, 'validation': 8, 'test': 16}[split]
  x = np.arange(2.0 * n, dtype=np.float32).reshape(n, 2)
  return x, (np.arange(n) % 3).astype(np.int32)


def drawn(size, seed, step):
  data = samples.whole(samples.labelled('toy/1', 2, CLASSES, load, size))
  key = jax.random.key(seed)
  return data, jax.jit(data.take)(data.feed(key, step), key, jnp.int32(step))


def test_every_step_sees_the_same_examples_and_another_seed_others():
  data, first = drawn(8, seed=0, step=0)
  _, later = drawn(8, seed=0, step=1_000)
  _, other = drawn(8, seed=1, step=0)
  np.testing.assert_array_equal(first.x, later.x)
  assert set(first.x[:, 0].tolist()) != set(other.x[:, 0].tolist())
  rows = data.rows(jax.random.key(0), 77)
  np.testing.assert_array_equal(load('train')[0][rows], first.x)
  np.testing.assert_array_equal(load('train')[1][rows], first.y)


def test_a_batch_of_the_whole_set_is_the_whole_set():
  _, batch = drawn(24, seed=3, step=5)
  assert sorted(batch.x[:, 0].tolist()) == load('train')[0][:, 0].tolist()


def test_examples_are_declared_before_any_is_read():
  def unread(split):
    raise AssertionError(split)

  data = samples.labelled('toy/1', 2, CLASSES, unread, 8)
  assert data.spec.classes == CLASSES
  assert data.spec.batch.x.shape == (8, 2)
  assert data.spec.batch.y.dtype == np.int32
