"""Labels made by hiding: the batch that a task sees is a random change of the data's.

One wrapper serves denoising, masked language models, inpainting and jigsaw puzzles.
"""

from collections.abc import Callable

import jax

from dl_core.types import Batch, Key, Task

Change = Callable[[Key, Batch], Batch]


def corrupted(task: Task, corrupt: Change, judged: Change | None = None) -> Task:
  """Makes the task on batches that `corrupt` has changed.

  In training every step draws its own change, each player another one. In evaluation
  the change comes from evaluation's key, so it is the same at every evaluation.

  Args:
    task: whose; its `outputs` and `decode` read what they are given, unchanged.
    corrupt: (key, Batch) -> Batch: its x is what the model reads, its y what was
      hidden, its weight where something was.
    judged: the change in evaluation, where it is another one.
  """

  def split(function, change=corrupt):
    def changed(*rest):
      *before, batch, key = rest
      corrupt_key, own_key = jax.random.split(key)
      return function(*before, change(corrupt_key, batch), own_key)

    return changed

  def init(key, batch):
    return task.init(key, corrupt(key, batch))

  return task._replace(
    init=init,
    losses=tuple(map(split, task.losses)),
    metrics=split(task.metrics, judged or corrupt),
  )
