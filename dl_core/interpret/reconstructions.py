"""Draws what an autoencoder reads and what it restores.

Shapes: N images, H x W pixels, C channels.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret
from dl_core.report import draw
from dl_core.tasks import reconstruction
from dl_core.types import Answer, Batch, Key, Picture, Task

SHOWN = 10


def restoring(task: Task, loss: str) -> Task:
  """Returns a task whose outputs are images in [0, 1]; see `tasks.reconstruction`."""
  said: Any = task.outputs

  def outputs(variables, x):
    return jnp.clip(reconstruction.pixels(said(variables, x), loss), 0, 1)

  return task._replace(outputs=outputs, answer=answer)


def report(task: Task, corrupt: Callable[[Key, Batch], Batch]) -> interpret.Report:
  """Shows test images, what the model reads of them and what it restores.

  Args:
    task: its outputs are images [N, H, W, C]; see `restoring`.
    corrupt: see `tasks.corrupted`.
  """
  outputs: Any = task.outputs

  def pictures(variables, observed, data, key):
    del observed, key
    batch = corrupt(jax.random.key(0), next(iter(data.splits['test']())))
    rows = [
      np.asarray(each)[:SHOWN]
      for each in (batch.y, batch.x, outputs(variables, batch.x))
    ]
    return [
      Picture(
        title='Reconstructions',
        caption='Test images, what the model reads of each, and what it restores.',
        draw=lambda: draw_rows(rows),
      )
    ]

  return pictures


def answer(x: np.ndarray, restored: np.ndarray, classes: tuple[str, ...]) -> Answer:
  """Answers one image [H, W, C] in [0, 1] with its reconstruction and its error."""
  del classes
  x, restored = np.asarray(x), np.asarray(restored)
  error = float(np.sum((restored - x) ** 2))

  def show():
    figure, panels = draw.panels(4, 2.2, 2, titles=('image', 'reconstruction'))
    for axes, pixels in zip(panels, (x, restored), strict=True):
      draw.image(axes, pixels)
    return figure

  return Answer(f'squared error {error:.3g} over {x.size} pixels', show)


def draw_rows(rows: list[np.ndarray]) -> Any:
  """Draws three rows of images [N, H, W, C]."""
  across = len(rows[0])
  figure, panels = draw.panels(0.75 * across, 2.5, 3 * across, across)
  for axes, pixels in zip(panels, np.concatenate(rows), strict=True):
    draw.image(axes, pixels)
  for axes, word in zip(panels[::across], ('image', 'read', 'restored'), strict=True):
    axes.set_ylabel(word, fontsize=9)
  return figure
