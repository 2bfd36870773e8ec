import chex
import jax
import numpy as np
import pytest

from dl_core.bench import benchmark
from dl_core.data import generated
from experiments import lenet


def test_drawn_batches_are_of_the_spec_and_its_classes():
  data = lenet.build(lenet.TINY).data
  batch = generated.batch(data, jax.random.key(0))
  chex.assert_trees_all_equal_shapes_and_dtypes(batch, data.spec.batch)
  assert len(np.unique(batch.y)) > 1
  assert set(np.unique(batch.y)) <= set(range(10))
  assert np.all(batch.weight == 1)
  other = generated.batch(data, jax.random.key(1))
  assert not np.array_equal(batch.x, other.x)


def test_the_benchmark_takes_the_batches_that_the_data_computes(monkeypatch):
  e = lenet.build(lenet.TINY)
  like = generated.drawn(e.data.spec, jax.random.key(0))
  sample = lambda key: like._replace(y=like.y * 0 + jax.random.bits(key) % 7)
  seen = []

  def ours(experiment, batches):
    seen.append(batches)
    raise StopIteration

  monkeypatch.setattr(benchmark, 'ours', ours)
  experiment = e._replace(data=e.data._replace(sample=sample))
  with pytest.raises(StopIteration):
    benchmark.measured('lenet', experiment, False, 1, print)
  (batches,) = seen
  assert batches.x.shape == (benchmark.BATCHES, *like.x.shape)
  assert all(len(np.unique(y)) == 1 for y in batches.y)  # not drawn from the spec
