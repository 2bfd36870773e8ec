"""KL divergence from P to Q and from Q to P, and the Gaussian that each calls nearest.

The picture is that of Bishop, Pattern Recognition and Machine Learning, section 10.1.2,
and of Goodfellow et al., Deep Learning, section 3.13. Shapes: X points, K outcomes.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.mathematics import chance, surprise
from dl_core.tasks import information
from dl_core.tasks.distributions import Gaussian
from dl_core.types import Array, Claim, Picture

MODES = (-2.0, 2.0)  # the means of the mixture that one Gaussian is fitted to
WIDTH = 0.7  # the standard deviation of both


def pictures(seed: int, draws: int) -> list[Picture]:
  """Makes the picture of this module; a claim is of `draws` pairs of random tables."""
  random = np.random.default_rng(seed)
  p, q = (chance.tables(random, draws, 6) for _ in range(2))
  return [picture(p, q, fits())]


class Fits(NamedTuple):
  """The Gaussians nearest to a mixture of two.

  Attributes:
    x: [X] where densities are taken.
    mixture, forward, backward: [X] densities of the mixture P, of the Q of the least
      KL(P‖Q), and of that of the least KL(Q‖P).
    best: [2, 2] mean and standard deviation of those two.
  """

  x: Any
  mixture: Any
  forward: Any
  backward: Any
  best: Any


@jax.jit
def fits() -> Fits:
  """Finds the Gaussians nearest to the mixture, by a search of all on a grid."""
  x, means, widths = (
    jnp.linspace(*ends) for ends in ((-8, 8, 401), (-4, 4, 81), (0.3, 3.5, 65))
  )
  choices = jnp.stack(jnp.meshgrid(means, widths), axis=-1).reshape(-1, 2)

  @jax.vmap
  def density(choice):
    return jnp.exp(Gaussian(choice[0], 2 * jnp.log(choice[1])).log_prob(x))

  mixture = jnp.mean(density(jnp.array([(mode, WIDTH) for mode in MODES])), axis=0)
  step, q = x[1] - x[0], density(choices)
  p = jnp.broadcast_to(mixture, q.shape)
  # Where a narrow Q has density 0 in float32 the divergence is infinite: never least.
  forward, backward = (
    jnp.argmin(information.kl(*pair))
    for pair in ((p * step, q * step), (q * step, p * step))
  )
  best = jnp.array([forward, backward])
  return Fits(x, mixture, q[forward], q[backward], choices[best])


def picture(p: Array, q: Array, fitted: Fits) -> Picture:
  """Draws which Gaussian is nearest to two bumps, by either divergence.

  Args:
    p, q: random tables [D, K], on which a claim is checked.
    fitted: as from `fits`.
  """
  forward, backward = np.asarray(fitted.best)
  spread = (MODES[1] ** 2 + WIDTH**2) ** 0.5
  there, back = jax.device_get(surprise.measure(p, q)[2:4])
  apart = np.abs(there - back)

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 2.6), layout='constrained')
    axes = figure.subplots()
    x = fitted.x
    axes.fill_between(x, fitted.mixture, color='grey', alpha=0.35, lw=0, label='P')
    axes.plot(x, fitted.forward, lw=2, label='least KL(P‖Q)')
    axes.plot(x, fitted.backward, lw=2, label='least KL(Q‖P)')
    axes.set(xlim=(-6, 6), xlabel='x', ylabel='density', ylim=(0, None))
    axes.legend(fontsize=8)
    return figure

  return Picture(
    'KL divergence is not symmetric',
    'One Gaussian Q for a P of two bumps. KL(P‖Q), which maximum likelihood lowers, is '
    'high where P has mass and Q has none, so Q covers both bumps; KL(Q‖P) is high '
    'where Q has mass and P has none, so Q keeps to one.',
    draw,
    (
      Claim(
        'KL(P‖Q) and KL(Q‖P) differ',
        bool(np.median(apart) > 0.01),
        f'by {np.median(apart):.2f} nats in the median of {len(p)} pairs, '
        f'{apart.max():.1f} at most',
      ),
      Claim(
        'The least KL(P‖Q) takes the mean and the variance of P, the least KL(Q‖P) one '
        'of its bumps',
        bool(
          abs(forward[0]) < 0.1
          and abs(forward[1] - spread) < 0.1
          and abs(abs(backward[0]) - MODES[1]) < 0.2
          and abs(backward[1] - WIDTH) < 0.2
        ),
        f'mean {abs(forward[0]):.1f}, σ {forward[1]:.2f} (P has 0 and {spread:.2f}); '
        f'mean {backward[0]:.1f}, σ {backward[1]:.2f} (a bump has {WIDTH})',
      ),
    ),
  )
