"""Checks the bound in closed form: codes and images are Gaussian, maps are linear.

Shapes: N images, D pixels, Z numbers of a code.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from dl_core.data import splits
from dl_core.models import components
from dl_core.models.vae import VAE
from dl_core.report import claims, draw
from dl_core.tasks import variational
from dl_core.types import Claim, Picture

CASES, PIXELS, CODE = 50, 6, 2
CLOSE = 0.05  # nats


def random_case(random: np.random.Generator) -> tuple[float, float]:
  """Returns log p(x) and ELBO + KL(q || p(z|x)) of a random model, image and q."""
  w, b = random.normal(size=(PIXELS, CODE)), random.normal(size=PIXELS)
  noise = random.uniform(0.1, 1)
  x, mean = random.normal(size=PIXELS), random.normal(size=CODE)
  spread = random.uniform(0.2, 1, CODE)
  covariance = w @ w.T + noise * np.eye(PIXELS)
  log_p = stats.multivariate_normal(b, covariance).logpdf(x)
  residual = np.square(x - w @ mean - b).sum() + spread @ np.square(w).sum(axis=0)
  log_x = -0.5 * (PIXELS * np.log(2 * np.pi * noise) + residual / noise)
  standard = np.zeros(CODE), np.eye(CODE)
  precision = np.eye(CODE) + w.T @ w / noise
  true = np.linalg.solve(precision, w.T @ (x - b) / noise), np.linalg.inv(precision)
  own = mean, np.diag(spread)
  return float(log_p), float(log_x - kl(own, standard) + kl(own, true))


def kl(p: Any, q: Any) -> float:
  """KL divergence of two Gaussians, each a mean and a covariance."""
  (m, s), (n, t) = p, q
  inverse = np.linalg.inv(t)
  volume = np.linalg.slogdet(t)[1] - np.linalg.slogdet(s)[1]
  square = (n - m) @ inverse @ (n - m) + np.trace(inverse @ s)
  return float(0.5 * (square - len(m) + volume))


def marginal(params: Any, x: np.ndarray) -> float:
  """Returns the mean log p(x) of images [N, H, W, C] under a linear Gaussian VAE."""
  pixels = params['decoder']['pixels']
  w = np.asarray(pixels['kernel'], np.float64).T
  noise = float(np.exp(params['logvar']))
  flat = x.reshape(len(x), -1)
  covariance = w @ w.T + noise * np.eye(flat.shape[1])
  gauss = stats.multivariate_normal(np.asarray(pixels['bias'], np.float64), covariance)
  return float(gauss.logpdf(flat).mean())


def gradients(model: VAE, params: Any, x: np.ndarray) -> dict[str, dict[str, float]]:
  """Returns {term: {network: largest absolute gradient of its parameters}}."""
  key = jax.random.key(0)

  def term(params, name):
    said: Any = model.apply({'params': params}, x, train=True, rngs={'draw': key})
    return jnp.mean(variational.terms(said, jnp.asarray(x))[name])

  def largest(tree):
    return max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(tree))

  found = {}
  for name in ('reconstruction', 'kl'):
    own = jax.grad(term)(params, name)
    found[name] = {part: largest(own[part]) for part in ('encoder', 'decoder')}
  return found


def pictures(seed: int, model: VAE, runs: Sequence[Any]) -> list[Picture]:
  """Draws the linear VAE beside probabilistic PCA, and what each term trains."""
  random = np.random.default_rng(seed)
  sides = np.array([random_case(random) for _ in range(CASES)])
  run = runs[0]
  train = splits.examples(run.experiment.data, 'train')[0]
  params = run.variables()['params']
  exact = components.log_likelihood(components.fit(train, model.code), train)
  reached = marginal(params, train)
  found = gradients(model, params, train[:64])
  table = [[found[t][p] for p in ('encoder', 'decoder')] for t in found]

  def show():
    figure, axes = draw.panel(4.2, 2.2)
    axes.imshow(np.array(table) > 0, cmap='Blues', vmin=0, vmax=2)
    for (row, column), value in np.ndenumerate(np.array(table)):
      axes.text(column, row, f'{value:.2g}', ha='center', va='center')
    axes.set(xticks=[0, 1], xticklabels=['encoder', 'decoder'])
    axes.set(yticks=[0, 1], yticklabels=['reconstruction', 'KL divergence'])
    return figure

  return [
    Picture(
      'What each term trains',
      'The largest absolute gradient of each term of the ELBO with respect to the '
      'parameters of each network. The lecture assigns the reconstruction to the '
      'decoder and the KL divergence to the encoder; the reconstruction trains both.',
      show,
      (
        claims.identity(
          f'log p(x) = ELBO + KL(q || p(z|x)) of {CASES} random linear Gaussian models',
          sides[:, 0],
          sides[:, 1],
          1e-5,
        ),
        Claim(
          'The KL divergence sends no gradient to the decoder, the reconstruction '
          'sends one to both networks',
          found['kl']['decoder'] == 0 < min(found['reconstruction'].values()),
          f'{found["kl"]["decoder"]:.1g}; '
          f'{found["reconstruction"]["encoder"]:.2g} and '
          f'{found["reconstruction"]["decoder"]:.2g}',
        ),
        Claim(
          f'A linear VAE reaches the likelihood of probabilistic PCA, to {CLOSE:g} '
          'nats',
          abs(reached - exact) <= CLOSE,
          f'{reached:.3f} against {exact:.3f} nats of a training image',
        ),
      ),
    )
  ]
