import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.data import augment, batches, permutations
from dl_core.runtime import sharding
from dl_core.types import Batch, Spec, UserError


def keys(count):
  return jax.random.split(jax.random.key(0), count)


def test_permuted_is_a_bijection_of_every_small_range():
  for n in range(1, 71):
    places = np.arange(70) % n  # of one shape for every n: fewer compilations
    with jax.disable_jit():
      found = permutations.permuted(jax.random.key(n), jnp.asarray(places), n)[:n]
    assert sorted(found.tolist()) == list(range(n)), n


@pytest.mark.parametrize('n', [1_000, 60_000])
def test_permuted_is_a_bijection_of_large_ranges(n):
  found = permutations.permuted(jax.random.key(1), jnp.arange(n), n)
  np.testing.assert_array_equal(np.sort(found), np.arange(n))
  # Neighbours do not stay neighbours, nor places where they were.
  assert np.mean(np.abs(np.diff(found)) < n / 100) < 0.05
  assert np.mean(found == np.arange(n)) < 0.01


@pytest.mark.parametrize('n', [4, 10])
def test_permuted_takes_each_place_anywhere_alike(n):
  count = 6_000
  found = jax.vmap(lambda key: permutations.permuted(key, jnp.arange(n), n))(
    keys(count)
  )
  seen = np.stack([np.bincount(np.array(found)[:, i], minlength=n) for i in range(n)])
  expected = count / n
  # chi² of one place has n - 1 degrees of freedom; p = 1e-6 for n = 4 and 10.
  assert (((seen - expected) ** 2 / expected).sum(1) < {4: 31, 10: 46}[n]).all()


def test_permuted_differs_by_key():
  found = jax.vmap(lambda key: permutations.permuted(key, jnp.arange(50), 50))(
    keys(100)
  )
  assert len({tuple(row) for row in found.tolist()}) == 100


def test_an_epoch_holds_each_example_at_most_once_and_drops_the_remainder():
  key, n, size = jax.random.key(5), 50, 8
  rows = jax.jit(lambda step: permutations.rows(key, step, n, size))
  epochs = [
    np.concatenate([rows(step) for step in range(start, start + 6)])
    for start in (0, 6, 12)
  ]
  for epoch in epochs:
    assert len(set(epoch.tolist())) == 48
    assert 0 <= epoch.min() <= epoch.max() < 50
  dropped = [frozenset(range(50)) - set(epoch.tolist()) for epoch in epochs]
  assert len(set(dropped)) > 1  # the two left over are not always the same


@pytest.mark.parametrize(
  ('n', 'size', 'pool'), [(50, 8, 2), (997, 8, 16), (1_000, 10, 33), (24, 8, 1)]
)
def test_a_pool_is_a_contiguous_piece_that_an_epoch_draws_from_without_repeating(
  n, size, pool
):
  key, batches = jax.random.key(5), n // size
  read = jax.jit(
    jax.vmap(lambda step: permutations.rows(key, step, n, size, pool)),
  )
  first, second = (
    np.array(read(start + jnp.arange(batches))) for start in (0, batches)
  )
  for epoch in (first, second):
    assert len(set(epoch.ravel().tolist())) == batches * size
    assert 0 <= epoch.min() <= epoch.max() < n
    # A piece has `pool` batches, up to rounding, and the last one what is left over.
    assert (np.ptp(epoch, axis=1) < (1.5 * pool + 2) * size).all()
  assert not np.array_equal(first, second)
  if pool > 1:  # mixed inside the piece
    assert np.ptp(first, axis=1).mean() > size
  if batches > 10:  # and the pieces do not come in order
    assert np.mean(np.abs(np.diff(first.mean(axis=1))) > n / 8) > 0.3


def test_one_pool_draws_what_no_pool_draws():
  key = jax.random.key(3)
  for step in range(8):
    plain = permutations.rows(key, step, 50, 8)
    for pool in (0, 6, 100):
      np.testing.assert_array_equal(permutations.rows(key, step, 50, 8, pool), plain)


