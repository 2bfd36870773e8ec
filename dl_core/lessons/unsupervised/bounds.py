"""Draws log p(x) = ELBO + KL(q || p(z|x)) of a trained VAE whose codes are a plane.

Integrals over a plane can be computed: every density is a table on a grid. Only the KL
divergence from the prior is taken in closed form, as in training.

Shapes: N images, G x G places of the grid.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import splits
from dl_core.interpret import latents
from dl_core.models.vae import VAE, Output, Posterior, drawn
from dl_core.report import draw
from dl_core.tasks import variational
from dl_core.types import Claim, Picture, Variables

SIDE, REACH = 241, 6.0  # places along a side of the grid, and how far it reaches
IMAGES, SHOWN = 40, 4
COUNTS, REPEATS = (1, 5, 50, 500), 20  # codes of the importance-weighted bound
CLOSE = 1e-3  # nats


class Tables(NamedTuple):
  """The terms of the identity, [N] each in nats, and densities over the grid.

  Attributes:
    log_p: log p(x), the integral of p(x|z) p(z).
    elbo: the integral of q log p(x|z), minus KL(q || p(z)) in closed form.
    divergence: the integral of q (log q - log p(z|x)).
    true, q: p(z|x) and q(z|x) of the first images, [up to 4, G, G].
    images: [N, H, W, C].
  """

  log_p: np.ndarray
  elbo: np.ndarray
  divergence: np.ndarray
  true: np.ndarray
  q: np.ndarray
  images: np.ndarray


def grid() -> tuple[np.ndarray, float]:
  """Returns codes [G G, 2], and the area of the cell around each."""
  side = np.linspace(-REACH, REACH, SIDE)
  places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
  return places.astype(np.float32), float((side[1] - side[0]) ** 2)


def tables(model: VAE, variables: Variables, images: np.ndarray) -> Tables:
  """Computes all terms by sums over the grid, in float64."""
  z, cell = grid()
  places, zero = jnp.asarray(z), jnp.zeros(())
  decode = latents.decoder(model)
  decoded = jax.jit(decode)(variables, places)
  q = latents.encoder(model)(variables, images)
  prior = np.asarray(variational.log_normal(places, zero, zero)).sum(axis=1)
  from_prior = np.asarray(variational.divergence(q), np.float64)
  found, densities = [], []
  for number, image in enumerate(images):
    like = variational.log_likelihood(decoded, jnp.asarray(image)[None])
    log_x = np.asarray(like, np.float64)
    log_joint = log_x + prior
    own = variational.log_normal(places, q.mean[number][None], q.logvar[number][None])
    log_q = np.asarray(own, np.float64).sum(axis=1)
    log_p = np.logaddexp.reduce(log_joint) + np.log(cell)
    share = np.exp(log_q) * cell
    true = log_joint - log_p
    elbo = np.sum(share * log_x) - from_prior[number]
    found.append((log_p, elbo, np.sum(share * (log_q - true))))
    if number < SHOWN:
      densities.append(np.exp([true, log_q]).reshape(2, SIDE, SIDE))
  log_p, elbo, gap = np.array(found).T
  true, own = np.stack(densities, axis=1)
  return Tables(log_p, elbo, gap, true, own, images)


@functools.partial(jax.jit, static_argnums=(0, 3))
def bounds(model: VAE, variables: Variables, x: Any, count: int, key: Any) -> Any:
  """Returns the importance-weighted bounds [REPEATS, N] of `count` codes."""
  q: Posterior = latents.encoder(model)(variables, x)

  def once(key):
    z = drawn(q, jax.random.normal(key, (count, *q.mean.shape)))
    decoded = latents.decoder(model)(variables, z)
    return -variational.terms(Output(q, z, decoded), x)['iwae']

  return jax.lax.map(once, jax.random.split(key, REPEATS))


def pictures(model: VAE, runs: Sequence[Any]) -> list[Picture]:
  """Draws the identity and the bounds for test images of a trained VAE."""
  run = runs[0]
  images = splits.examples(run.experiment.data, 'test')[0][:IMAGES]
  variables = run.variables()
  found = tables(model, variables, images)
  risen = {
    count: np.asarray(bounds(model, variables, images, count, jax.random.key(count)))
    for count in COUNTS
  }
  return [identity(found), tighter(found, risen)]


def identity(found: Tables) -> Picture:
  """Makes the picture of the true posterior beside the encoder's Gaussian."""
  apart = np.abs(found.log_p - found.elbo - found.divergence)

  def show():
    figure, panels = draw.panels(8.0, 2.4, SHOWN)
    look = {'extent': (-REACH, REACH, -REACH, REACH)}
    for number, axes in enumerate(panels):
      axes.contourf(found.true[number], 8, cmap='Blues', **look)
      axes.contour(found.q[number], 4, colors=draw.ORANGE, linewidths=1, **look)
      axes.set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect='equal', xticks=[], yticks=[])
      axes.set_title(
        f'{found.log_p[number]:.2f} = {found.elbo[number]:.2f} + '
        f'{found.divergence[number]:.2f}',
        fontsize=9,
      )
    return figure

  return Picture(
    'The bound and its gap',
    'Codes of four test images: the true posterior p(z|x) in blue, the Gaussian q(z|x) '
    'of the encoder in orange. Above each, log p(x) = ELBO + KL(q || p(z|x)) in nats.',
    show,
    (
      Claim(
        f'log p(x) is the ELBO plus the divergence, to {CLOSE:g} nats',
        float(apart.max()) <= CLOSE,
        f'{apart.max():.1g} apart at most, {len(apart)} images',
      ),
      Claim(
        'The divergence is never negative, so the ELBO is a lower bound',
        bool((found.divergence >= -1e-6).all()),
        f'{found.divergence.min():.2f} to {found.divergence.max():.2f} nats',
      ),
    ),
  )


def tighter(found: Tables, risen: dict[int, np.ndarray]) -> Picture:
  """Makes the picture of the importance-weighted bound by the number of codes."""
  means = [float(risen[count].mean()) for count in COUNTS]
  exact = float(found.log_p.mean())

  def show():
    figure, axes = draw.panel(4.8, 2.8, xscale='log', xlabel='codes of an image')
    axes.plot(COUNTS, means, marker='o', color=draw.BLUE, label='bound')
    axes.axhline(exact, color=draw.GREEN, label='log p(x)')
    axes.axhline(float(found.elbo.mean()), color=draw.ORANGE, label='ELBO')
    axes.set(ylabel='nats of an image')
    draw.legend(axes)
    return figure

  words = ', '.join(f'{k}: {v:.3f}' for k, v in zip(COUNTS, means, strict=True))
  return Picture(
    'More codes, a tighter bound',
    'The log of the mean importance weight of several codes, averaged over test images '
    'and draws. With one code it is the ELBO; with many it approaches log p(x).',
    show,
    (
      Claim(
        'The bound rises with every number of codes tried, and stays below log p(x)',
        bool((np.diff(means) > 0).all()) and means[-1] <= exact + 0.01,
        f'{words}; log p(x) {exact:.3f}',
      ),
    ),
  )
