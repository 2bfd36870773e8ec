"""Draws one density learnt three ways: tractable, approximate, implicit.

Shapes: N points, K cells of a side, M Gaussians of the ring.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dl_core import config, tasks, train
from dl_core.data import ring
from dl_core.lessons.unsupervised import bounds
from dl_core.models import gan
from dl_core.models.pixelcnn import PixelCNN
from dl_core.models.vae import GAUSSIAN, VAE
from dl_core.report import draw
from dl_core.tasks import pixels, schedules, variational
from dl_core.types import Claim, Experiment, Picture

CELLS = 64  # along each side, for the tractable density
CLOSE = 0.05  # nats
CODES = 16  # of a point, in the bound that the VAE maximises
HIT, LEAST = 4.0, 0.25  # deviations from a centre, and share of 1 / M, to cover a mode


@dataclasses.dataclass(frozen=True)
class Settings(config.Config):
  """The settings of a run, and the number of points that are drawn."""

  samples: int = 0


class Learnt(NamedTuple):
  """The results of three models of the ring.

  Attributes:
    samples: {model: points [N, 2] in the unit square}.
    nats: {model: mean -log p of the test points under it}, of the tractable and of the
      approximate model.
    bounds: {'elbo', 'iwae': mean negative bound of the approximate model}.
    truth: mean -log p of the test points under the true density.
  """

  samples: dict[str, np.ndarray]
  nats: dict[str, float]
  bounds: dict[str, float]
  truth: float


def tractable(c: Any, data: Any) -> tuple[np.ndarray, float]:
  """Trains p(x1) p(x2 | x1) over cells; returns samples and -log p of a test point."""
  model = PixelCNN('pixelcnn', CELLS, 2, 32, (64,))
  task = pixels.density(model)
  rate = schedules.cosine(3e-3, c.steps)
  run = train.fit(Experiment(c, task, (optax.adam(rate),), data))
  cells = pixels.written(
    model,
    {'params': run.state.params},
    np.zeros((c.samples, *ring.SHAPE), np.int32),
    np.zeros(ring.SHAPE, bool),
    CELLS,
    jax.random.key(c.seed),
  )
  inside = np.random.default_rng(c.seed).random((c.samples, 2))
  samples = (np.asarray(cells).reshape(-1, 2) + inside) / CELLS
  # The probability of a cell, over its area, is a density.
  return samples, run.lines[-1]['loss'] - 2 * np.log(CELLS)


def approximate(c: Any, data: Any) -> tuple[np.ndarray, float, dict[str, float]]:
  """Trains a VAE; returns samples, -log p of a test point, and the bounds on it."""
  model = VAE(ring.SHAPE, (128, 128), 2, CODES, GAUSSIAN)
  task = variational.variational(model, variational.IWAE)
  rate = schedules.cosine(2e-3, c.steps)
  run = train.fit(Experiment(c, task, (optax.adam(rate),), data))
  variables = {'params': run.state.params}
  tested = ring.points('test').reshape(-1, *ring.SHAPE)
  found = bounds.tables(model, variables, tested)
  key, other = jax.random.split(jax.random.key(c.seed))
  z = jax.random.normal(key, (c.samples, 2))
  said: Any = model.apply(variables, z, method='decode')
  noise = jax.random.normal(other, said.pixels.shape) * jnp.exp(said.logvar / 2)
  samples = np.asarray(said.pixels + noise).reshape(-1, 2)
  said_bounds = {name: run.lines[-1][name] for name in variational.OBJECTIVES}
  return samples, -float(found.log_p.mean()), said_bounds


def implicit(c: Any, data: Any) -> np.ndarray:
  """Trains a GAN; returns samples: it has no density."""
  model = gan.mlp(1, 2, 16, (128, 128))
  turns = [
    optax.partition(
      {True: optax.adam(1e-3, b1=0.5), False: optax.set_to_zero()},
      lambda params, own=own: {name: name == own for name in params},
    )
    for own in ('discriminator', 'generator')
  ]
  run = train.fit(Experiment(c, tasks.gan(model), tuple(turns), data))
  z = jax.random.normal(jax.random.key(c.seed), (c.samples, model.latent))
  images = gan.generate(model, {'params': run.state.params}, z)
  return (np.asarray(images).reshape(-1, 2) + 1) / 2


def learnt(c: Any) -> Learnt:
  """Trains the three models; `c` has seed, steps, batch_size and samples."""
  own = Settings(
    seed=c.seed,
    steps=c.steps,
    batch_size=c.batch_size,
    eval_every=c.steps,
    samples=c.samples,
  )
  cells, exact = tractable(own, ring.load(c.batch_size, CELLS))
  codes, integral, limits = approximate(own, ring.load(c.batch_size))
  game = implicit(own, ring.load(c.batch_size, signed=True))
  truth = -float(ring.log_density(ring.points('test')).mean())
  samples = {'tractable': cells, 'approximate': codes, 'implicit': game}
  return Learnt(samples, {'tractable': exact, 'approximate': integral}, limits, truth)


def covered(points: np.ndarray) -> int:
  """Returns the number of Gaussians with at least `LEAST` of their share of points."""
  apart = np.linalg.norm(points[:, None] - ring.centres()[None], axis=2)
  nearest, least = apart.argmin(axis=1), apart.min(axis=1)
  hits = np.bincount(nearest[least < HIT * ring.DEVIATION], minlength=ring.MODES) / len(
    points
  )
  return int(np.sum(hits > LEAST / ring.MODES))


def picture(found: Learnt) -> Picture:
  """Makes the picture of the samples, with claims about the densities."""
  modes = {name: covered(points) for name, points in found.samples.items()}

  def show():
    given = {'data': ring.points('test')} | found.samples
    figure, panels = draw.panels(8.5, 2.5, len(given), titles=list(given))
    for axes, points in zip(panels, given.values(), strict=True):
      axes.scatter(*points[:2_000].T, s=2, lw=0, color=draw.BLUE)
      axes.set(xlim=(0, 1), ylim=(0, 1), aspect='equal', xticks=[], yticks=[])
    return figure

  apart = found.nats['tractable'] - found.truth
  integral = found.nats['approximate'] - found.truth
  return Picture(
    'One density, three ways',
    f'Points of {ring.MODES} Gaussians on a ring, and samples of three models: '
    'p(x1) p(x2 | x1) over cells, which computes log p(x); a VAE, which bounds it '
    '(here the integral can be computed); a GAN, which has no density.',
    show,
    (
      Claim(
        f'The tractable density is within {CLOSE:g} nats of the true one',
        abs(apart) <= CLOSE,
        f'{found.nats["tractable"]:.3f} against {found.truth:.3f} nats per point',
      ),
      Claim(
        f'The density of the VAE is within {CLOSE:g} nats of the true one',
        abs(integral) <= CLOSE,
        f'{found.nats["approximate"]:.3f} against {found.truth:.3f} nats per point',
      ),
      Claim(
        f'The VAE bounds -log p(x) from above: the bound of {CODES} codes is the '
        'tighter one, the negative ELBO the looser one',
        found.bounds['elbo'] >= found.bounds['iwae'] >= found.nats['approximate'],
        f'{found.bounds["elbo"]:.3f}, {found.bounds["iwae"]:.3f} and '
        f'{found.nats["approximate"]:.3f} nats',
      ),
      Claim(
        'The samples of the GAN cover all Gaussians',
        modes['implicit'] == ring.MODES,
        ', '.join(f'{name}: {count}' for name, count in modes.items()),
      ),
    ),
  )
