"""Activation maps: what the filters of every depth of a network answer to one image.

Near the input a map looks like the image, with its edges or colours brought out; deeper
ones are small and mostly quiet, and what makes them answer is a part of a thing
wherever it lies.

Shapes: B images, H × W places, C channels of a map.
"""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from dl_core import interpret
from dl_core.types import Array, Picture, Variables

SIDE, GAP = 64, 4  # pixels that a map is brought to, about, and between two of them
INCHES = 0.7  # of a map
PICTURE, LABEL = 1.3, 1.4  # inches: of the image, and for the name of a layer


def report(
  model: nn.Module, *layers: str, most: int = 8, example: int = 0
) -> interpret.Report:
  """Shows the maps of a classifier of images for one image of the test split.

  Args:
    model: any, called as model(x, train=...).
    layers: paths of those to show, 'C1' or 'inception_3a/one'; if none is named, see
      `chosen`.
    most: maps of a layer that are shown; those that answer most, if there are more.
    example: which image.
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

  They are what a module returns: that of a convolution is as it was before ReLU, if it
  is called outside. Of a layer that is called several times it is the last output.
  """
  order: dict[str, None] = {}  # a set that remembers who came first

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

  If none is named, of those that lie in no other layer the last of every size.

  Raises:
    KeyError: there is no such layer, or it has no maps; the message lists those that
      have.
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
    caption='What the filters of each depth answer to one test image, each row on a '
    'scale of its own: red is positive, blue negative, white 0.'
    + (f' The {most} maps of a layer that answer most.' if more else ''),
    draw=lambda: draw(image, maps, most),
  )


def draw(image: np.ndarray, maps: Mapping[str, np.ndarray], most: int) -> Any:
  """Draws an image and beside it a row of maps for each depth."""
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
  look: Any = {'cmap': 'gray', 'vmin': 0, 'vmax': 1, 'interpolation': 'none'}
  panel(0, 0, PICTURE, PICTURE).imshow(light, **look)
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
  """Lays maps [H, W, C] side by side: RGBA, `SIDE` high or more, gaps transparent."""
  from matplotlib import colormaps

  maps = np.nan_to_num(maps, posinf=0, neginf=0)
  loudest = np.sort(np.argsort(-np.abs(maps).max(axis=(0, 1)), kind='stable')[:most])
  maps = np.moveaxis(maps[..., loudest], -1, 0)
  scale = np.abs(maps).max() or 1
  tiles = colormaps['RdBu_r'](maps / scale / 2 + 0.5)
  times = max(1, round(SIDE / max(tiles.shape[1:3])))
  tiles = tiles.repeat(times, axis=1).repeat(times, axis=2)
  gap = max(1, round(GAP * tiles.shape[1] / SIDE))
  tiles = np.pad(tiles, ((0, 0), (0, 0), (0, gap), (0, 0)))
  return np.concatenate(list(tiles), axis=1)[:, :-gap]
