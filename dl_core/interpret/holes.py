"""Draws holes in images and what fills them: a network, a mean image, interpolation.

Shapes: N images, H x W pixels, C channels.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret
from dl_core.data import holes
from dl_core.report import draw
from dl_core.tasks import filling
from dl_core.types import Answer, Batch, Data, Key, Picture, Task

SHOWN = 10
Hide = Callable[[Key, Batch], Batch]


def batches(data: Data, hide: Hide) -> Iterator[Batch]:
  """Yields the test batches with holes, always the same ones, as host arrays."""
  hidden = jax.jit(hide)
  for number, batch in enumerate(data.splits['test']()):
    yield jax.device_get(hidden(jax.random.key(number), batch))


def constant(data: Data, hide: Hide) -> Mapping[str, float]:
  """Scores the mean training image as what fills the holes of the test images."""
  return filling.errors(average(filling.mean_image(data)), batches(data, hide))


def average(mean: np.ndarray) -> filling.Fill:
  """Makes what fills holes with the mean image [H, W, C]."""
  return lambda x, weight: np.where(weight > 0, mean, x)


def scores(hide: Hide) -> Callable[[Any, Data, Key], Mapping[str, float]]:
  """Makes `Experiment.scores`: the squared error of interpolation from the rim."""

  def scored(variables, data, key):
    del variables, key
    found = filling.errors(holes.interpolated, batches(data, hide))
    return {'interpolation': found['loss'], 'interpolation_psnr': found['psnr']}

  return scored


def restoring(task: Task, hide: Hide) -> Task:
  """Returns a task whose outputs are whole images: it cuts the hole itself, fills it.

  Args:
    task: its outputs are images [N, H, W, C] of images with holes.
    hide: see `holes.hide`; its holes are always the same ones.
  """
  said: Any = task.outputs

  def outputs(variables, x):
    batch = hide(jax.random.key(0), Batch(x, None, jnp.ones(len(x))))
    return jnp.where(batch.weight > 0, said(variables, batch.x), x)

  return task._replace(outputs=outputs, answer=functools.partial(answer, hide))


def report(task: Task, hide: Hide) -> interpret.Report:
  """Shows test images, their holes and what fills them, and the errors of each fill.

  Args:
    task: before `restoring`.
    hide: see `holes.hide`.
  """
  said: Any = task.outputs

  def pictures(variables, observed, data, key):
    del observed, key
    ways: dict[str, filling.Fill] = {
      'network': lambda x, weight: np.where(weight > 0, said(variables, x), x),
      'interpolation': holes.interpolated,
      'mean image': average(filling.mean_image(data)),
    }
    found = {
      way: filling.errors(fill, batches(data, hide)) for way, fill in ways.items()
    }
    first = next(batches(data, hide))
    shown = Batch(*(np.asarray(leaf)[:SHOWN] for leaf in first))
    rows = {'image': shown.y, 'hole': np.where(shown.weight > 0, 0.5, shown.x)}
    rows |= {way: np.asarray(f(shown.x, shown.weight)) for way, f in ways.items()}
    return [
      Picture(
        title='Holes and what fills them',
        caption='Test images, the hole in grey, and what fills it: the network, '
        'interpolation from the rim of the hole, and the mean of the training images.',
        draw=lambda: draw_rows(rows),
      ),
      Picture(
        title='Errors in the hole',
        caption='Mean squared error of the pixels in the holes of all test images, '
        'which are in [0, 1], and the peak signal-to-noise ratio.',
        draw=lambda: draw_errors(found),
      ),
    ]

  return pictures


def answer(
  hide: Hide, x: np.ndarray, filled: np.ndarray, classes: tuple[str, ...]
) -> Answer:
  """Answers one image [H, W, C] with what was filled in, and its squared error."""
  del classes
  x, filled = np.asarray(x), np.asarray(filled).clip(0, 1)
  batch = hide(jax.random.key(0), Batch(jnp.asarray(x)[None], None, jnp.ones(1)))
  hole = np.asarray(batch.weight[0]) > 0
  error = float(np.mean((filled - x)[hole] ** 2))

  def show():
    figure, panels = draw.panels(6, 2.2, 3, titles=('image', 'hole', 'filled'))
    for axes, pixels in zip(panels, (x, np.where(hole, 0.5, x), filled), strict=True):
      draw.image(axes, pixels)
    return figure

  return Answer(
    f'mean squared error {error:.3g} in a hole of {hole.sum()} values', show
  )


def draw_rows(rows: Mapping[str, np.ndarray]) -> Any:
  """Draws rows of images [N, H, W, C] with their names."""
  across = len(next(iter(rows.values())))
  figure, panels = draw.panels(
    0.7 * across + 1, 0.72 * len(rows), len(rows) * across, across
  )
  images = np.concatenate(list(rows.values())).clip(0, 1)
  for axes, pixels in zip(panels, images, strict=True):
    draw.image(axes, pixels)
  for axes, word in zip(panels[::across], rows, strict=True):
    axes.set_ylabel(word, fontsize=9, rotation=0, ha='right', va='center')
  return figure


def draw_errors(found: Mapping[str, Mapping[str, float]]) -> Any:
  """Draws the error of each way to fill holes, the ratio written on its bar."""
  figure, axes = draw.panel(4.6, 0.4 + 0.45 * len(found), xlabel='mean squared error')
  losses = [each['loss'] for each in found.values()]
  axes.barh(range(len(found)), losses, 0.7, color=draw.COLOURS[: len(found)])
  for place, each in enumerate(found.values()):
    text = f' {each["loss"]:.4f}, {each["psnr"]:.1f} dB'
    axes.text(each['loss'], place, text, va='center', fontsize=8)
  axes.set_yticks(range(len(found)), list(found))
  axes.set_xlim(0, 1.45 * max(losses))
  axes.invert_yaxis()
  return figure
