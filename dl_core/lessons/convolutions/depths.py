"""Class separation at every layer of a LeNet, trained and untrained.

A layer is judged by a nearest-mean classifier on its features: an example gets the
class with the nearest mean.

Shapes: N examples, H × W pixels, K classes.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.data import splits
from dl_core.interpret import activation_maps
from dl_core.lessons.convolutions import receptive
from dl_core.report import draw
from dl_core.train import update
from dl_core.types import Claim, Data, Picture, Variables

PIXELS = 'pixels'
MOST = 2_000  # training images for the class means
LOOKED_AT = 64  # test images for the receptive fields


class Depths(NamedTuple):
  """Class separation at the layers of one network, on the test split.

  Attributes:
    accuracy: {layer: accuracy of the nearest-mean classifier}, the pixels first.
    fisher: {layer: variance of the class means over variance within a class}.
  """

  accuracy: dict[str, float]
  fisher: dict[str, float]


def measure(model: nn.Module, variables: Variables, data: Data) -> Depths:
  """Measures class separation after the ReLU of every layer but the last."""
  (learnt, labels), (test, truth) = (
    splits.examples(data, split) for split in ('train', 'test')
  )
  learnt, labels = learnt[:MOST], labels[:MOST]
  x = np.concatenate([learnt, test])
  outputs = activation_maps.capture(model, variables, x)
  *hidden, _ = outputs.values()
  values = [x, *(np.maximum(each, 0) for each in hidden)]
  flat = {
    name: each.reshape(len(x), -1)
    for name, each in zip([PIXELS, *outputs], values, strict=False)
  }
  accuracy, fisher = {}, {}
  for name, each in flat.items():
    means = class_means(each[: len(labels)], labels)
    own = each[len(labels) :]
    accuracy[name] = float(np.mean(nearest(own, means) == truth))
    fisher[name] = separation(own, truth)
  return Depths(accuracy, fisher)


def class_means(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
  """Returns the mean of each class, [K, F], of features [N, F]; each has examples."""
  return np.stack([features[labels == k].mean(axis=0) for k in range(labels.max() + 1)])


def nearest(features: np.ndarray, means: np.ndarray) -> np.ndarray:
  """Returns the class [N] whose mean [K, F] is nearest to each of features [N, F]."""
  # |f - m|² less |f|², which is the same for every class
  return np.argmin((means**2).sum(axis=1) - 2 * features @ means.T, axis=1)


def separation(features: np.ndarray, labels: np.ndarray) -> float:
  """Returns the variance between classes over that within them (Fisher, 1936)."""
  means = class_means(features, labels)[labels]
  between = ((means - features.mean(axis=0)) ** 2).sum()
  return float(between / ((features - means) ** 2).sum())


def sees(model: nn.Module, variables: Variables, images: np.ndarray) -> dict[str, int]:
  """Returns the receptive field of the middle unit of each map, {layer: pixels a side}.

  It contains the pixels with a gradient in any of the images [N, H, W, C].
  """
  names = list(
    activation_maps.chosen(activation_maps.capture(model, variables, images[:1]))
  )

  def middle(image):
    outputs = activation_maps.capture(model, variables, image[None])
    maps = [outputs[name][0] for name in names]
    return jnp.stack([m[m.shape[0] // 2, m.shape[1] // 2].sum() for m in maps])

  slopes = np.asarray(jax.jit(jax.vmap(jax.jacrev(middle)))(images))  # [N, layers, ...]
  slopes = np.moveaxis(slopes, 1, 0).sum(axis=-1)
  return {name: max(receptive.sides(s)) for name, s in zip(names, slopes, strict=True)}


class Found(NamedTuple):
  """Measurements of the runs of one network.

  Attributes:
    trained, untrained: class separation of every seed, after and before training.
    sees: {layer: pixels a side of a receptive field}, of the first seed.
    maps: the picture of its activation maps.
  """

  trained: Sequence[Depths]
  untrained: Sequence[Depths]
  sees: dict[str, int]
  maps: Picture


def look(model: nn.Module, runs: Sequence[Any]) -> Found:
  """Measures finished runs of a model, one per seed; see `studies.Finished`."""
  trained, untrained = [], []
  every = [run.variables() for run in runs]
  data = runs[0].experiment.data
  for run, variables in zip(runs, every, strict=True):
    e = run.experiment
    begin = jax.jit(functools.partial(update.init_state, e))
    first = begin(jax.random.key(e.config.seed))
    trained.append(measure(model, variables, data))
    untrained.append(measure(model, first.variables, data))
  images = splits.examples(data, 'test')[0][:LOOKED_AT]
  (maps,) = activation_maps.report(model)(every[0], {}, data, None)
  return Found(trained, untrained, sees(model, every[0], images), maps)


def pictures(found: Found) -> list[Picture]:
  """Draws the maps of one image and the class separation at every layer."""
  sides = found.sees
  smaller = Claim(
    'Receptive fields grow with depth',
    np.all(np.diff(list(sides.values())) > 0),
    ', '.join(f'{name} {side} × {side} pixels' for name, side in sides.items())
    + ', by the gradient',
  )
  return [found.maps._replace(claims=(smaller,)), told_apart(found)]


def told_apart(found: Found) -> Picture:
  """Draws the class separation at every layer, trained and untrained."""
  layers = list(found.trained[0].accuracy)
  values = {
    label: [
      np.array([list(getattr(each, name).values()) for each in many])
      for name in Depths._fields
    ]  # two of [seeds, layers]
    for label, many in (('trained', found.trained), ('untrained', found.untrained))
  }
  (right, apart), (right_first, apart_first) = values.values()

  def listed(of, form):
    return ' → '.join(format(value, form) for value in of.mean(axis=0))

  claims = (
    Claim(
      'Classes are farther apart in deeper layers of a trained network: the ratio of '
      'the variance between classes to the variance within grows, with every seed',
      np.all(np.diff(apart, axis=1) > 0),
      f'{listed(apart, ".2f")} ({", ".join(layers)}); untrained '
      f'{listed(apart_first, ".2f")}',
    ),
    Claim(
      'The nearest class mean is correct more often for the last features than for '
      'pixels in a trained network, and less often in an untrained one, with every '
      'seed',
      np.all(right[:, -1] > right[:, 0])
      and np.all(right_first[:, -1] < right_first[:, 0]),
      f'{right[:, -1].mean():.1%} and {right_first[:, -1].mean():.1%} of the test '
      f'split, among pixels {right[:, 0].mean():.1%}',
    ),
  )

  def show():
    figure, panels = draw.panels(8, 2.8, 2)
    places = np.arange(len(layers))
    for (label, (accuracy, fisher)), colour in zip(
      values.items(), (draw.BLUE, draw.GREY), strict=True
    ):
      for axes, each in zip(panels, (fisher, 100 * accuracy), strict=True):
        draw.band(axes, places, each.T, label, colour, marker='o', ms=4)
    for axes in panels:
      axes.set_xticks(places, layers)
    panels[0].set(ylabel='variance between classes / within', ylim=(0, None))
    panels[1].set_ylabel('nearest class mean is correct, %')
    draw.legend(panels[0])
    return figure

  return Picture(
    'Told apart by depth',
    'Class separation on the test split in the features of each layer. Left: variance '
    'between classes over variance within. Right: accuracy of the nearest class mean '
    'of the training examples. Untrained convolutions do not separate the classes.',
    show,
    claims,
  )
