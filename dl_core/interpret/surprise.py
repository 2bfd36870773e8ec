"""Entropy, cross-entropy and KL divergence, drawn for coins, tables and Gaussians.

Shapes: D draws, K outcomes.
"""

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import information
from dl_core.distributions import Bernoulli, Gaussian
from dl_core.interpret import chance
from dl_core.types import Array, Claim, Picture

P = np.array([0.5, 0.25, 0.125, 0.125], np.float32)
BELIEFS = {
  'P itself': P,
  'uniform': np.full(4, 0.25, np.float32),
  'the wrong way round': P[::-1].copy(),
  'almost sure': np.array([0.97, 0.01, 0.01, 0.01], np.float32),
}
GRID = np.linspace(-8, 8, 1_601, dtype=np.float32)  # x, where densities are summed
MODES = (-2.0, 2.0)  # the means of the mixture that one Gaussian is fitted to
WIDTH = 0.7  # the standard deviation of both


def pictures(seed: int, draws: int) -> list[Picture]:
  """Makes the pictures of this module; claims are of `draws` random tables each."""
  random = np.random.default_rng(seed)
  p, q = chance.tables(random, 2 * draws, 6).reshape(2, draws, 6)
  return [coin_picture(p), bars_picture(p, q), sides_picture(p, q)]


def coin_picture(p: np.ndarray) -> Picture:
  """Draws self-information and the entropy of a coin.

  Args:
    p: random tables [D, K], on which a claim is checked.
  """
  heads = np.linspace(0, 1, 101, dtype=np.float32)
  told = np.asarray(information.bits(information.self_information(heads)))
  coin = np.asarray(information.bits(Bernoulli(heads).entropy()))
  most = float(np.max(information.entropy(p)) / np.log(p.shape[-1]))

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 2.8), layout='constrained')
    left, right = figure.subplots(1, 2)
    left.plot(heads[1:], told[1:], color='C0', lw=2)
    left.set_title('−log₂ p: one outcome', fontsize=10)
    left.set(xlabel='its probability p', ylabel='self-information, bits', ylim=(0, 7))
    right.plot(heads, coin, color='C0', lw=2)
    right.plot(0.5, coin[50], 'o', color='C1')
    right.set_title('a coin, on average', fontsize=10)
    right.set(xlabel='probability of heads', ylabel='entropy, bits', ylim=(0, 1.1))
    return figure

  return Picture(
    'Information: the rarer, the more it tells',
    'What is certain tells nothing. A fair coin tells one bit a toss, one that always '
    'shows the same side none.',
    draw,
    (
      Claim(
        'A coin tells most if it is fair, 1 bit, and nothing if its side is certain, '
        'to 1e-6',
        bool(
          np.argmax(coin) == 50
          and abs(coin[50] - 1) < 1e-6
          and max(abs(coin[[0, -1]])) < 1e-6
        ),
        f'{coin[50]:.6f} bits at ½, {coin[0]:g} at 0 and {abs(coin[-1]):g} at 1',
      ),
      Claim(
        'Of all tables of K outcomes the uniform one has the highest entropy, log K',
        most < 1 + 1e-6,
        f'at most {most:.3f} of log {p.shape[-1]} in {len(p)} tables',
      ),
    ),
  )


