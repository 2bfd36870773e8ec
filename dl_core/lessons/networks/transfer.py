"""What encoders of other tasks are worth: measured by probes and by fine-tuning.

Shapes: D draws of labels, L layers, n numbers of labels a class.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.data import splits
from dl_core.interpret import probes
from dl_core.lessons.networks import fine_tuning
from dl_core.models import encoder
from dl_core.types import Experiment

UNLABELLED = ('inpainting', 'jigsaw')  # the encoders that learned without labels
ALL = 0  # labels a class: all of them
FEW = 5  # labels a class at which layers are compared
PLACES = 2  # a side, to which the maps of a layer are averaged for its probe


class Found(NamedTuple):
  """Test accuracies.

  Attributes:
    labels: numbers n of labels a class; `ALL` is the last.
    probed: {encoder: {FEW or ALL: [L, D]}}, of linear probes of each layer.
    frozen: {encoder: [n, D]}, of linear probes of the last layer.
    tuned: {encoder: [n, D]}, of fine-tuning; 'random' is training from scratch.
    copied: {encoder: [L + 1, D]}, of training with the first k layers copied, at `FEW`,
      for the encoders that learned without labels.
    kernels: {encoder: [h, w, C, F]}, of the first layer.
  """

  labels: Sequence[int]
  probed: Mapping[str, Mapping[int, np.ndarray]]
  frozen: Mapping[str, np.ndarray]
  tuned: Mapping[str, np.ndarray]
  copied: Mapping[str, np.ndarray]
  kernels: Mapping[str, np.ndarray]


def measure(
  encoders: Mapping[str, Any],
  target: Experiment,
  labels: Sequence[int],
  draws: int,
  seed: int,
) -> Found:
  """Measures what encoders are worth for a classification.

  Args:
    encoders: {name: parameters of an `encoder.Encoder`}; 'random' is one of them.
    target: the classification, see `fine_tuning.tuner`.
    labels: numbers of labels a class, `ALL` the last.
    draws: D.
    seed: of the first draw; the others follow.
  """
  own = fine_tuning.images(target.data)
  y = own['train'][1]

  def drawn(count, draw):
    return splits.few(y, count, draw) if count else np.arange(len(y))

  read = reader(target.config.widths, own)
  features = {name: read(params) for name, params in encoders.items()}
  of_draws = range(seed, seed + draws)

  @functools.cache
  def probed(name: str, layer: int, count: int) -> list[float]:
    found = []
    for draw in of_draws if count else of_draws[:1]:  # all are the same in every draw
      kept = drawn(count, draw)
      parts = {s: (x[layer], own[s][1]) for s, x in features[name].items()}
      parts['train'] = parts['train'][0][kept], y[kept]
      found.append(probes.accuracy(parts))
    return found * (draws // len(found))

  def by_layer(name, count):
    return np.array([probed(name, k, count) for k in range(len(encoder.LAYERS))])

  tune = fine_tuning.tuner(target, own)

  @functools.cache
  def tuned(name: str, count: int, layers: tuple[str, ...]) -> list[float]:
    given = {layer: encoders[name][layer] for layer in layers}
    return [tune(given, drawn(count, draw), draw) for draw in of_draws]

  every = encoder.LAYERS
  scratch = np.array([tuned('', count, ()) for count in labels])
  few = np.array(tuned('', FEW, ()))
  learned = [name for name in encoders if name != 'random']
  return Found(
    labels=labels,
    probed={
      name: {count: by_layer(name, count) for count in (FEW, ALL)} for name in encoders
    },
    frozen={
      name: np.array([probed(name, len(every) - 1, count) for count in labels])
      for name in encoders
    },
    tuned={
      name: np.array([tuned(name, count, every) for count in labels])
      for name in learned
    }
    | {'random': scratch},
    copied={
      name: np.array(
        [few, *(tuned(name, FEW, every[:k]) for k in range(1, len(every) + 1))]
      )
      for name in UNLABELLED
    },
    kernels={
      name: np.asarray(params[every[0]]['convolution']['kernel'])
      for name, params in encoders.items()
    },
  )


def reader(
  widths: Sequence[int], own: fine_tuning.Images
) -> Callable[[Any], dict[str, list[np.ndarray]]]:
  """Makes (parameters of an encoder) -> {split: features [N, F] of each layer}.

  Args:
    widths: of the encoder.
    own: the examples. All are read at once, so that one program is compiled.
  """
  images = np.concatenate([x for x, _ in own.values()])
  ends = np.cumsum([len(x) for x, _ in own.values()])[:-1]

  @jax.jit
  def pooled(params, images):
    maps: Any = encoder.Encoder(widths).apply({'params': params}, images)
    return [encoder.pooled(each, PLACES) for each in maps]

  def read(params):
    parts = [np.split(np.asarray(each), ends) for each in pooled(params, images)]
    return dict(zip(own, map(list, zip(*parts, strict=True)), strict=True))

  return read
