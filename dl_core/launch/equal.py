"""Networks of equal size, so that a comparison is not one of their sizes."""

import bisect
import math
from collections.abc import Callable

import jax

from dl_core.types import Experiment


def parameters(experiment: Experiment) -> int:
  """Returns the number of trainable parameters; computes nothing."""
  task, batch = experiment.task, experiment.data.spec.batch
  found = jax.eval_shape(task.init, jax.random.key(0), batch)['params']
  return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(found))


def fewest(count: Callable[[int], int], wanted: int, most: int = 2**12) -> int:
  """Returns the smallest width, from 1, whose network has `wanted` parameters or more.

  Args:
    count: (width) -> parameters, which rise with the width.
    wanted: how many.
    most: the largest width that is tried.
  """
  return 1 + bisect.bisect_left(range(1, most), wanted, key=count)
