"""Monte Carlo: means over random draws compared with closed forms.

The mean of n independent draws has the standard error σ/√n for every distribution with
a finite variance. (Means of a Cauchy distribution, which has no variance, do not
converge.)

Shapes: D repetitions, T draws in each.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.mathematics import probability
from dl_core.report import claims, draw
from dl_core.tasks.distributions import Bernoulli, Distribution, Exponential, Gaussian
from dl_core.types import Claim, Key, Picture

FIRST = 8  # the smallest number of draws in a mean


def families() -> dict[str, Distribution]:
  """Returns one distribution of each kind."""
  return {
    'Bernoulli, p = 0.3': Bernoulli(jnp.float32(0.3)),
    'Gaussian, μ = 1, σ² = 4': Gaussian(jnp.float32(1), jnp.float32(math.log(4))),
    'exponential, rate 1': Exponential(jnp.float32(1)),
  }


def pictures(seed: int, draws: int, samples: int) -> list[Picture]:
  """Makes the pictures of this module.

  Args:
    seed: seed of all random draws.
    draws: number of repetitions for the claims.
    samples: number of draws in each repetition.
  """
  key = jax.random.key(seed)
  throws = np.random.default_rng(seed).integers(1, 7, (draws, samples))
  found = {
    name: monte_carlo(jax.random.fold_in(key, n), family, draws, samples)
    for n, (name, family) in enumerate(families().items())
  }
  return [die_picture(throws), monte_carlo_picture(found)]


class Errors(NamedTuple):
  """Errors of means over draws, root mean squares over the repetitions.

  Attributes:
    counts: numbers [C] of draws in a mean.
    mean: errors [C] of the mean of x as an estimate of E[x].
    entropy: errors [C] of the mean of -log p(x) as an estimate of the entropy.
    sigma: √Var[x] in closed form.
    variance: mean of (x - E[x])² over all draws, over Var[x].
  """

  counts: np.ndarray
  mean: np.ndarray
  entropy: np.ndarray
  sigma: float
  variance: float

  @property
  def slope(self) -> float:
    """The power of n in the error of the mean, by least squares on logarithms."""
    return float(np.polyfit(np.log(self.counts), np.log(self.mean), 1)[0])


def monte_carlo(key: Key, family: Distribution, draws: int, samples: int) -> Errors:
  """Measures the errors of means over draws from a distribution."""
  counts = FIRST * 2 ** np.arange(int(np.log2(samples / FIRST)) + 1)

  @jax.jit
  def measure(key, family):
    x = family.sample(key, (draws, samples))
    closed = family.mean, family.variance, family.entropy()
    return x, -family.log_prob(x), closed

  x, surprise, (mean, variance, entropy) = jax.device_get(measure(key, family))

  def errors(values, truth):
    means = np.cumsum(values, axis=1, dtype=np.float64)[:, counts - 1] / counts
    return np.sqrt(np.mean((means - truth) ** 2, axis=0))

  spread = float(np.mean((x - mean) ** 2) / variance)
  return Errors(
    counts, errors(x, mean), errors(surprise, entropy), float(variance) ** 0.5, spread
  )


def die_picture(throws: np.ndarray) -> Picture:
  """Draws the probabilities of a fair die and running means of throws [D, T]."""
  faces, p = jnp.arange(1.0, 7), jnp.full(6, 1 / 6)
  mean, variance = probability.expectation(p, faces), probability.variance(p, faces)
  count = np.arange(1, throws.shape[1] + 1)
  means = np.cumsum(throws, axis=1) / count
  error = np.sqrt(35 / 12 / count)
  inside = np.mean(np.abs(means[:, -1] - 3.5) < 2 * error[-1])

  def show():
    figure, (left, right) = draw.panels(7.5, 2.8, 2, width_ratios=(2, 3))
    left.bar(faces, p, color=draw.BLUE)
    draw.guide(left, x=3.5, color=draw.ORANGE, ls='-', lw=2, zorder=2)
    left.set(xlabel='x', ylabel='P(x)', yticks=(0, 1 / 6), xticks=faces)
    left.set_yticklabels(('0', '1/6'))
    shown = np.unique(np.geomspace(1, len(count), 200).astype(int)) - 1
    right.plot(count[shown], means[:5, shown].T, color=draw.BLUE, lw=0.9)
    for side in (-2, 2):
      edge = 3.5 + side * error[shown]
      right.plot(count[shown], edge, color=draw.GREY, ls='--', lw=1)
    draw.guide(right, y=3.5, color=draw.ORANGE, ls='-', lw=2, zorder=2)
    right.set(xscale='log', ylim=(1, 6), xlabel='throws', ylabel='mean so far')
    return figure

  return Picture(
    'A die has the mean 3.5',
    'Left: six outcomes with probability 1/6; the orange line is the expectation '
    'Σ x·P(x). Right: five running means of throws; dashed: 3.5 ± 2·√(35/12/n).',
    show,
    (
      claims.identity(
        'The expectation of a fair die is 3.5 and its variance 35/12',
        [mean, variance],
        [3.5, 35 / 12],
        1e-6,
      ),
      Claim(
        'The mean of many throws converges to 3.5: 95 % of means are within 2·σ/√n',
        0.9 <= inside <= 0.99,
        f'{inside:.1%} of {len(throws)} means of {throws.shape[1]:,} throws',
      ),
    ),
  )


def monte_carlo_picture(found: Mapping[str, Errors]) -> Picture:
  """Draws the error of a mean over the number of draws.

  Args:
    found: {name of the distribution: errors}.
  """
  slopes = {name: errors.slope for name, errors in found.items()}
  ratios = np.concatenate(
    [e.mean * np.sqrt(e.counts) / e.sigma for e in found.values()]
  )
  last = {name: float(errors.entropy[-1]) for name, errors in found.items()}
  first = {name: float(errors.entropy[0]) for name, errors in found.items()}
  variances = [errors.variance for errors in found.values()]

  def show():
    titles = 'mean of x', 'mean of −log p(x), nats'
    look = {'xscale': 'log', 'yscale': 'log', 'xlabel': 'draws n'}
    figure, panels = draw.panels(8, 3.2, 2, titles=titles, subplot_kw=look)
    left, right = panels
    for (name, errors), colour in zip(found.items(), draw.COLOURS, strict=False):
      left.plot(errors.counts, errors.mean, 'o', ms=4, color=colour, label=name)
      closed = errors.sigma / np.sqrt(errors.counts)
      left.plot(errors.counts, closed, color=colour, lw=1)
      right.plot(errors.counts, errors.entropy, 'o-', ms=4, lw=1, color=colour)
    left.set_ylabel('root mean square error')
    draw.legend(left)
    return figure

  return Picture(
    'Monte Carlo: four times the draws for half the error',
    'Errors of means over n draws as estimates of closed forms. Left: of the '
    'expectation; dots are measured, lines are σ/√n. Right: of the entropy, by the '
    'mean of −log p(x).',
    show,
    (
      Claim(
        'The error of a mean falls like 1/√n for all three distributions',
        all(abs(slope + 0.5) < 0.05 for slope in slopes.values()),
        'as n to the power of '
        + ', '.join(f'{slope:.3f} ({name})' for name, slope in slopes.items()),
      ),
      Claim(
        'The error is σ/√n with the closed form of the variance',
        np.abs(ratios - 1).max() < 0.25
        and np.abs(np.subtract(variances, 1)).max() < 0.05,
        f'{ratios.min():.2f} to {ratios.max():.2f} times σ/√n; sampled variances are '
        + ', '.join(f'{variance:.3f}' for variance in variances)
        + ' times the closed form',
      ),
      Claim(
        'The entropy is the expected self-information: means of −log p(x) converge to '
        'it',
        all(last[name] < first[name] / 4 for name in found),
        ', '.join(f'off by {last[name]:.3f} ({name})' for name in found),
      ),
    ),
  )
