"""KL(P‖Q) and KL(Q‖P), and the Gaussians that minimise them for a bimodal P.

After Bishop, Pattern Recognition and Machine Learning, section 10.1.2, and Goodfellow
et al., Deep Learning, section 3.13. Shapes: X points, K outcomes.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.mathematics import chance, surprise
from dl_core.report import draw
from dl_core.tasks import information
from dl_core.tasks.distributions import Gaussian
from dl_core.types import Array, Claim, Picture

MODES = (-2.0, 2.0)  # means of the two parts of the mixture
WIDTH = 0.7  # their standard deviation


def pictures(seed: int, draws: int) -> list[Picture]:
  """Makes the picture of this module; one claim is checked on `draws` pairs."""
  random = np.random.default_rng(seed)
  p, q = (chance.tables(random, draws, 6) for _ in range(2))
  return [picture(p, q, fits())]


class Fits(NamedTuple):
  """The Gaussians nearest to a mixture of two Gaussians.

  Attributes:
    x: places [X] of the densities.
    mixture, forward, backward: densities [X] of the mixture P, of the Q that minimises
      KL(P‖Q), and of the Q that minimises KL(Q‖P).
    best: mean and standard deviation of both Q, [2, 2].
  """

  x: Any
  mixture: Any
  forward: Any
  backward: Any
  best: Any


@jax.jit
def fits() -> Fits:
  """Finds the Gaussians nearest to the mixture, by a grid search."""
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
  # The divergence is infinite where a narrow Q underflows to 0: never the minimum.
  forward, backward = (
    jnp.argmin(information.kl(*pair))
    for pair in ((p * step, q * step), (q * step, p * step))
  )
  best = jnp.array([forward, backward])
  return Fits(x, mixture, q[forward], q[backward], choices[best])


def picture(p: Array, q: Array, fitted: Fits) -> Picture:
  """Draws the Gaussian nearest to a bimodal P by either divergence.

  Args:
    p, q: random tables [D, K] for a claim.
    fitted: the result of `fits`.
  """
  forward, backward = np.asarray(fitted.best)
  spread = (MODES[1] ** 2 + WIDTH**2) ** 0.5
  there, back = jax.device_get(surprise.measure(p, q)[2:4])
  apart = np.abs(there - back)

  def show():
    figure, axes = draw.panel(7.5, 2.6, xlabel='x', ylabel='density')
    x, look = fitted.x, {'color': draw.GREY, 'alpha': 0.35, 'lw': 0}
    axes.fill_between(x, fitted.mixture, label='P', **look)
    axes.plot(x, fitted.forward, lw=2, label='least KL(P‖Q)')
    axes.plot(x, fitted.backward, lw=2, label='least KL(Q‖P)')
    axes.set(xlim=(-6, 6), ylim=(0, None))
    draw.legend(axes)
    return figure

  return Picture(
    'KL divergence is not symmetric',
    'One Gaussian Q fitted to a bimodal P. Maximum likelihood minimises KL(P‖Q), which '
    'is large where P has mass and Q has none, so Q covers both modes. KL(Q‖P) is '
    'large where Q has mass and P has none, so Q covers one mode.',
    show,
    (
      Claim(
        'KL(P‖Q) and KL(Q‖P) differ',
        np.median(apart) > 0.01,
        f'by {np.median(apart):.2f} nats in the median of {len(p)} pairs, '
        f'{apart.max():.1f} at most',
      ),
      Claim(
        'The minimum of KL(P‖Q) has the mean and the variance of P, the minimum of '
        'KL(Q‖P) those of one mode',
        abs(forward[0]) < 0.1
        and abs(forward[1] - spread) < 0.1
        and abs(abs(backward[0]) - MODES[1]) < 0.2
        and abs(backward[1] - WIDTH) < 0.2,
        f'mean {abs(forward[0]):.1f}, σ {forward[1]:.2f} (P has 0 and {spread:.2f}); '
        f'mean {backward[0]:.1f}, σ {backward[1]:.2f} (a mode has {WIDTH})',
      ),
    ),
  )
