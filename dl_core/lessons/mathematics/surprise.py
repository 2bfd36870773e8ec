"""Entropy of a coin; cross-entropy as entropy plus KL divergence.

Shapes: D draws, K outcomes.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.mathematics import chance
from dl_core.report import claims, draw
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
  """Makes the pictures of this module; each claim is checked on `draws` tables."""
  random = np.random.default_rng(seed)
  p, q = (chance.tables(random, draws, 6) for _ in range(2))
  return [coin_picture(p), bars_picture(p, q)]


class Divergence(NamedTuple):
  """Entropies and divergences of pairs of distributions P and Q in nats.

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
  """Returns the entropies and divergences of P and Q [..., K]."""
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
    p: random tables [D, K] for a claim.
  """
  heads = np.linspace(0, 1, 101, dtype=np.float32)

  @jax.jit
  def bits(p):
    nats = information.self_information(p), Bernoulli(p).entropy()
    return tuple(map(information.bits, nats))

  surprise, coin = jax.device_get(bits(heads))
  entropy, k = jax.jit(information.entropy), p.shape[-1]
  most = float(np.max(entropy(p)) / np.log(k))
  even = float(abs(entropy(np.full(k, 1 / k, np.float32)) - np.log(k)))

  def show():
    titles = '−log₂ p: one outcome', 'a coin, on average'
    figure, (left, right) = draw.panels(7.5, 2.8, 2, titles=titles)
    left.plot(heads[1:], surprise[1:], color=draw.BLUE, lw=2)
    left.set(xlabel='its probability p', ylabel='self-information, bits', ylim=(0, 7))
    right.plot(heads, coin, color=draw.BLUE, lw=2)
    right.plot(0.5, coin[50], 'o', color=draw.ORANGE)
    right.set(xlabel='probability of heads', ylabel='entropy, bits', ylim=(0, 1.1))
    return figure

  return Picture(
    'Information: the rarer, the more it tells',
    'A certain outcome carries no information. A toss of a fair coin carries 1 bit, a '
    'toss of a coin with two equal sides none.',
    show,
    (
      claims.identity(
        'The entropy of a coin is highest for a fair coin, 1 bit, and 0 if one side is '
        'certain',
        [coin.max(), coin[50], coin[0], coin[-1]],
        [1, 1, 0, 0],
        1e-6,
      ),
      Claim(
        'Of all distributions over K outcomes the uniform one has the highest entropy, '
        'log K, to 1e-6',
        most < 1 + 1e-6 and even < 1e-6,
        f'at most {most:.3f}·log {k} in {len(p)} tables; uniform: log {k} ± {even:.0e}',
      ),
    ),
  )


def bars_picture(p: Array, q: Array) -> Picture:
  """Draws cross-entropies as sums of entropy and divergence.

  Args:
    p, q: random tables [D, K] for the claims.
  """
  found = jax.device_get(measure(p, q))
  # By the definition, because `information.kl` is the difference of the other two.
  wide = [np.asarray(each, np.float64) for each in (p, q)]
  kl = np.sum(wide[0] * np.log(wide[0] / wide[1]), axis=-1)
  extra, same = found.there, np.max(np.abs(found.still))

  def show():
    figure, axes = draw.panel(7, 2.6, xlabel='bits', ylabel='belief Q', xlim=(0, 5.5))
    beliefs = jnp.array(list(BELIEFS.values()))
    truth = jnp.broadcast_to(beliefs[0], beliefs.shape)
    nats = jax.device_get(measure(truth, beliefs))
    for place in range(len(beliefs)):
      base, more, crossed = (
        information.bits(each[place]) for each in (nats.own, nats.there, nats.crossed)
      )
      axes.barh(place, base, color=draw.BLUE)
      axes.barh(place, more, left=base, color=draw.ORANGE)
      axes.plot(crossed, place, 'D', color=draw.GREEN)
      axes.annotate(
        f'{base:.3f} + {more:.3f} = {crossed:.3f}', (crossed, place), va='center',
        xytext=(8, 0), textcoords='offset points',
      )  # fmt: skip
    axes.set_yticks(range(len(BELIEFS)), BELIEFS)
    axes.invert_yaxis()
    parts = {'H(P)': draw.BLUE, 'KL(P‖Q)': draw.ORANGE, 'H(P, Q)': draw.GREEN}
    draw.legend(axes, parts)
    return figure

  return Picture(
    'Cross-entropy = entropy + divergence',
    'Average code length of outcomes from P = (½, ¼, ⅛, ⅛) under beliefs Q. The '
    'entropy of P is a lower bound; a model with a lower cross-entropy has a lower '
    'divergence from the data.',
    show,
    (
      claims.identity(
        'H(P, Q) = H(P) + KL(P‖Q), where KL(P‖Q) = Σ p log(p / q)',
        np.stack([found.crossed, found.there]),
        np.stack([found.own + kl, kl]),
        1e-6,
      ),
      Claim(
        'KL(P‖Q) is positive, and 0 if Q = P',
        extra.min() > 0 and same == 0,
        f'{extra.min():.3f} to {extra.max():.2f} nats in {len(p)} pairs; at most '
        f'{same:g} if Q = P',
      ),
    ),
  )