def test_every_example_meets_different_ones_over_the_epochs():
  key, n, size, pool = jax.random.key(1), 64, 8, 4
  steps = jnp.arange(40 * (n // size))
  found = np.array(
    jax.vmap(lambda step: permutations.rows(key, step, n, size, pool))(steps)
  )
  met = {int(other) for batch in found if 3 in batch for other in batch}
  assert met == set(range(32))  # all of its pool, and nobody else


@pytest.mark.parametrize('pool', [0, 3])
def test_devices_that_split_a_batch_need_not_agree_on_whose_places_it_holds(pool):
  key, n, size = jax.random.key(5), 50, 8
  alone = [permutations.rows(key, step, n, size, pool) for step in range(7)]
  mesh = sharding.make_mesh('data:8')

  def take(numbers, step):
    found = numbers[permutations.rows(key, step, n, size, pool)]
    return sharding.constrain(found, mesh)

  with jax.set_mesh(mesh):
    compiled = jax.jit(take).lower(jnp.arange(n), jnp.int32(0)).compile()
    found = [compiled(jnp.arange(n), jnp.int32(step)) for step in range(7)]
  assert len(found[0].addressable_shards) == 8
  np.testing.assert_array_equal(found, alone)
  program = compiled.as_text()
  assert ' while(' in program  # that would ask them at each turn
  assert 'all-reduce' not in program


def test_padding_has_weight_zero_and_everything_else_its_own():
  x, y, weight = np.arange(10), np.arange(10) * 2, np.ones((10, 3), np.float32)
  read = lambda numbers: (x[numbers], y[numbers], weight[numbers])
  found = list(batches.padded(read, 10, 4))
  assert [batch.x.shape for batch in found] == [(4,)] * 3
  assert list(found[-1].x) == [8, 9, 0, 0]
  np.testing.assert_array_equal(found[-1].weight, [[1] * 3, [1] * 3, [0] * 3, [0] * 3])
  assert sum(batch.weight.sum() for batch in found) == 30


SIZES = {'train': 300, 'validation': 20, 'test': 257}


@pytest.fixture
def data():
  read = []

  def load(split):
    read.append(split)
    x = np.arange(SIZES[split], dtype=np.uint8)[:, None].repeat(3, 1)
    return x, np.arange(SIZES[split], dtype=np.int32)

  of = jax.ShapeDtypeStruct
  spec = Spec(
    Batch(of((16, 3), np.float32), of((16,), np.int32), of((16,), np.float32)), 'toy/1'
  )
  made = batches.resident(
    spec,
    load,
    prepare=lambda x: x.astype(np.float32) / np.float32(2),
    augment=augment.on_x(lambda key, x: x + 1_000),
  )
  assert read == []  # nothing is read before it is needed
  return made, read


def test_a_training_batch_is_what_the_spec_declares(data):
  made, _ = data
  batch = jax.eval_shape(
    made.take, made.feed(jax.random.key(0), 0), jax.random.key(0), 0
  )
  assert jax.tree.map(lambda a: (a.shape, a.dtype), batch) == jax.tree.map(
    lambda a: (a.shape, a.dtype), made.spec.batch
  )


def test_a_training_batch_is_a_pure_function_of_key_and_step(data):
  made, read = data
  take = jax.jit(made.take)
  for step in (0, 17, 18, 19):  # 18 batches an epoch
    batch = take(made.feed(jax.random.key(0), step), jax.random.key(0), step)
    rows = np.array(made.rows(jax.random.key(0), step))
    np.testing.assert_array_equal(batch.y, rows)
    np.testing.assert_array_equal(
      batch.x[:, 0], rows.astype(np.uint8).astype(np.float32) / 2 + 1_000
    )
    assert batch.weight.sum() == 16
  assert made.feed(jax.random.key(0), 0) is made.feed(jax.random.key(1), 7)
  assert read == ['train']  # once, and test is not touched


@pytest.mark.parametrize(('split', 'size'), [('validation', 32), ('test', 256)])
def test_evaluation_batches_have_one_shape_and_count_each_example_once(
  data, split, size
):
  found = list(data[0].splits[split]())
  assert {batch.x.shape for batch in found} == {(size, 3)}
  real = np.concatenate([batch.y[batch.weight == 1] for batch in found])
  np.testing.assert_array_equal(real, np.arange(SIZES[split]))
  assert found[0].x.max() < 1_000  # nothing is augmented


@pytest.mark.parametrize('way', ['resident', 'streamed'])
def test_weights_come_from_the_data_and_an_augmentation_moves_labels_too(data, way):
  of, n = jax.ShapeDtypeStruct, SIZES['train']
  spec = Spec(Batch(of((16,), 'f4'), of((16, 2), 'i4'), of((16, 2), 'f4')), 'toy/1')
  rows = np.arange(n, dtype=np.int32)
  arrays = rows, np.stack([rows, rows], 1), np.stack([rows % 2, rows % 3], 1)

  def read(split, index):
    return tuple(array[index].astype('f4') for array in arrays)

  def negated(key, batch):
    return batch._replace(x=-batch.x, y=-batch.y)

  if way == 'resident':
    made = batches.resident(spec, lambda split: read(split, rows), augment=negated)
  else:
    examples = batches.Examples(lambda split: n, read, lambda split: arrays[1], dict)
    made = batches.streamed(spec, examples, augment=negated)
  key = jax.random.key(0)
  batch, own = made.take(made.feed(key, 3), key, 3), np.array(made.rows(key, 3))
  np.testing.assert_array_equal(batch.x, -own)
  np.testing.assert_array_equal(batch.y, -np.stack([own, own], 1))
  np.testing.assert_array_equal(batch.weight, np.stack([own % 2, own % 3], 1))
  total = sum(b.weight.sum(axis=0) for b in made.splits['test']())  # padding weighs 0
  np.testing.assert_array_equal(total, [sum(rows % 2), sum(rows % 3)])


def test_a_batch_larger_than_the_training_set_is_refused_in_words(data):
  made = batches.resident(
    Spec(
      jax.tree.map(lambda a: a.update(shape=(301, *a.shape[1:])), data[0].spec.batch),
      'toy/1',
    ),
    lambda split: (np.zeros((300, 3)), np.zeros(300)),
  )
  with pytest.raises(UserError, match=r'--batch_size=301 was given.*=300 is the most'):
    made.feed(jax.random.key(0), 0)


def test_digests_tell_data_apart():
  x, y = np.zeros((4, 2), np.uint8), np.arange(4)
  other = x.copy()
  other[3, 1] = 1
  assert batches.digest((x, y)) == batches.digest((x.copy(), y.copy()))
  assert len({batches.digest(a) for a in ((x, y), (other, y), (x.T, y))}) == 3
