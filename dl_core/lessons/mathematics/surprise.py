"""Entropy of a coin, and cross-entropy as entropy and KL divergence.

Shapes: D draws, K outcomes.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.mathematics import chance
from dl_core.tasks import information
from dl_core.tasks.distributions import Bernoulli
from dl_core.types import Array, Claim, Picture

BELIEFS = {
  'P itself': (0.5, 0.25, 0.125, 0.125),
  'uniform': (0.25, 0.25, 0.25, 0.25),
  'the wrong way round': (0.125, 0.125, 0.25, 0.5),
  'almost sure': (0.97, 0.01, 0.01, 0.01),
}


def pictures(seed: int, draws: int) -> list[Picture]:
  """Makes the pictures of this module; claims are of `draws` random tables each."""
  random = np.random.default_rng(seed)
  p, q = (chance.tables(random, draws, 6) for _ in range(2))
  return [coin_picture(p), bars_picture(p, q)]


class Divergence(NamedTuple):
  """Two distributions, or many pairs of them, measured: nats.

  Attributes:
    own, crossed: H(P) and H(P, Q).
    there, back, still: KL(P‖Q), KL(Q‖P) and KL(P‖P).
  """

  own: Any
  crossed: Any
  there: Any
  back: Any
  still: Any


@jax.jit
def measure(p: Array, q: Array) -> Divergence:
  """Measures P and Q [..., K]."""
  return Divergence(
    own=information.entropy(p),
    crossed=information.cross_entropy(p, q),
    there=information.kl(p, q),
    back=information.kl(q, p),
    still=information.kl(p, p),
  )


def coin_picture(p: Array) -> Picture:
  """Draws self-information and the entropy of a coin.

  Args:
    p: random tables [D, K], on which a claim is checked.
  """
  heads = np.linspace(0, 1, 101, dtype=np.float32)

  @jax.jit
  def bits(p):
    nats = information.self_information(p), Bernoulli(p).entropy()
    return tuple(map(information.bits, nats))

  told, coin = jax.device_get(bits(heads))
  entropy, k = jax.jit(information.entropy), p.shape[-1]
  most = float(np.max(entropy(p)) / np.log(k))
  even = float(abs(entropy(np.full(k, 1 / k, np.float32)) - np.log(k)))

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
        'Of all tables of K outcomes the uniform one has the highest entropy, log K, '
        'to 1e-6',
        most < 1 + 1e-6 and even < 1e-6,
        f'at most {most:.3f} of log {k} in {len(p)} tables, uniform {even:.0e} off it',
      ),
    ),
  )


def bars_picture(p: Array, q: Array) -> Picture:
  """Draws a cross-entropy as the sum that it is.

  Args:
    p, q: random tables [D, K], on which the claims are checked.
  """
  found = jax.device_get(measure(p, q))
  # By definition: `information.kl` is itself made of the terms of the other two.
  wide = [np.asarray(each, np.float64) for each in (p, q)]
  kl = np.sum(wide[0] * np.log(wide[0] / wide[1]), axis=-1)
  off = np.abs([found.crossed - found.own - kl, found.there - kl])
  apart = np.max(off / found.crossed)
  extra, same = found.there, np.max(np.abs(found.still))

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.6), layout='constrained')
    axes = figure.subplots()
    beliefs = jnp.array(list(BELIEFS.values()))
    truth = jnp.broadcast_to(beliefs[0], beliefs.shape)
    nats = jax.device_get(measure(truth, beliefs))
    for place in range(len(beliefs)):
      base, more, crossed = (
        information.bits(each[place]) for each in (nats.own, nats.there, nats.crossed)
      )
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
        'H(P, Q) = H(P) + KL(P‖Q), where KL(P‖Q) = Σ p log(p / q), to 1e-6',
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
