"""Samples against closed forms: how means over draws near expectations.

The mean of n independent draws is off by σ/√n, whatever they are drawn from, if only
its variance is finite: that is all Monte Carlo needs, and why it is slow. (Means of a
Cauchy distribution, which has no variance, come no nearer to anything.)

Shapes: D repetitions, T draws in each.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.mathematics import probability
from dl_core.tasks.distributions import Bernoulli, Distribution, Exponential, Gaussian
from dl_core.types import Claim, Key, Picture

FIRST = 8  # draws: the least that a mean is taken of


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
    seed: of all that is drawn.
    draws: repetitions, over which the claims are checked.
    samples: numbers that are drawn in each.
  """
  key = jax.random.key(seed)
  throws = np.random.default_rng(seed).integers(1, 7, (draws, samples))
  found = {
    name: monte_carlo(jax.random.fold_in(key, n), family, draws, samples)
    for n, (name, family) in enumerate(families().items())
  }
  return [die_picture(throws), monte_carlo_picture(found)]


class Errors(NamedTuple):
  """How far means over draws are from closed forms.

  Attributes:
    counts: [C] draws that the mean is taken of.
    mean: [C] root mean square, over the repetitions, of what the mean is off E[x].
    entropy: [C] the same of the mean of -log p(x), off the entropy.
    sigma: √Var[x], in closed form.
    variance: mean of (x - E[x])² over all draws, over Var[x].
  """

  counts: np.ndarray
  mean: np.ndarray
  entropy: np.ndarray
  sigma: float
  variance: float

  @property
  def slope(self) -> float:
    """The power of n with which the error of the mean falls: least squares on logs."""
    return float(np.polyfit(np.log(self.counts), np.log(self.mean), 1)[0])


def monte_carlo(key: Key, family: Distribution, draws: int, samples: int) -> Errors:
  """Draws from a distribution and compares with its closed forms."""
  counts = FIRST * 2 ** np.arange(int(np.log2(samples / FIRST)) + 1)

  @jax.jit
  def measure(key, family):
    x = family.sample(key, (draws, samples))
    closed = family.mean, family.variance, family.entropy()
    return x, -family.log_prob(x), closed

  x, surprise, (mean, variance, entropy) = jax.device_get(measure(key, family))

  def errors(values, truth):  # of the first draws of each repetition
    means = np.cumsum(values, axis=1, dtype=np.float64)[:, counts - 1] / counts
    return np.sqrt(np.mean((means - truth) ** 2, axis=0))

  spread = float(np.mean((x - mean) ** 2) / variance)
  return Errors(
    counts, errors(x, mean), errors(surprise, entropy), float(variance) ** 0.5, spread
  )


def die_picture(throws: np.ndarray) -> Picture:
  """Draws the probabilities of a fair die, and means of more and more throws [D, T]."""
  faces, p = jnp.arange(1.0, 7), jnp.full(6, 1 / 6)
  mean, variance = probability.expectation(p, faces), probability.variance(p, faces)
  count = np.arange(1, throws.shape[1] + 1)
  means = np.cumsum(throws, axis=1) / count
  error = np.sqrt(35 / 12 / count)
  inside = np.mean(np.abs(means[:, -1] - 3.5) < 2 * error[-1])

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 2.8), layout='constrained')
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    left.bar(faces, p, color='C0')
    left.axvline(3.5, color='C1', lw=2)
    left.set(xlabel='x', ylabel='P(x)', yticks=(0, 1 / 6), xticks=faces)
    left.set_yticklabels(('0', '1/6'))
    shown = np.unique(np.geomspace(1, len(count), 200).astype(int)) - 1
    right.plot(count[shown], means[:5, shown].T, color='C0', lw=0.9)
    for side in (-2, 2):
      right.plot(count[shown], 3.5 + side * error[shown], color='grey', ls='--', lw=1)
    right.axhline(3.5, color='C1', lw=2)
    right.set(xscale='log', ylim=(1, 6), xlabel='throws', ylabel='mean so far')
    return figure

  return Picture(
    'A die has the mean 3.5',
    'Left: six outcomes of 1/6 each; the orange line is the expectation Σ x·P(x). '
    'Right: the mean of the throws so far, five times; dashed: 3.5 ± 2·√(35/12/n).',
    draw,
    (
      Claim(
        'The expectation of a fair die is 3.5 and its variance 35/12, to 1e-6',
        bool(abs(mean - 3.5) < 1e-6 and abs(variance - 35 / 12) < 1e-6),
        f'{mean:.7g} and {variance:.7g}',
      ),
      Claim(
        'The mean of many throws nears it: 95 % of means are within 2·σ/√n',
        bool(0.9 <= inside <= 0.99),
        f'{inside:.1%} of {len(throws)} means of {throws.shape[1]:,} throws',
      ),
    ),
  )


def monte_carlo_picture(found: Mapping[str, Errors]) -> Picture:
  """Draws how the error of a mean falls with the number of draws.

  Args:
    found: {name of the distribution: its errors}.
  """
  slopes = {name: errors.slope for name, errors in found.items()}
  ratios = np.concatenate(
    [e.mean * np.sqrt(e.counts) / e.sigma for e in found.values()]
  )
  last = {name: float(errors.entropy[-1]) for name, errors in found.items()}
  first = {name: float(errors.entropy[0]) for name, errors in found.items()}
  variances = [errors.variance for errors in found.values()]

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout='constrained')
    left, right = figure.subplots(1, 2)
    for place, (name, errors) in enumerate(found.items()):
      colour = f'C{place}'
      left.plot(errors.counts, errors.mean, 'o', ms=4, color=colour, label=name)
      closed = errors.sigma / np.sqrt(errors.counts)
      left.plot(errors.counts, closed, color=colour, lw=1)
      right.plot(errors.counts, errors.entropy, 'o-', ms=4, lw=1, color=colour)
    for axes, of in ((left, 'x'), (right, '−log p(x), nats')):
      axes.set(xscale='log', yscale='log', xlabel='draws n')
      axes.set_title(f'mean of {of}', fontsize=10)
    left.set_ylabel('root mean square error')
    left.legend(fontsize=8)
    return figure

  return Picture(
    'Monte Carlo: four times the draws for half the error',
    'How far means over n draws are off closed forms. Left: of x, off its expectation; '
    'dots are measured, lines are σ/√n. Right: of −log p(x), off the entropy.',
    draw,
    (
      Claim(
        'The error of a mean falls like 1/√n, whichever is drawn of these '
        'distributions of finite variance',
        all(abs(slope + 0.5) < 0.05 for slope in slopes.values()),
        'as n to the power of '
        + ', '.join(f'{slope:.3f} ({name})' for name, slope in slopes.items()),
      ),
      Claim(
        'It is σ/√n, with the variance of the closed form',
        bool(
          np.abs(ratios - 1).max() < 0.25
          and np.abs(np.subtract(variances, 1)).max() < 0.05
        ),
        f'{ratios.min():.2f} to {ratios.max():.2f} of it; sampled variances are '
        + ', '.join(f'{variance:.3f}' for variance in variances)
        + ' of the closed form',
      ),
      Claim(
        'The entropy is the expected self-information: averages of −log p(x) near it',
        all(last[name] < first[name] / 4 for name in found),
        ', '.join(f'off by {last[name]:.3f} ({name})' for name in found),
      ),
    ),
  )
