"""Draws samples, reconstructions and codes of a VAE, and estimates log p(x).

Shapes: N images, H x W pixels, C channels, Z numbers of a code.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import stats

from dl_core import interpret
from dl_core.interpret import projections, reconstructions
from dl_core.models.vae import VAE, Decoded, Posterior
from dl_core.report import draw
from dl_core.tasks import variational
from dl_core.tasks.apply import apply, untrained
from dl_core.tasks.corrupted import Change
from dl_core.types import Array, Data, Key, Picture, Sample, Task, Variables

SHOWN, SAMPLES = 10, 40  # images restored, and images drawn from the prior
SIDE = 12  # images along a side of the latent plane
POINTS = 2_000  # test images in the picture of the codes
BLOCK = 50  # codes of an image that are decoded at a time
GAP = 2  # pixels between two images


def encoder(model: VAE) -> Callable[[Variables, Any], Posterior]:
  """Makes (variables, images [N, H, W, C]) -> the posteriors of their codes."""
  return _compiled(model, 'encode')


def decoder(model: VAE) -> Callable[[Variables, Any], Decoded]:
  """Makes (variables, codes [N, Z]) -> the distributions of their images."""
  return _compiled(model, 'decode')


def _compiled(model: VAE, method: str) -> Callable[[Variables, Any], Any]:
  @jax.jit
  def run(variables, inputs):
    params, extra = variables['params'], untrained(variables)
    return apply(model, params, extra, inputs, train=False, method=method)[0]

  return run


def means(decoded: Decoded) -> np.ndarray:
  """Returns the mean images of distributions of images, in [0, 1]."""
  pixels = decoded.pixels
  found = jax.nn.sigmoid(pixels) if decoded.logvar is None else pixels
  return np.asarray(found).clip(0, 1)


def drawn(decoded: Decoded, key: Key) -> np.ndarray:
  """Draws images from distributions of images, in [0, 1]."""
  pixels = decoded.pixels
  if decoded.logvar is None:
    return np.asarray(jax.random.bernoulli(key, jax.nn.sigmoid(pixels)), np.float32)
  noise = jax.random.normal(key, pixels.shape) * jnp.exp(decoded.logvar / 2)
  return np.asarray(pixels + noise).clip(0, 1)


def sample(model: VAE, mean: bool = False) -> Sample:
  """Makes `Experiment.sample`: codes from N(0, I), and an image drawn from each.

  Args:
    model: the VAE.
    mean: whether to return the mean image of each code instead.
  """
  decode = decoder(model)

  def draw_images(variables, key, count):
    code_key, pixel_key = jax.random.split(key)
    decoded = decode(variables, jax.random.normal(code_key, (count, model.code)))
    return means(decoded) if mean else drawn(decoded, pixel_key)

  return draw_images


def scores(
  model: VAE, samples: int, change: Change
) -> Callable[[Variables, Data, Key], Mapping[str, float]]:
  """Makes `Experiment.scores`: `nll`, -log p(x) of the test images in nats.

  Args:
    model: the VAE.
    samples: codes drawn for each image, see `variational.evidence`; 0: no score.
    change: (key, Batch) -> Batch, the change of training; see `tasks.corrupted`.
  """

  def scored(variables, data, key):
    if not samples:
      return {}
    total, count = 0.0, 0.0
    for number, batch in enumerate(data.splits['test']()):
      own = jax.random.fold_in(key, number)
      # `evidence` splits `own` into at most `samples` keys, numbered from 0.
      batch = change(jax.random.fold_in(own, samples), batch)
      block = min(BLOCK, samples)
      log_p = variational.evidence(model, variables, batch.x, samples, block, own)
      total -= float(np.sum(np.asarray(log_p) * batch.weight))
      count += float(np.sum(batch.weight))
    return {'nll': total / count}

  return scored


def report(model: VAE, labelled: Data, change: Change) -> interpret.Report:
  """Shows reconstructions, samples, the codes of test images, and the plane of codes.

  Args:
    model: the VAE.
    labelled: the images as the model reads them, with the labels of the set.
    change: see `scores`.
  """
  encode, decode = encoder(model), decoder(model)

  def pictures(variables, observed, data, key):
    del observed
    batch = change(jax.random.key(0), next(iter(data.splits['test']())))
    first = np.asarray(batch.x)[:SHOWN]
    z = jax.random.normal(jax.random.fold_in(key, 1), (SAMPLES, model.code))
    prior = decode(variables, z)
    found = [
      restored(first, means(decode(variables, encode(variables, first).mean))),
      samples(means(prior), drawn(prior, key)),
      codes(functools.partial(encode, variables), labelled, change),
    ]
    if model.code == 2:
      found.append(plane(functools.partial(decode, variables)))
    return found

  return pictures


def restored(images: np.ndarray, again: np.ndarray) -> Picture:
  """Makes the picture of images [N, H, W, C] above their reconstructions."""
  error = float(np.mean(np.sum((images - again) ** 2, axis=(1, 2, 3))))
  return Picture(
    'Reconstructions',
    'Test images above their reconstructions, which decode the mean of q(z|x). The '
    f'squared error of an image is {error:.3g} on average.',
    lambda: draw.sheet(
      draw.tiles(np.concatenate([images, again]), len(images), GAP, 4), 6.0
    )[0],
  )


def samples(mean: np.ndarray, images: np.ndarray) -> Picture:
  """Makes the picture of samples: mean images, and images drawn from them."""

  def show():
    titles = ('means', 'draws')
    figure, panels = draw.panels(6.5, 3.4, 2, titles=titles)
    for axes, each in zip(panels, (mean, images), strict=True):
      pixels = draw.tiles(each.astype(np.float32), 8, GAP, 4)
      axes.imshow(pixels, interpolation='none')
      draw.bare(axes)
    return figure

  return Picture(
    'Samples',
    f'{len(mean)} codes drawn from N(0, I): the mean image of each, and an image drawn '
    'from p(x|z). Papers usually show the means; only the draws are samples of the '
    'model.',
    show,
  )


def codes(
  encode: Callable[[Any], Posterior], labelled: Data, change: Change
) -> Picture:
  """Makes the picture of the codes of test images and of the KL of each number."""
  means_, kls, labels = [], [], []
  for batch in labelled.splits['test']():
    kept = np.asarray(batch.weight) > 0
    q = encode(change(jax.random.key(0), batch).x)
    each = jax.vmap(jax.vmap(variational.divergence))(
      Posterior(q.mean[..., None], q.logvar[..., None])
    )
    means_.append(np.asarray(q.mean)[kept])
    kls.append(np.asarray(each)[kept])
    labels.append(np.asarray(batch.y)[kept])
  z, y = np.concatenate(means_)[:POINTS], np.concatenate(labels)[:POINTS]
  kl = np.sort(np.concatenate(kls).mean(axis=0))[::-1]
  points = z if z.shape[1] == 2 else projections.pca(z, min(2, z.shape[1]))
  if points.shape[1] == 1:
    points = np.concatenate([points, np.zeros_like(points)], axis=1)
  used = int(np.sum(kl > 0.05))
  names = labelled.spec.classes

  def show():
    figure, (left, right) = draw.panels(
      7.5, 3.2, 2, titles=('codes of test images', 'KL divergence of each number')
    )
    look = {'c': y, 'cmap': 'tab10'} if names else {'color': draw.BLUE}
    left.scatter(*points.T, s=5, lw=0, **look)
    for label in range(len(names)):
      if np.any(y == label):
        place = np.median(points[y == label], axis=0)
        left.text(*place, names[label], fontsize=9, weight='bold', parse_math=False)
    left.set(xlabel='first', ylabel='second')
    right.bar(range(1, len(kl) + 1), kl, color=draw.BLUE)
    right.set(xlabel='numbers of the code, in order', ylabel='nats')
    return figure

  axes = {1: 'The number', 2: 'The two numbers'}.get(
    z.shape[1], 'Two principal components'
  )
  colours = ', one colour for each class' if names else ''
  return Picture(
    'Codes',
    f'{axes} of the codes of {len(points):,} test images{colours}. Right: the KL '
    f'divergence of each number of the code from N(0, 1), averaged over the test '
    f'images; {used} of {len(kl)} carry more than 0.05 nats.',
    show,
  )


def plane(decode: Callable[[Array], Decoded]) -> Picture:
  """Makes the picture of the mean images over a plane of codes."""
  quantiles = np.linspace(0.03, 0.97, SIDE)
  places = np.asarray(stats.norm.ppf(quantiles))
  z = np.stack(np.meshgrid(places, -places), axis=-1).reshape(-1, 2)
  images = means(decode(jnp.asarray(z, jnp.float32)))
  return Picture(
    'The plane of codes',
    'The mean image of each code on a grid. Rows and columns are evenly spaced '
    'quantiles of N(0, 1), so every cell has the same probability.',
    lambda: draw.sheet(draw.tiles(images, SIDE, 1, 3), 5.0)[0],
  )


def restoring(task: Task, model: VAE) -> Task:
  """Returns a task whose outputs are reconstructions [N, H, W, C] in [0, 1]."""
  encode, decode = encoder(model), decoder(model)

  @jax.jit
  def outputs(variables, x):
    decoded = decode(variables, encode(variables, x).mean)
    pixels = decoded.pixels
    return jax.nn.sigmoid(pixels) if decoded.logvar is None else jnp.clip(pixels, 0, 1)

  return task._replace(outputs=outputs, answer=reconstructions.answer)
