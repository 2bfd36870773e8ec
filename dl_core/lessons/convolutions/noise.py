"""Networks evaluated under noise of several kinds and amounts.

Noise is relative to pixels from 0, black, to 1, white, and is not clipped to that
range. Salt-and-pepper noise makes pixels white or black at random.

Shapes: n images, H × W pixels, C channels, L amounts of noise, N seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import splits
from dl_core.types import Array, Key, Task

MOST = 2_000  # test images
DRAWS = 3  # draws of the noise for each image
Runs = Sequence[Any]


def gaussian(key: Key, images: Array, deviation: Any) -> Array:
  """Adds Gaussian noise to images [n, H, W, C] in [0, 1]."""
  return images + deviation * jax.random.normal(key, images.shape)


def salt_and_pepper(key: Key, images: Array, share: Any) -> Array:
  """Makes a share of the pixels white or black, half of them each."""
  drawn = jax.random.uniform(key, (*images.shape[:-1], 1))
  return jnp.where(drawn < share / 2, 0.0, jnp.where(drawn < share, 1.0, images))


class Noise(NamedTuple):
  """A kind of noise: `add`, the unit of its amount, and the amounts to try."""

  add: Callable[[Key, Array, Any], Array]
  amount: str
  tried: tuple[float, ...]


LITTLE, MUCH, SPRINKLED = 0.1, 0.5, 0.4  # amounts in the claims
NOISES = {
  'Gaussian noise': Noise(
    gaussian, 'deviation, white − black = 1', (0, LITTLE, 0.2, 0.3, 0.4, MUCH, 0.75, 1)
  ),
  'salt and pepper': Noise(
    salt_and_pepper, 'pixels, %', (0, 0.05, 0.1, 0.2, 0.3, SPRINKLED, 0.5)
  ),
}


def reader(task: Task, noise: Noise) -> Callable[[Any, Array, Key], Array]:
  """Makes (variables, images, key) -> predicted classes [L, DRAWS, n].

  Every model sees the same noise; amounts differ only in its strength.
  """
  outputs: Any = task.outputs

  def read(variables, images, key):
    low, high = images.min(), images.max()

    def at(amount):
      def once(key):
        pixels = noise.add(key, (images - low) / (high - low), amount)
        return jnp.argmax(outputs(variables, low + (high - low) * pixels), axis=-1)

      return jax.lax.map(once, jax.random.split(key, DRAWS))

    return jax.lax.map(at, jnp.asarray(noise.tried, jnp.float32))

  return jax.jit(read)


class Found(NamedTuple):
  """Accuracies and an example of each kind of network under each kind of noise.

  Attributes:
    accuracy: {noise: {network: [L, N]}}.
    examples: {noise: [L, H, W]} one image with each amount of noise.
    predicted: {noise: {network: [L]}} classes that the first run predicts for it.
    classes: names of the classes.
  """

  accuracy: dict[str, dict[str, np.ndarray]]
  examples: dict[str, np.ndarray]
  predicted: dict[str, dict[str, np.ndarray]]
  classes: Sequence[str]


def measure(results: Mapping[str, Runs], seed: int) -> Found:
  """Evaluates every run on the test split with noise of every kind and amount.

  Args:
    results: {network: its runs, one per seed}, all for images of the same shape.
    seed: seed of the noise.
  """
  key = jax.random.key(seed)
  every = {name: [run.variables() for run in runs] for name, runs in results.items()}
  sets = {}
  for name, runs in results.items():
    images, labels = splits.examples(runs[0].experiment.data, 'test')
    sets[name] = jnp.asarray(images[:MOST]), labels[:MOST]
  answers = {
    kind: {
      name: np.stack([read(own, sets[name][0], key) for own in every[name]])
      for name, runs in results.items()
      for read in [reader(runs[0].experiment.task, noise)]
    }
    for kind, noise in NOISES.items()
  }  # [N, L, DRAWS, n]
  accuracy = {
    kind: {name: (a == sets[name][1]).mean(axis=(2, 3)).T for name, a in each.items()}
    for kind, each in answers.items()
  }
  x, y = sets['lenet']
  gaussian_noise = next(iter(NOISES))
  one = misclassified(answers[gaussian_noise]['lenet'][0, :, 0] == y)
  return Found(
    accuracy,
    {kind: examples(x, key, noise, one) for kind, noise in NOISES.items()},
    {
      kind: {name: a[0, :, 0, one] for name, a in each.items()}
      for kind, each in answers.items()
    },
    results['lenet'][0].experiment.data.spec.classes,
  )


def misclassified(right: np.ndarray) -> int:
  """Returns the first image that only noise makes misclassified; 0 if there is none.

  Args:
    right: whether each image is classified correctly, [L, n], under Gaussian noise.
  """
  much = next(iter(NOISES.values())).tried.index(MUCH)
  return int(np.argmax(right[0] & ~right[much]))


def examples(images: Array, key: Key, noise: Noise, one: int) -> np.ndarray:
  """Returns one image with each amount of the noise of `reader`, [L, H, W]."""
  low, high = images.min(), images.max()
  first, pixels = jax.random.split(key, DRAWS)[0], (images - low) / (high - low)
  drawn = [noise.add(first, pixels, amount)[one] for amount in noise.tried]
  return np.asarray(jnp.stack(drawn).mean(axis=-1))
