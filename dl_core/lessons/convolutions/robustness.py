"""How networks read images with noise that they may or may not have seen in training.

Noise is measured in pixels whose black is 0 and white is 1, and they are not cut off
there; salt and pepper are pixels made white or black, whichever they were.

Shapes: n images, H × W pixels, C channels, L amounts of noise, N seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import splits
from dl_core.lessons import curves
from dl_core.types import Array, Claim, Key, Picture, Task

MOST = 2_000  # test images that are read
DRAWS = 3  # of the noise on each of them
LOOKS = {
  'lenet': ('LeNet', '#2f7fb8', '-'),
  'mlp': ('MLP', '#cf7a24', '-'),
  'lenet_noise': ('LeNet, trained with noise', '#2f7fb8', '--'),
  'mlp_noise': ('MLP, trained with noise', '#cf7a24', '--'),
}
Runs = Sequence[Any]


def gaussian(key: Key, images: Array, deviation: Any) -> Array:
  """Adds Gaussian noise to images [n, H, W, C] in [0, 1]."""
  return images + deviation * jax.random.normal(key, images.shape)


def salt_and_pepper(key: Key, images: Array, share: Any) -> Array:
  """Makes a share of the pixels white or black, as many of them."""
  drawn = jax.random.uniform(key, (*images.shape[:-1], 1))
  return jnp.where(drawn < share / 2, 0.0, jnp.where(drawn < share, 1.0, images))


class Noise(NamedTuple):
  """A kind of noise: how it is added, what its amount is, and which are tried."""

  add: Callable[[Key, Array, Any], Array]
  amount: str
  tried: tuple[float, ...]


LITTLE, MUCH, SPRINKLED = 0.1, 0.5, 0.4  # amounts that are spoken of
NOISES = {
  'Gaussian noise': Noise(
    gaussian, 'deviation, white − black = 1', (0, LITTLE, 0.2, 0.3, 0.4, MUCH, 0.75, 1)
  ),
  'salt and pepper': Noise(
    salt_and_pepper, 'pixels, %', (0, 0.05, 0.1, 0.2, 0.3, SPRINKLED, 0.5)
  ),
}


def reader(task: Task, noise: Noise) -> Callable[[Any, Array, Key], Array]:
  """Makes (variables, images, key) -> what they are read as, [L, DRAWS, n].

  The noise is the same for every model, and but for its strength at every amount.
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
  """What was found of each kind of network.

  Attributes:
    accuracy: {noise: {network: [L, N]}}, of `NOISES` and `LOOKS`.
    examples: {noise: [L, H, W]} one image with each amount of it.
    said: {noise: {network: [L]}} what the first run says they are.
    classes: names of what they may be.
  """

  accuracy: dict[str, dict[str, np.ndarray]]
  examples: dict[str, np.ndarray]
  said: dict[str, dict[str, np.ndarray]]
  classes: Sequence[str]


