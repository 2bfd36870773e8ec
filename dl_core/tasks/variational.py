"""The evidence lower bound (ELBO), the tighter bound of IWAE, and log p(x) itself.

  log p(x) = ELBO + KL(q(z|x) || p(z|x)) >= ELBO = E_q log p(x|z) - KL(q(z|x) || p(z))

The importance-weighted bound (Burda, Grosse & Salakhutdinov 2015,
https://arxiv.org/abs/1509.00519) is the log of the mean of S weights

  w = p(x|z) p(z) / q(z|x),  z drawn from q(z|x)

which rises to log p(x) with S. All values are nats per image: sums over its pixels and
over the code. With a Bernoulli decoder they are a likelihood only of black and white
pixels; with a Gaussian decoder they are a density, which may be above 1.

Shapes: B images, H x W pixels, C channels, Z numbers of a code, S codes of an image.
"""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp

from dl_core import metrics
from dl_core.models.vae import VAE, Decoded, Output, Posterior, drawn
from dl_core.tasks import information
from dl_core.tasks.apply import apply, untrained
from dl_core.tasks.supervised import judged
from dl_core.types import Array, Batch, Key, Metrics, Task, Variables

ELBO, IWAE = OBJECTIVES = ('elbo', 'iwae')
PIXELS = (-3, -2, -1)


def variational(model: VAE, objective: str = ELBO) -> Task:
  """Makes the task of a VAE, which models `batch.x`.

  Metrics are the negative bounds `elbo` and `iwae`, and the two terms of `elbo`:
  `reconstruction`, which is -E_q log p(x|z), and `kl`. `loss` is the objective.

  Args:
    model: the VAE.
    objective: one of `OBJECTIVES`; its negative is minimised.
  """

  def judge(output: Output, batch: Batch) -> Metrics:
    found = terms(output, batch.x)
    found['loss'] = found[objective]
    return {name: metrics.weighted(v, batch.weight) for name, v in found.items()}

  return judged(model, judge)


def terms(output: Output, x: Array) -> dict[str, Array]:
  """Returns the negative bounds and the two terms of the ELBO, [B] each, in nats."""
  log_x = log_likelihood(output.decoded, x)  # [S, B]
  reconstruction = -jnp.mean(log_x, axis=0)
  kl = divergence(output.posterior)
  log_w = log_x + log_weight(output.posterior, output.z)
  return {
    'elbo': reconstruction + kl,
    'iwae': -mean_of_logs(log_w),
    'reconstruction': reconstruction,
    'kl': kl,
  }


def log_likelihood(decoded: Decoded, x: Array) -> Array:
  """log p(x|z). Shapes: [..., B, H, W, C] and x [B, H, W, C] -> [..., B]."""
  x = jnp.broadcast_to(x, decoded.pixels.shape)
  if decoded.logvar is None:
    return -jnp.sum(information.sigmoid_cross_entropy(decoded.pixels, x), axis=PIXELS)
  return jnp.sum(log_normal(x, decoded.pixels, decoded.logvar), axis=PIXELS)


def log_normal(x: Array, mean: Array, logvar: Array) -> Array:
  """Returns the elementwise log density of N(mean, exp(logvar)) at x."""
  square = jnp.square(x - mean) * jnp.exp(-logvar)
  return -0.5 * (math.log(2 * math.pi) + logvar + square)


def divergence(q: Posterior) -> Array:
  """KL(q || N(0, I)) in closed form. Shapes: [..., Z] -> [...]."""
  each = jnp.exp(q.logvar) + jnp.square(q.mean) - 1 - q.logvar
  return 0.5 * jnp.sum(each, axis=-1)


def log_weight(q: Posterior, z: Array) -> Array:
  """log p(z) - log q(z|x). Shapes: z [S, B, Z] -> [S, B]."""
  prior = log_normal(z, jnp.zeros(()), jnp.zeros(()))
  return jnp.sum(prior - log_normal(z, q.mean[None], q.logvar[None]), axis=-1)


def mean_of_logs(log_w: Array) -> Array:
  """Returns log(mean(exp(log_w))) over the first axis, without underflow."""
  return jax.nn.logsumexp(log_w, axis=0) - math.log(len(log_w))


@functools.partial(jax.jit, static_argnums=(0, 3, 4))
def evidence(
  model: VAE, variables: Variables, x: Array, samples: int, block: int, key: Key
) -> Array:
  """Estimates log p(x) [B] of images [B, H, W, C] by importance sampling.

  Every image is encoded once.

  Args:
    model, variables: the trained VAE.
    x: the images.
    samples: S, codes drawn for each image, rounded up to a multiple of `block`.
    block: codes of an image that are decoded at a time.
    key: draws the codes.
  """
  run: Any = functools.partial(
    apply, model, variables['params'], untrained(variables), train=False
  )
  q, _ = run(x, method='encode')

  def step(total, key):
    noise = jax.random.normal(key, (block, *q.mean.shape))
    z = drawn(q, noise)
    decoded, _ = run(z, method='decode')
    log_w = log_likelihood(decoded, x) + log_weight(q, z)
    return jnp.logaddexp(total, jax.nn.logsumexp(log_w, axis=0)), None

  blocks = -(-samples // block)
  start = jnp.full(len(x), -jnp.inf)
  total, _ = jax.lax.scan(step, start, jax.random.split(key, blocks))
  return total - math.log(blocks * block)
