"""Draws samples, completions, costs and the receptive field of a model of pixels.

Shapes: N images, H x W pixels, C colours, K levels.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret
from dl_core.data import views
from dl_core.interpret import conditional
from dl_core.interpret import judge as judges
from dl_core.models.pixelcnn import PixelCNN
from dl_core.report import draw
from dl_core.tasks import pixels
from dl_core.tasks.corrupted import Change
from dl_core.types import Answer, Data, Key, Picture, Sample, Task, Variables

SAMPLES, COMPLETED, VARIANTS = 40, 8, 4
JUDGED = 500  # samples of a model that reads classes, which a classifier names
GAP = 2  # pixels between two images


def report(
  model: PixelCNN,
  task: Task,
  levels: int,
  change: Change,
  asked: conditional.Generator | None = None,
) -> interpret.Report:
  """Shows samples, completions, the nats of each pixel, and the receptive field.

  Args:
    model: see `tasks.pixels.density`.
    task: its outputs are logits [N, H, W, C, K].
    levels: K.
    change: (key, Batch) -> Batch, the change of training; see `tasks.corrupted`.
    asked: see `generator`, for a model that reads classes.
  """
  outputs: Any = task.outputs

  def pictures(variables, observed, data, key):
    del observed
    drawn_key = jax.random.key(0)
    batch = change(drawn_key, next(iter(data.splits['test']())))
    shape = np.shape(batch.y)[1:]
    cost = np.zeros(shape[:2])
    count = 0.0
    for number, each in enumerate(data.splits['test']()):
      each = change(jax.random.fold_in(drawn_key, number), each)
      nats = jax.nn.logsumexp(logits := outputs(variables, each.x), axis=-1)
      nats -= jnp.take_along_axis(logits, each.y[..., None], axis=-1)[..., 0]
      cost += np.einsum('bhwc,b->hw', np.asarray(nats, np.float64), each.weight)
      count += float(each.weight.sum())
    write = lambda start, known, key, classes=None: (
      np.asarray(pixels.written(model, variables, start, known, levels, key, classes))
      / (levels - 1)
    )
    sampled = (
      conditional.pictures(asked, variables, key, data.spec.classes)
      if asked
      else [samples(write, shape, key)]
    )
    _, classes = views.parted(batch.x)
    return [
      *sampled,
      completions(write, np.asarray(batch.y), levels, key, classes),
      costs(cost / count),
      seen(outputs, variables, jax.tree.map(lambda leaf: leaf[:1], batch.x)),
    ]

  return pictures


def generator(
  model: PixelCNN, shape: tuple[int, ...], levels: int, data: Data, steps: int
) -> conditional.Generator:
  """Makes the generator of images of a class.

  Args:
    model, shape, levels: see `sample`.
    data: labelled images in [0, 1], from which the judge learns; see `enlarged`.
    steps: training steps of the judge.
  """
  view = lambda batch: batch._replace(x=enlarged(batch.x))
  spec = data.spec._replace(batch=jax.eval_shape(view, data.spec.batch))
  judge = judges.make(views.viewed(data, view)._replace(spec=spec), steps)
  draw_images = sampler(model, shape, levels)
  ask = lambda variables, key, classes: enlarged(draw_images(variables, key, classes))
  return conditional.Generator(ask, model.classes, judge, JUDGED)


def enlarged(images: Any) -> Any:
  """Returns images [N, S, S, C] in [0, 1] as the judge reads them: in [-1, 1].

  A LeNet reads images of 16 pixels a side or more: each pixel of a smaller image is
  repeated, so that the sides are 22 to 32 pixels.
  """
  side = images.shape[1]
  times = 32 // side if side < 16 else 1
  return 2 * images.repeat(times, axis=1).repeat(times, axis=2) - 1


def sample(model: PixelCNN, shape: tuple[int, ...], levels: int) -> Sample:
  """Makes `Experiment.sample`, value by value.

  Where the model reads classes, image n of a call is of the class n mod their number.

  Args:
    model: see `tasks.pixels.density`.
    shape: (H, W, C).
    levels: K.
  """
  draw_images = sampler(model, shape, levels)

  def sample_images(variables, key, count):
    classes = conditional.classes_of(max(1, model.classes), count)
    return draw_images(variables, key, classes)

  return sample_images


def sampler(model: PixelCNN, shape: tuple[int, ...], levels: int) -> conditional.Sample:
  """Makes (variables, key, classes [N]) -> images in [0, 1]; see `sample`."""
  none = np.zeros(shape, bool)

  def draw_images(variables, key, classes):
    start = np.zeros((len(classes), *shape), np.int32)
    asked = classes if model.classes else None
    found = pixels.written(model, variables, start, none, levels, key, asked)
    return np.asarray(found, np.float32) / (levels - 1)

  return draw_images


Write = Callable[..., np.ndarray]  # (levels, known, key, classes=None) -> images


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


def completions(
  write: Write, y: np.ndarray, levels: int, key: Key, classes: Any = None
) -> Picture:
  """Makes the picture of test images [N, H, W, C] with resampled lower halves."""
  shape = y.shape[1:]
  known = np.zeros(shape, bool)
  known[: shape[0] // 2] = True
  chosen = y[:COMPLETED]
  many = lambda rows: np.repeat(rows[:COMPLETED], VARIANTS, axis=0)
  asked = None if classes is None else many(classes)
  again = write(many(chosen), known, jax.random.fold_in(key, 1), asked)
  again = again.reshape(len(chosen), VARIANTS, *shape)
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


def reach(outputs: Callable, variables: Variables, x: Any) -> np.ndarray:
  """Returns the largest absolute gradient of the last pixel's logits, [H, W].

  Args:
    outputs: (variables, x) -> logits [1, H, W, C, K].
    variables: of the model.
    x: an image [1, H, W, C], perhaps with its class; see `views.beside`.
  """
  image, asked = views.parted(x)
  last = lambda image: outputs(variables, views.beside(image, asked))[0, -1, -1].ravel()
  return np.abs(np.asarray(jax.jacrev(last)(image))).max(axis=(0, 1, 4))


def seen(outputs: Callable, variables: Variables, x: Any) -> Picture:
  """Makes the picture of the pixels on which the last pixel depends."""
  found = reach(outputs, variables, x)
  before = found.size - 1
  own = (
    'The gradient with respect to the last pixel itself, where a colour depends on the '
    'colours before it,'
    if views.parted(x)[0].shape[-1] > 1
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


def answer(x: Any, logits: np.ndarray, classes: tuple[str, ...]) -> Answer:
  """Answers one image [H, W, C], perhaps with its class, with -log p of it."""
  image, asked = views.parted(x)
  levels = np.rint(np.asarray(image) * (logits.shape[-1] - 1)).astype(np.int32)
  nats = float(pixels.nats(jnp.asarray(logits)[None], levels[None])[0])
  given = '' if asked is None else f'|{classes[int(asked)]}'
  each = nats / levels.size
  return Answer(f'-log p(x{given}) is {nats:.4g} nats, {each:.3g} per value')
