"""Trains one classifier again and again, from other encoders and on other labels.

One compiled step serves all of them, so that a training of a hundred steps takes a
second.

Shapes: N images, H x W pixels, C channels.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import train
from dl_core.data import splits
from dl_core.types import Batch, Data, Experiment

MOST = 2_000  # examples of a split
PART = 'encoder'
Images = Mapping[str, tuple[np.ndarray, np.ndarray]]  # {split: (images, labels)}


def images(data: Data) -> Images:
  """Returns the examples of all splits; of a large one, the first `MOST`."""
  found = {}
  for split in ('train', 'validation', 'test'):
    x, y = splits.examples(data, split)
    found[split] = np.asarray(x[:MOST]), np.asarray(y[:MOST])
  return found


def tuner(
  experiment: Experiment, own: Images
) -> Callable[[Mapping[str, Any], np.ndarray, int], float]:
  """Makes (layers, numbers of the labelled training images, seed) -> test accuracy.

  All trainings take the steps, the batches and the optimizer of the experiment, and of
  one seed they begin with the same random parameters, except for the layers of the
  encoder whose parameters are given by name.

  Args:
    experiment: a classifier whose encoder is `PART`; its data are not read.
    own: its examples.
  """
  c, task = experiment.config, experiment.task
  update = jax.jit(train.make_update(task, experiment.optimizers), donate_argnums=0)
  begin = jax.jit(lambda seed: train.init_state(experiment, jax.random.key(seed)))
  said: Any = task.outputs
  x, y = own['train']
  test_x, test_y = own['test']

  def tuned(layers: Mapping[str, Any], numbers: np.ndarray, seed: int) -> float:
    state = begin(seed)
    encoder = state.params[PART] | jax.tree.map(jnp.array, dict(layers))
    state = state.replace(params=state.params | {PART: encoder})
    # All leaves committed to one device, or each mixture would be compiled by itself.
    state = jax.device_put(state, jax.local_devices()[0])
    random = np.random.RandomState(seed)
    for _ in range(c.steps):
      chosen = numbers[random.randint(len(numbers), size=c.batch_size)]
      weight = np.ones(c.batch_size, np.float32)
      state, _ = update(state, Batch(x[chosen], y[chosen], weight))
    logits = np.asarray(said(state.variables, test_x))
    return float(np.mean(logits.argmax(axis=1) == test_y))

  return tuned