def measure(results: Mapping[str, Runs], seed: int) -> Found:
  """Has every run read the test split with noise of every kind and amount.

  Args:
    results: {network: its runs, one per seed}; all read images of the same shape.
    seed: of the noise.
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
  one = misread(answers[gaussian_noise]['lenet'][0, :, 0] == y)
  return Found(
    accuracy,
    {kind: examples(x, key, noise, one) for kind, noise in NOISES.items()},
    {
      kind: {name: a[0, :, 0, one] for name, a in each.items()}
      for kind, each in answers.items()
    },
    results['lenet'][0].experiment.data.spec.classes,
  )


def misread(right: np.ndarray) -> int:
  """Finds the first image that is read right without noise and wrong with much.

  Args:
    right: [L, n] whether it is, with each amount of Gaussian noise.

  Returns:
    Its number; 0 where there is none.
  """
  much = next(iter(NOISES.values())).tried.index(MUCH)
  return int(np.argmax(right[0] & ~right[much]))


def examples(images: Array, key: Key, noise: Noise, one: int) -> np.ndarray:
  """Returns one image with each amount of noise, [L, H, W], as `reader` draws it."""
  low, high = images.min(), images.max()
  first, pixels = jax.random.split(key, DRAWS)[0], (images - low) / (high - low)
  drawn = [noise.add(first, pixels, amount)[one] for amount in noise.tried]
  return np.asarray(jnp.stack(drawn).mean(axis=-1))


def pictures(found: Found) -> list[Picture]:
  """Shows accuracy over noise, and what is said of one image."""
  return [fallen(found), shown(found)]


def fallen(found: Found) -> Picture:
  """Shows how accuracy falls with noise."""
  first, second = NOISES

  def at(kind: str, name: str, amount: float) -> np.ndarray:
    return found.accuracy[kind][name][NOISES[kind].tried.index(amount)]

  def told(values):
    return curves.spread(values, '.1%')

  none, little, much = (
    {name: at(first, name, amount) for name in LOOKS} for amount in (0, LITTLE, MUCH)
  )
  mixed = {name: at(second, name, SPRINKLED) for name in LOOKS}
  lost = none['lenet'] - little['lenet']
  cost = none['lenet'].mean() - none['lenet_noise'].mean()
  claims = (
    Claim(
      f'LeNet bears a little noise: at a deviation of {LITTLE} it loses less than a '
      'hundredth of the images, and reads more than the MLP, on the mean of the seeds',
      bool(lost.mean() < 0.01 and little['lenet'].mean() > little['mlp'].mean()),
      f'{told(none["lenet"])} → {told(little["lenet"])}; MLP {told(little["mlp"])}',
    ),
    Claim(
      'LeNet does not bear much noise that it was not trained with: at a deviation of '
      f'{MUCH} it reads fewer than the MLP, on the mean of the seeds',
      bool(much['lenet'].mean() < much['mlp'].mean()),
      f'{told(much["lenet"])} against {told(much["mlp"])}',
    ),
    Claim(
      f'Trained with noise LeNet bears it: at a deviation of {MUCH} it reads more than '
      'without, and more than the MLP trained alike, with every seed',
      bool(
        np.all(much['lenet_noise'] > much['lenet'])
        and np.all(much['lenet_noise'] > much['mlp_noise'])
      ),
      f'{told(much["lenet_noise"])}; MLP {told(much["mlp_noise"])}',
    ),
    Claim(
      'Training with noise costs LeNet less than a hundredth of the images without, on '
      'the mean of the seeds',
      bool(cost < 0.01),
      f'{told(none["lenet_noise"])} against {told(none["lenet"])}',
    ),
    Claim(
      'Noise of one kind in training helps against another: with '
      f'{SPRINKLED:.0%} of the pixels black or white LeNet reads more if trained with '
      'Gaussian noise, with every seed',
      bool(np.all(mixed['lenet_noise'] > mixed['lenet'])),
      f'{told(mixed["lenet_noise"])} against {told(mixed["lenet"])}',
    ),
  )

  def show():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 3.4), layout='constrained')
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (kind, noise) in zip(panels, NOISES.items(), strict=True):
      amounts = np.array(noise.tried) * (100 if '%' in noise.amount else 1)
      for name, (label, colour, line) in LOOKS.items():
        right = 100 * found.accuracy[kind][name]
        curves.band(axes, amounts, right, label, colour, ls=line)
      axes.set_title(kind, fontsize=10)
      axes.set_xlabel(noise.amount)
    panels[0].set(ylabel='test accuracy, %', ylim=(0, 102))
    panels[0].legend(loc='lower left', fontsize=9)
    return figure

  seeds = found.accuracy[first]['lenet'].shape[1]
  return Picture(
    'Accuracy under noise',
    f'On test images with noise; bands from the lowest to the highest of {seeds} seeds.'
    ' To be convolutional does not make LeNet robust, but it can learn to be, and '
    'better than the MLP. The noise of training is Gaussian for both panels.',
    show,
    claims,
  )


def shown(found: Found) -> Picture:
  """Shows one image with every amount of noise, and what is said of it."""
  asked = ('lenet', 'lenet_noise')

  def show():
    from matplotlib.figure import Figure

    across = max(len(noise.tried) for noise in NOISES.values())
    figure = Figure(figsize=(1.1 * across, 3.4), layout='constrained')
    grid = figure.subplots(2, across)
    for axes in grid.flat:
      axes.axis('off')
    for row, (kind, noise) in zip(grid, NOISES.items(), strict=True):
      for place, (axes, amount) in enumerate(zip(row, noise.tried, strict=False)):
        image = found.examples[kind][place]
        axes.imshow(image, cmap='gray', vmin=0, vmax=1, interpolation='none')
        unit = f'{amount:.0%}' if '%' in noise.amount else f'{amount:g}'
        axes.set_title(unit, fontsize=9)
        names = [found.classes[found.said[kind][name][place]] for name in asked]
        below: dict[str, Any] = {
          'va': 'top',
          'fontsize': 9,
          'transform': axes.transAxes,
        }
        axes.text(0.5, -0.05, '\n'.join(names), ha='center', **below)
        if not place:
          axes.text(-0.1, -0.05, 'LeNet\ntrained with noise', ha='right', **below)
    return figure

  return Picture(
    'One image under noise',
    'Above with Gaussian noise of growing deviation, below with more and more pixels '
    'made black or white; under each what it is read as. The first test image that '
    f'LeNet reads right without noise and wrong at a deviation of {MUCH}.',
    show,
  )
