"""Computes and judges the maps of a trained classifier of scenes.

Shapes: N test images that are read right, E images of each picture, H x W pixels.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.data import objects, splits
from dl_core.interpret import cam, explained, localised, occlusion, saliency
from dl_core.interpret.explained import CAM, OCCLUSION, SALIENCY
from dl_core.types import Array, Batch, Experiment, Task, Variables

SHOWN = 8  # E
STEPS, BLUR = 16, 6.0  # of deletion and insertion; deviation of the blur, pixels of 64
SIZE, STRIDE = 10, 4  # of the occluding square, pixels of 64
REDRAWN = 64  # images whose maps are compared with those of random weights
RANDOM = 'random pixels'


class Network(NamedTuple):
  """A trained classifier of images, and the images to ask it about.

  Attributes:
    task, model, variables: the classifier.
    x: [N, H, W, 3] test images.
    y: [N] their classes, which it predicts.
    boxes: [N, 4] of their digits, in pixels.
    chosen: [N] numbers of the images in the test split.
    names: of the classes.
  """

  task: Task
  model: nn.Module
  variables: Variables
  x: Array
  y: np.ndarray
  boxes: np.ndarray
  chosen: np.ndarray
  names: tuple[str, ...]


class Places(NamedTuple):
  """Maps of the evidence and how they are judged.

  Attributes:
    maps: {method: [N, H, W]}.
    pointing: {method: [N]} whether the peak lies in the box.
    deletion, insertion: {method: [T + 1, N]} probabilities.
    agreement: {method: [M]} rank correlation with the map of redrawn weights.
    overlap: [N] IoU of the box of the class activation map with the true one.
  """

  maps: Mapping[str, np.ndarray]
  pointing: Mapping[str, np.ndarray]
  deletion: Mapping[str, np.ndarray]
  insertion: Mapping[str, np.ndarray]
  agreement: Mapping[str, np.ndarray]
  overlap: np.ndarray


def network(
  experiment: Experiment, model: nn.Module, variables: Variables, most: int
) -> Network:
  """Chooses the first `most` test images that a classifier reads right."""
  outputs: Any = experiment.task.outputs
  c, data = experiment.config, experiment.data
  x, y = splits.examples(data, 'test')
  boxes = objects.single(c.dataset, c.data_dir, 'test', x.shape[1])
  said = np.asarray(outputs(variables, x)).argmax(axis=-1)
  chosen = np.flatnonzero(said == y)[:most]
  if len(chosen) < SHOWN:  # the network has not learnt
    chosen = np.arange(SHOWN)
  names = data.spec.classes
  return Network(
    experiment.task,
    model,
    variables,
    jnp.asarray(x[chosen]),
    y[chosen],
    boxes[chosen],
    chosen,
    names,
  )


def places(net: Network, seed: int) -> Places:
  """Makes the maps of a network and judges them."""
  maps = evidence(net, net.variables)
  key = jax.random.key(seed)
  maps_and_random = maps | {RANDOM: localised.at_random(key, net.x.shape[:3])}
  chance = explained.probability(net.task, net.variables, net.y)
  blurred = localised.blurred(net.x, BLUR * net.x.shape[1] / 64)
  nothing = jnp.zeros_like(net.x)  # grey
  deletion, insertion = {}, {}
  for name, each in maps_and_random.items():
    ranks = localised.order(jnp.asarray(each))
    deletion[name] = localised.curve(chance, net.x, nothing, ranks, STEPS)
    insertion[name] = localised.curve(chance, blurred, net.x, ranks, STEPS)
  own = np.stack([localised.box(each) for each in maps[CAM]])
  return Places(
    {name: np.asarray(each) for name, each in maps.items()},
    {
      name: localised.pointing(each, net.boxes)
      for name, each in maps_and_random.items()
    },
    deletion,
    insertion,
    redrawn(net, maps, seed + 1),
    localised.iou(own, net.boxes),
  )


def evidence(net: Network, variables: Variables) -> dict[str, np.ndarray]:
  """Returns {method: maps [N, H, W]} of the classes `net.y`, by any variables."""
  sides = net.x.shape[1:3]
  size = max(1, SIZE * sides[0] // 64)
  stride = max(1, STRIDE * sides[0] // 64)
  chance = explained.probability(net.task, variables, net.y)
  logit = explained.logit(net.task, variables, net.y)
  maps = cam.of_class(cam.maps(net.model, variables, net.x), net.y)
  found = {
    CAM: cam.resized(maps, *sides),
    OCCLUSION: occlusion.maps(chance, net.x, size, stride),
    SALIENCY: saliency.maps(logit, net.x),
  }
  return {name: np.asarray(each) for name, each in found.items()}


def redrawn(
  net: Network, maps: Mapping[str, np.ndarray], seed: int
) -> dict[str, np.ndarray]:
  """Compares maps with those of the same network before any training.

  A map that stays the same whatever the weights are shows the image, not the network
  (Adebayo et al. 2018, https://arxiv.org/abs/1810.03292).
  """
  few = net._replace(x=net.x[:REDRAWN], y=net.y[:REDRAWN])
  batch = Batch(few.x, few.y, np.ones(len(few.y), np.float32))
  others = evidence(few, jax.jit(net.task.init)(jax.random.key(seed), batch))
  return {
    name: localised.agreement(maps[name][:REDRAWN], other)
    for name, other in others.items()
  }
