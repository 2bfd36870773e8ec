"""Draws the mean gate of each channel of squeeze and excitation, by class.

Figure 5 of Hu, Shen & Sun 2018, https://arxiv.org/abs/1709.01507, which has five
classes and 50 images of each: early gates are alike for all classes, because all
classes use the features of early layers; deeper gates depend on the class.

Shapes: N images, H x W pixels, C channels of a map, 3 of an image, K classes drawn.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from dl_core import interpret
from dl_core.report import draw
from dl_core.types import Claim, Data, Picture, Variables

CLASSES, EACH, PANELS = 5, 50, 4
LEAST = 0.02  # variation of deep gates between classes that counts as a difference
Gates = Mapping[str, np.ndarray]  # {layer: [N, C]}, the first layer first


def report(model: nn.Module) -> interpret.Report:
  """Shows the gates of a model that contains `squeeze.SqueezeExcite`.

  The gates are those of up to `EACH` test images of up to `CLASSES` classes.
  """

  def pictures(variables, observed, data, key):
    del observed, key
    x, y = chosen(data)
    if len(np.unique(y)) < 2:
      return []
    return [picture(ask(model, variables, x), y, data.spec.classes)]

  return pictures


def chosen(data: Data) -> tuple[np.ndarray, np.ndarray]:
  """Returns test images [N, H, W, 3] and labels [N] of classes spread evenly."""
  count = len(data.spec.classes)
  wanted = np.unique(np.linspace(0, count - 1, CLASSES).round().astype(int))
  left = dict.fromkeys(wanted.tolist(), EACH)
  found = []
  for batch in data.splits['test']():
    labels = np.where(np.asarray(batch.weight) > 0, batch.y, -1)
    for label, room in left.items():
      rows = np.flatnonzero(labels == label)[:room]
      left[label] -= len(rows)
      found.append((np.asarray(batch.x)[rows], labels[rows]))
    if not any(left.values()):
      break
  x, y = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
  return x, y


def ask(model: nn.Module, variables: Variables, x: np.ndarray) -> Gates:
  """Returns the gates of a model for images [N, H, W, 3], in evaluation mode."""

  @jax.jit
  def sown(variables, x):
    apply = functools.partial(model.apply, mutable=['intermediates'])
    return apply(variables, x, train=False)[1]['intermediates']

  parts = []
  for start in range(0, len(x), EACH):
    some = x[start : start + EACH]
    missing = [(0, EACH - len(some))] + [(0, 0)] * (x.ndim - 1)
    tree = jax.device_get(sown(variables, np.pad(some, missing)))  # one shape for all
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    names = ['/'.join(step.key for step in path[:-1]) for path, _ in leaves]
    parts.append(
      {n: leaf[: len(some)] for n, (_, leaf) in zip(names, leaves, strict=True)}
    )
  gates = [name for name in parts[0] if name.endswith('gates')]
  return {
    name.removesuffix('/gates'): np.concatenate([part[name] for part in parts])
    for name in sorted(gates, key=numbered)
  }


def numbered(name: str) -> list[Any]:
  """Returns a key that sorts names by their numbers: block_10 after block_2."""
  return [(int(n or 0), word) for n, word in re.findall(r'(\d*)(\D*)', name)]


def called(layer: str) -> str:
  """Returns the name of a gate in words: 'stage 1 block 2'."""
  return layer.removesuffix('/gate').replace('/', ' ').replace('_', ' ')


def distance_between(gates: np.ndarray, labels: np.ndarray) -> float:
  """Returns how far the gates [N, C] of different classes are apart.

  It is the standard deviation of the class means, over all channels, less what sampling
  so few images contributes.
  """
  groups = [gates[labels == label] for label in np.unique(labels)]
  means = np.stack([group.mean(0) for group in groups])  # [K, C]
  chance = [group.var(0, ddof=1) / len(group) for group in groups if len(group) > 1]
  found = means.var(0, ddof=1).mean() - (np.mean(chance) if chance else 0)
  return float(np.sqrt(max(found, 0)))


def picture(gates: Gates, labels: np.ndarray, names: Sequence[str]) -> Picture:
  """Makes the picture of gates of images [N] of two classes or more."""
  layers = list(gates)
  places = np.unique(np.linspace(0, len(layers) - 1, PANELS).round().astype(int))
  shown = [layers[place] for place in places]
  distance = {layer: distance_between(gates[layer], labels) for layer in layers}
  counts = np.unique(labels, return_counts=True)[1]
  words = ', '.join(f'{distance[layer]:.3f} in {called(layer)}' for layer in shown)
  return Picture(
    title='Gates by class',
    caption=f'The mean gate of each channel over {counts.min()} to {counts.max()} test '
    'images of a class, channels sorted by their mean over all classes. Its standard '
    f'deviation between classes is {words}.',
    draw=lambda: show({layer: gates[layer] for layer in shown}, labels, names),
    claims=claims(list(distance.values())),
  )


def claims(distance: Sequence[float]) -> tuple[Claim, ...]:
  """Returns the claim on the distances between the gates of classes, by layer."""
  third = len(distance) // 3
  if not third:
    return ()
  early, deep = (float(np.mean(part)) for part in (distance[:third], distance[-third:]))
  return (
    Claim(
      'Early gates are alike for all classes, compared with those of the last layers',
      deep > max(2 * early, LEAST),
      f'they vary between classes by {early:.3f} in the first third of the layers, '
      f'by {deep:.3f} in the last',
    ),
  )


def show(gates: Gates, labels: np.ndarray, names: Sequence[str]) -> Any:
  """Draws a panel for each layer and a line for each class."""
  across = min(2, len(gates))
  height = 2.2 * -(-len(gates) // across) + 0.4
  titles = [called(layer) for layer in gates]
  figure, panels = draw.panels(
    7, height, len(gates), across, titles=titles, sharey=True
  )
  for axes, values in zip(panels, gates.values(), strict=True):
    order = np.argsort(values.mean(0))
    for label, colour in zip(np.unique(labels), draw.COLOURS, strict=False):
      mean = values[labels == label].mean(0)[order]
      axes.plot(mean, color=colour, lw=1.2, label=names[label])
    axes.set(xlabel='channel, by its mean gate', ylim=(-0.03, 1.03))
    axes.locator_params(axis='x', integer=True)
  figure.supylabel('mean gate', fontsize=10)
  figure.legend(
    *figure.axes[0].get_legend_handles_labels(),
    loc='outside upper center',
    ncols=CLASSES,
  )
  return figure
