"""Draws samples, completions, costs and the receptive field of a model of pixels.

Shapes: N images, H x W pixels, C colours, K levels.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core import interpret
from dl_core.report import draw
from dl_core.tasks import pixels
from dl_core.tasks.corrupted import Change
from dl_core.types import Answer, Key, Picture, Sample, Task, Variables

SAMPLES, COMPLETED, VARIANTS = 40, 8, 4
GAP = 2  # pixels between two images


def report(
  model: nn.Module, task: Task, levels: int, change: Change
) -> interpret.Report:
  """Shows samples, completions, the nats of each pixel, and the receptive field.

  Args:
    model: see `tasks.pixels.density`.
    task: its outputs are logits [N, H, W, C, K].
    levels: K.
    change: (key, Batch) -> Batch, the change of training; see `tasks.corrupted`.
  """
  outputs: Any = task.outputs

  def pictures(variables, observed, data, key):
    del observed
    drawn_key = jax.random.key(0)
    batch = change(drawn_key, next(iter(data.splits['test']())))
    cost = np.zeros(batch.x.shape[1:3])
    count = 0.0
    for number, each in enumerate(data.splits['test']()):
      each = change(jax.random.fold_in(drawn_key, number), each)
      nats = jax.nn.logsumexp(logits := outputs(variables, each.x), axis=-1)
      nats -= jnp.take_along_axis(logits, each.y[..., None], axis=-1)[..., 0]
      cost += np.einsum('bhwc,b->hw', np.asarray(nats, np.float64), each.weight)
      count += float(each.weight.sum())
    write = lambda start, known, key: (
      np.asarray(pixels.written(model, variables, start, known, levels, key))
      / (levels - 1)
    )
    return [
      samples(write, np.shape(batch.y)[1:], key),
      completions(write, np.asarray(batch.y), levels, key),
      costs(cost / count),
      seen(outputs, variables, np.asarray(batch.x[:1])),
    ]

  return pictures


def sample(model: nn.Module, shape: tuple[int, ...], levels: int) -> Sample:
  """Makes `Experiment.sample`, value by value.

  Args:
    model: see `tasks.pixels.density`.
    shape: (H, W, C).
    levels: K.
  """
  none = np.zeros(shape, bool)

  def draw_images(variables, key, count):
    start = np.zeros((count, *shape), np.int32)
    found = pixels.written(model, variables, start, none, levels, key)
    return np.asarray(found, np.float32) / (levels - 1)

  return draw_images


Write = Callable[[np.ndarray, np.ndarray, Key], np.ndarray]


def samples(write: Write, shape: tuple[int, ...], key: Key) -> Picture:
  """Makes the picture of images sampled from the first pixel on."""
  start = np.zeros((SAMPLES, *shape), np.int32)
  images = write(start, np.zeros(shape, bool), key)
  places = int(np.prod(shape))
  return Picture(
    'Samples',
    f'{SAMPLES} images, not selected, sampled value by value in {places:,} passes of '
    'the network.',
    lambda: draw.sheet(draw.tiles(images.astype(np.float32), 10, GAP, 4), 5.5)[0],
  )


def completions(write: Write, y: np.ndarray, levels: int, key: Key) -> Picture:
  """Makes the picture of test images [N, H, W, C] with resampled lower halves."""
  shape = y.shape[1:]
  known = np.zeros(shape, bool)
  known[: shape[0] // 2] = True
  chosen = y[:COMPLETED]
  again = write(
    np.repeat(chosen, VARIANTS, axis=0), known, jax.random.fold_in(key, 1)
  ).reshape(len(chosen), VARIANTS, *shape)
  whole = chosen / (levels - 1)
  given = np.where(known[None], whole, 0.5)
  rows = np.concatenate([whole[None], given[None], np.moveaxis(again, 1, 0)])
  tiled = rows.reshape(-1, *shape).astype(np.float32)
  return Picture(
    'Completions',
    'First row: test images. Second row: the upper halves that the model is given. '
    f'Other rows: {VARIANTS} lower halves that it samples for each.',
    lambda: draw.sheet(draw.tiles(tiled, len(chosen), GAP, 4), 4.5)[0],
  )


def costs(nats: np.ndarray) -> Picture:
  """Makes the picture of the mean nats [H, W] of each pixel of the test images."""

  def show():
    figure, axes = draw.panel(3.6, 3.0)
    shown = axes.imshow(nats, cmap='viridis', interpolation='none')
    draw.bare(axes)
    figure.colorbar(shown, ax=axes, label='nats')
    return figure

  return Picture(
    'What each pixel costs',
    'The mean -log p of each pixel given the pixels before it, over the test images. '
    f'The sum is {nats.sum():.2f} nats.',
    show,
  )


def reach(outputs: Callable, variables: Variables, x: np.ndarray) -> np.ndarray:
  """Returns the largest absolute gradient of the last pixel's logits, [H, W].

  Args:
    outputs: (variables, images [1, H, W, C]) -> logits [1, H, W, C, K].
    variables: of the model.
    x: [1, H, W, C].
  """
  last = lambda x: outputs(variables, x)[0, -1, -1].ravel()
  return np.abs(np.asarray(jax.jacrev(last)(x))).max(axis=(0, 1, 4))


def seen(outputs: Callable, variables: Variables, x: np.ndarray) -> Picture:
  """Makes the picture of the pixels on which the last pixel depends."""
  found = reach(outputs, variables, x)
  before = found.size - 1
  own = (
    'The gradient with respect to the last pixel itself, where a colour depends on the '
    'colours before it,'
    if x.shape[-1] > 1
    else 'The gradient with respect to the last pixel itself'
  )
  count = int(np.sum(found.ravel()[:-1] > 0))

  def show():
    figure, (left, right) = draw.panels(
      6.0, 2.8, 2, titles=('seen', 'gradient, log scale')
    )
    left.imshow(found > 0, cmap='gray', interpolation='none')
    right.imshow(np.log10(found + 1e-12), cmap='viridis', interpolation='none')
    for axes in (left, right):
      draw.bare(axes)
    return figure

  return Picture(
    'What the last pixel sees',
    'White: the pixels on which the distribution of the last pixel depends, '
    f'{count:,} of the {before:,} before it. {own} is {found[-1, -1]:.1g}.',
    show,
  )


def answer(x: np.ndarray, logits: np.ndarray, classes: tuple[str, ...]) -> Answer:
  """Answers one image [H, W, C] with -log p(x)."""
  del classes
  levels = np.rint(np.asarray(x) * (logits.shape[-1] - 1)).astype(np.int32)
  nats = float(pixels.nats(jnp.asarray(logits)[None], levels[None])[0])
  return Answer(f'-log p(x) is {nats:.4g} nats, {nats / levels.size:.3g} per value')
