"""How many values the integers of a batch take."""

import jax
import numpy as np

from dl_core.data import generated, limits
from dl_core.types import Batch, Spec

of = jax.ShapeDtypeStruct
BATCH = Batch(
  {'image': of((500, 3), np.float32), 'words': of((500,), np.int32)},
  of((500,), np.int32),
  of((500,), np.float32),
)


def test_integers_are_numbers_of_classes_where_nothing_else_is_declared():
  x = {'image': 0, 'words': 3}
  assert limits.of(Spec(BATCH, 'toys/1', ('a', 'b', 'c'))) == Batch(x, 3, 0)
  assert limits.of(Spec(BATCH, 'toys/1')) == Batch({'image': 0, 'words': 2}, 2, 0)
  assert limits.of(Spec(BATCH._replace(y=None), 'toys/1', 'abc')).y is None


def test_generated_batches_keep_the_limits_of_each_leaf():
  declared = Batch({'image': 0, 'words': 50}, 7, 0)
  spec = Spec(BATCH, 'toys/1', ('a', 'b'), limits=declared)
  assert limits.of(spec) == declared
  found = generated.drawn(spec, jax.random.key(0))
  assert set(found.y.ravel().tolist()) == set(range(7))
  assert set(found.x['words'].ravel().tolist()) == set(range(50))
  assert found.x['image'].dtype == np.float32
  assert (found.weight == 1).all()
