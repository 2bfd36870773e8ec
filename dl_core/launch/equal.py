"""Networks of equal size, so that a comparison is not one of their sizes."""

import bisect
from collections.abc import Callable

import jax

from dl_core import trees
from dl_core.types import Experiment


def parameters(experiment: Experiment, part: str | None = None) -> int:
  """Returns the number of trainable parameters; computes nothing.

  Args:
    experiment: whose model.
    part: name of the only part of the model to count; None: all.
  """
  task, batch = experiment.task, experiment.data.spec.batch
  found = jax.eval_shape(task.init, jax.random.key(0), batch)['params']
  return trees.size(found if part is None else found[part])


def fewest(count: Callable[[int], int], wanted: int, most: int = 2**12) -> int:
  """Returns the smallest width, from 1, whose network has `wanted` parameters or more.

  Args:
    count: (width) -> parameters, which rise with the width.
    wanted: how many.
    most: the largest width that is tried.
  """
  return 1 + bisect.bisect_left(range(1, most), wanted, key=count)