def bars_picture(p: np.ndarray, q: np.ndarray) -> Picture:
  """Draws a cross-entropy as the sum that it is.

  Args:
    p, q: random tables [D, K], on which the claims are checked.
  """
  own, paid, extra = (
    np.asarray(each)
    for each in (
      information.entropy(p), information.cross_entropy(p, q), information.kl(p, q)
    )
  )  # fmt: skip
  apart = np.max(np.abs(paid - own - extra) / paid)
  same = float(np.max(np.abs(information.kl(p, p))))

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.6), layout='constrained')
    axes = figure.subplots()
    base = float(information.bits(information.entropy(P)))
    for place, q in enumerate(BELIEFS.values()):
      more = float(information.bits(information.kl(P, q)))
      crossed = float(information.bits(information.cross_entropy(P, q)))
      first = place == 0
      axes.barh(place, base, color='C0', label='H(P)' if first else None)
      axes.barh(place, more, left=base, color='C1', label='KL(P‖Q)' if first else None)
      axes.plot(crossed, place, 'D', color='C2', label='H(P, Q)' if first else None)
      axes.annotate(
        f'{base:.3f} + {more:.3f} = {crossed:.3f}', (crossed, place), va='center',
        xytext=(8, 0), textcoords='offset points',
      )  # fmt: skip
    axes.set_yticks(range(len(BELIEFS)), BELIEFS)
    axes.invert_yaxis()
    axes.set(xlabel='bits', ylabel='belief Q', xlim=(0, 5.5))
    axes.legend(fontsize=8)
    return figure

  return Picture(
    'Cross-entropy = entropy + divergence',
    'What outcomes of P = (½, ¼, ⅛, ⅛) cost on average, by beliefs Q. Nothing is below '
    'the entropy of P; to lower the cross-entropy of a model is to lower its '
    'divergence from the data.',
    draw,
    (
      Claim(
        'H(P, Q) = H(P) + KL(P‖Q), to 1e-6',
        bool(apart < 1e-6),
        f'at most {apart:.0e} of it apart in {len(p)} pairs',
      ),
      Claim(
        'KL(P‖Q) is above 0, and 0 where Q is P',
        bool(extra.min() > 0 and same == 0),
        f'{extra.min():.3f} to {extra.max():.2f} nats in {len(p)} pairs, {same:g} of '
        'each table from itself',
      ),
    ),
  )


def mixture(x: Array) -> Array:
  """Densities [X] of two Gaussians with half the weight each."""
  parts = [Gaussian(m, 2 * np.log(WIDTH)).log_prob(x) for m in MODES]
  return jnp.mean(jnp.exp(jnp.stack(parts)), axis=0)


def fits() -> tuple[np.ndarray, np.ndarray]:
  """Finds the Gaussians nearest to the mixture, by a search of all on a grid.

  Returns:
    (mean, standard deviation) of the least KL(P‖Q), and of the least KL(Q‖P), where P
    is the mixture.
  """
  step = GRID[1] - GRID[0]
  p = mixture(GRID) * step
  means, widths = np.linspace(-4, 4, 81), np.linspace(0.3, 3.5, 65)
  choices = np.stack(np.meshgrid(means, widths), axis=-1).reshape(-1, 2)

  @jax.jit
  @jax.vmap
  def both(choice):
    q = jnp.exp(Gaussian(choice[0], 2 * jnp.log(choice[1])).log_prob(GRID)) * step
    return information.kl(p, q), information.kl(q, p)

  # Where a narrow Q has density 0 in float32 the divergence is infinite: never least.
  forward, backward = both(choices.astype(np.float32))
  return choices[np.argmin(forward)], choices[np.argmin(backward)]


def sides_picture(p: np.ndarray, q: np.ndarray) -> Picture:
  """Draws which Gaussian is nearest to two bumps, by either divergence.

  Args:
    p, q: random tables [D, K], on which a claim is checked.
  """
  forward, backward = fits()
  spread = (MODES[1] ** 2 + WIDTH**2) ** 0.5
  there, back = (np.asarray(information.kl(*pair)) for pair in ((p, q), (q, p)))
  ratio = np.maximum(there, back) / np.minimum(there, back)

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 2.6), layout='constrained')
    axes = figure.subplots()
    axes.fill_between(GRID, mixture(GRID), color='grey', alpha=0.35, lw=0, label='P')
    for (mean, width), name, colour in (
      (forward, 'least KL(P‖Q)', 'C0'), (backward, 'least KL(Q‖P)', 'C1'),
    ):  # fmt: skip
      density = np.exp(Gaussian(mean, 2 * np.log(width)).log_prob(GRID))
      axes.plot(GRID, density, color=colour, lw=2, label=name)
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
        bool(np.median(ratio) > 1.05),
        f'by a factor of {np.median(ratio):.2f} in the median of {len(p)} pairs, '
        f'{ratio.max():.1f} at most',
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
