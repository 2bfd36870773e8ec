"""Explains the prediction of a classifier of images by up to three maps.

Occlusion and saliency apply to every classifier, class activation maps only to some;
see `cam`, `occlusion` and `saliency`. In the pictures red is evidence for the class and
blue evidence against it.

Shapes: B images, H x W pixels, C channels, K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core import interpret
from dl_core.interpret import cam, occlusion, saliency
from dl_core.interpret.classification import short
from dl_core.report import draw
from dl_core.types import Answer, Array, Experiment, Picture, Task, Variables

SHOWN = 6  # test images of a report
SHARE = 5  # side of the image divided by the side of the occluding square
CAM, OCCLUSION, SALIENCY = 'class activation map', 'occlusion', 'saliency'
Score = Callable[[Array], Array]


class Evidence(NamedTuple):
  """Maps of the evidence for one class of each image.

  Attributes:
    maps: {method: [B, H, W]}.
    refused: why there are no class activation maps; '' where there are.
  """

  maps: Mapping[str, np.ndarray]
  refused: str = ''


def probability(task: Task, variables: Variables, classes: Any) -> Score:
  """Makes images [B, H, W, C] -> the probability [B] of one class [B] of each."""
  outputs: Any = task.outputs
  return lambda x: _at(jax.nn.softmax(outputs(variables, x)), classes)


def logit(task: Task, variables: Variables, classes: Any) -> Score:
  """Makes images [B, H, W, C] -> the logit [B] of one class [B] of each."""
  outputs: Any = task.outputs
  return lambda x: _at(outputs(variables, x), classes)


def _at(values: Array, classes: Any) -> Array:
  return jnp.take_along_axis(values, jnp.asarray(classes)[:, None], axis=1)[:, 0]


def evidence(
  task: Task, model: nn.Module, variables: Variables, x: Array, classes: Any
) -> Evidence:
  """Computes the maps of images x [B, H, W, C] for one class [B] of each."""
  sides = x.shape[1:3]
  found, refused = {}, ''
  try:
    maps = cam.of_class(cam.maps(model, variables, x), classes)
    found[CAM] = cam.resized(maps, *sides)
  except ValueError as error:
    refused = str(error)
  size = max(1, min(sides) // SHARE)
  chance = probability(task, variables, classes)
  found[OCCLUSION] = occlusion.maps(chance, x, size, max(1, size // 2))
  found[SALIENCY] = saliency.maps(logit(task, variables, classes), x)
  return Evidence({name: np.asarray(each) for name, each in found.items()}, refused)


def added(experiment: Experiment, task: Task, model: nn.Module) -> Experiment:
  """Adds the maps to the report of a classifier of images, and `--explain`."""
  before = experiment.report
  assert before, 'it has a report'
  return experiment._replace(
    report=interpret.join(before, report(task, model)), explain=answer(task, model)
  )


def report(task: Task, model: nn.Module) -> interpret.Report:
  """Shows the evidence for the predicted classes of the first test images."""
  outputs: Any = task.outputs

  def pictures(variables, observed, data, key):
    del observed, key
    batch = next(iter(data.splits['test']()))
    if getattr(batch.x, 'ndim', 0) != 4:
      return []  # no images
    x = jnp.asarray(batch.x[:SHOWN])
    said = np.asarray(jnp.argmax(outputs(variables, x), axis=-1))
    found = evidence(task, model, variables, x, said)
    names = [short(data.spec.classes[k], 14) for k in said]
    caption = (
      'The first test images, the predicted class above. '
      + (
        'Class activation map: what each place adds to the logit. '
        * (CAM in found.maps)
      )
      + 'Occlusion: by how much the probability falls where a square, 0 in normalised '
      'pixels, hides the image. Saliency: the size of the gradient of the logit. Red '
      'is evidence for the class, blue evidence against it.'
      + (f' Not shown: {found.refused}.' if found.refused else '')
    )
    show = lambda: draw_rows(np.asarray(x), found.maps, names)
    return [Picture('Where it looks', caption, show)]

  return pictures


def answer(task: Task, model: nn.Module) -> Callable[..., Answer]:
  """Makes the `explain` of an experiment: (variables, x, classes) -> Answer.

  It names the predicted class of one image x [H, W, C] and draws the evidence for it.
  """
  outputs: Any = task.outputs

  def explain(variables, x, classes):
    x = jnp.asarray(x)[None]
    chances = np.asarray(jax.nn.softmax(outputs(variables, x)))[0]
    best = int(chances.argmax())
    found = evidence(task, model, variables, x, [best])
    name = short(classes[best])
    words = f'{classes[best]} {chances[best]:.1%}'
    if found.refused:
      words += f'; {found.refused}'
    return Answer(words, lambda: draw_beside(np.asarray(x), found.maps, name))

  return explain


def lit(images: np.ndarray) -> np.ndarray:
  """Returns normalised images [B, H, W, C] as [B, H, W, 3] in [0, 1]."""
  images = images - images.min()
  images = images / (images.max() or 1)
  return (
    images if images.shape[-1] == 3 else images.mean(-1, keepdims=True).repeat(3, -1)
  )


def overlaid(image: np.ndarray, values: np.ndarray) -> np.ndarray:
  """Returns an image [H, W, 3] in pale grey under a map [H, W] of red and blue.

  The map is on a scale of its own; a map of zeros leaves the image as it is.
  """
  from matplotlib import colors

  most = float(np.abs(values).max()) or 1.0
  strength = np.clip(np.abs(values) / most, 0, 1)[..., None]
  red, blue = (np.array(colors.to_rgb(each)) for each in ('#d0021b', '#1f5fbf'))
  tint = np.where((values > 0)[..., None], red, blue)
  grey = 0.6 + 0.4 * image.mean(axis=-1, keepdims=True)
  return (1 - strength) * grey + strength * tint


def frame(axes: Any, box: Any, colour: str = 'white') -> None:
  """Draws a box, left, top, right, bottom in pixels, onto an image."""
  from matplotlib.patches import Rectangle

  left, top, right, bottom = box
  corner = left - 0.5, top - 0.5
  sides = right - left, bottom - top
  axes.add_patch(Rectangle(corner, *sides, fill=False, lw=1.4, ec=colour))


def draw_rows(
  x: np.ndarray, maps: Mapping[str, np.ndarray], names: Sequence[str]
) -> Any:
  """Draws images [B, H, W, C] in a row and a row of maps for each method below."""
  images, count = lit(x), len(x)
  rows = {'image': images} | {
    name: np.stack(list(map(overlaid, images, found))) for name, found in maps.items()
  }
  figure, panels = draw.panels(
    1.15 * count + 0.4, 1.15 * len(rows) + 0.3, count * len(rows), count, names
  )
  for row, (name, drawn) in enumerate(rows.items()):
    for axes, pixels in zip(panels[row * count :], drawn, strict=False):
      draw.image(axes, pixels)
    panels[row * count].set_ylabel(draw.broken(name, 14), fontsize=9)
  return figure


def draw_beside(x: np.ndarray, maps: Mapping[str, np.ndarray], name: str) -> Any:
  """Draws one image [1, H, W, C] and its maps side by side."""
  image = lit(x)[0]
  titles = [name, *maps]
  figure, panels = draw.panels(2.2 * len(titles), 2.5, len(titles), titles=titles)
  drawn = [image, *(overlaid(image, found[0]) for found in maps.values())]
  for axes, pixels in zip(panels, drawn, strict=True):
    draw.image(axes, pixels)
  return figure
