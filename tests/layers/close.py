"""Arrays that say the same but for rounding."""

import chex
import jax
import numpy as np


def assert_close(found, expected, tolerance=1e-5):
  """Checks that two pytrees have the same shapes and types and nearly equal numbers."""

  def close(a, b):
    a, b = (np.asarray(each, np.float32) for each in (a, b))
    scale = np.max(np.abs(b))
    np.testing.assert_allclose(a / scale, b / scale, rtol=0, atol=tolerance)

  chex.assert_trees_all_equal_shapes_and_dtypes(found, expected)
  jax.tree.map(close, found, expected)
