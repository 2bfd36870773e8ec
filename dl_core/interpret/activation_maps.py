"""Draws activation maps: the outputs of the filters at every depth for one image.

Near the input a map looks like the image, with its edges or colours emphasised; deeper
maps are small and mostly 0, and respond to parts of objects at any place.

Shapes: B images, H × W places, C channels of a map.
"""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from dl_core import interpret
from dl_core.report import draw
from dl_core.types import Array, Picture, Variables

SIDE, GAP = 64, 4  # pixels: the approximate side of a drawn map, and of gaps
INCHES = 0.7  # side of a drawn map
PICTURE, LABEL = 1.3, 1.4  # inches: side of the image, width of a layer's name


def report(
  model: nn.Module, *layers: str, most: int = 8, example: int = 0
) -> interpret.Report:
  """Shows the maps of a classifier of images for one image of the test split.

  Args:
    model: any, called as model(x, train=...).
    layers: paths of the layers to show, 'C1' or 'inception_3a/one'; without any, see
      `chosen`.
    most: the largest number of maps of a layer; the strongest maps are shown.
    example: place of the image in the test split.
  """

  def pictures(variables, observed, data, key):
    del observed, key
    batch = next(iter(data.splits['test']()))
    image = np.asarray(batch.x)[example : example + 1]
    found = chosen(capture(model, variables, image), layers)
    return [picture(image[0], {name: maps[0] for name, maps in found.items()}, most)]

  return pictures


def capture(model: nn.Module, variables: Variables, x: Any) -> dict[str, Array]:
  """Returns the outputs of all layers in evaluation, {path: output}, first ones first.

  An output is what the module returns: without ReLU, if ReLU is applied outside of the
  module. A layer that is called several times has its last output here.
  """
  order: dict[str, None] = {}  # an ordered set

  def called(module, method):
    name = '/'.join(module.path)
    if method == '__call__' and name:
      order.pop(name, None)
      order[name] = None
    return False

  jax.eval_shape(functools.partial(seen, model, called), variables, x)
  tree = outputs(model, variables, x)
  return {name: last(tree, name) for name in order}


def seen(model: nn.Module, which: Any, variables: Variables, x: Any) -> Any:
  """Returns the tree of intermediate outputs; `which` is linen's filter of them."""
  _, moved = model.apply(
    variables, x, train=False, capture_intermediates=which, mutable=['intermediates']
  )
  return moved.get('intermediates', {})


@functools.partial(jax.jit, static_argnames='model')
def outputs(model: nn.Module, variables: Variables, x: Array) -> Any:
  return seen(model, True, variables, x)


def last(tree: Mapping[str, Any], path: str) -> Any:
  """Returns what the module at a path returned last."""
  for name in path.split('/'):
    tree = tree[name]
  return tree['__call__'][-1]


def chosen(
  found: Mapping[str, Any], layers: tuple[str, ...] = ()
) -> dict[str, np.ndarray]:
  """Returns the maps [B, H, W, C] of layers.

  If no layers are named, it takes the last outermost layer of every map size.

  Raises:
    KeyError: there is no such layer, or it has no maps; the message lists the layers
      with maps.
  """
  maps = {
    name: value
    for name, value in found.items()
    if getattr(value, 'ndim', 0) == 4 and max(value.shape[1:3]) > 1
  }
  for name in layers:
    if name not in maps:
      raise KeyError(f'{name} is wanted, maps have {", ".join(maps)}')
  level = min(name.count('/') for name in maps) if maps else 0
  outermost = {n: m.shape[1:3] for n, m in maps.items() if n.count('/') == level}
  names = layers or {size: name for name, size in outermost.items()}.values()
  return {name: np.asarray(maps[name], np.float32) for name in names}


def picture(image: np.ndarray, maps: Mapping[str, np.ndarray], most: int) -> Picture:
  """Makes the picture of an image [h, w, 1 or 3] and maps {layer: [H, W, C]}."""
  if not maps:
    raise ValueError('maps [H, W, C] are wanted, but the model has none')
  more = any(values.shape[-1] > most for values in maps.values())
  return Picture(
    title='Activation maps',
    caption='The outputs of the filters of each layer for one test image, each row on '
    'its own scale: red is positive, blue negative, white 0.'
    + (f' Only the {most} strongest maps of a layer are shown.' if more else ''),
    draw=lambda: show(image, maps, most),
  )


def show(image: np.ndarray, maps: Mapping[str, np.ndarray], most: int) -> Any:
  """Draws an image and, beside it, a row of maps for each layer."""
  from matplotlib.figure import Figure

  rows = {name: row(values, most) for name, values in maps.items()}
  wide = max(drawn.shape[1] / drawn.shape[0] for drawn in rows.values()) * INCHES
  step = 1.12 * INCHES
  width, height = PICTURE + LABEL + wide, max(step * len(rows), PICTURE)
  figure = Figure(figsize=(width, height))

  def panel(left, top, across, down):  # inches
    bottom = (height - top - down) / height
    axes = figure.add_axes((left / width, bottom, across / width, down / height))
    axes.axis('off')
    return axes

  light = image - image.min()
  light = light / (light.max() or 1)
  if image.shape[-1] != 3:
    light = light.mean(axis=-1)
  draw.image(panel(0, 0, PICTURE, PICTURE), light)
  for place, (name, drawn) in enumerate(rows.items()):
    across = INCHES * drawn.shape[1] / drawn.shape[0]
    axes = panel(PICTURE + LABEL, place * step, across, INCHES)
    axes.imshow(drawn, interpolation='none')
    down, right, count = maps[name].shape
    words = name.replace('/', '/\n') + f'\n{count} of {down} × {right}'
    beside: Any = {'ha': 'right', 'va': 'center', 'transform': axes.transAxes}
    axes.text(-0.1 / across, 0.5, words, fontsize=9, parse_math=False, **beside)
  return figure


def row(maps: np.ndarray, most: int) -> np.ndarray:
  """Returns maps [H, W, C] side by side: RGBA, `SIDE` high or more."""
  maps = np.nan_to_num(maps, posinf=0, neginf=0)
  loudest = np.sort(np.argsort(-np.abs(maps).max(axis=(0, 1)), kind='stable')[:most])
  maps = np.moveaxis(maps[..., loudest], -1, 0)
  scale = max(1, round(SIDE / max(maps.shape[1:])))
  gap = max(1, round(GAP * maps.shape[1] * scale / SIDE))
  return draw.tiles(draw.tinted(maps), len(maps), gap, scale)
