"""Laws of matrices, and rank, found in numbers.

A law of algebra holds up to rounding: 1e-16 in NumPy's float64, 1e-7 in JAX's float32.
To ask for 1e-6 of both, all matrices have singular values between 1 and 2; an inverse
loses as many digits as the ratio of the largest to the smallest has.

Shapes: D draws, N rows and columns, R the rank.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Claim, Picture

N = 6
TOLERANCE = 1e-6
SINGLE, DOUBLE = 'float32, JAX', 'float64, NumPy'
COMMUTES = 'AB = BA'
Errors = Mapping[str, np.ndarray]  # {law: its error in each draw [D]}


def pictures(seed: int, draws: int) -> list[Picture]:
  """Makes the pictures of this module, of `draws` random matrices each."""
  random = np.random.default_rng(seed)
  three = [matrices(random, draws, N) for _ in range(3)]
  ranks = np.arange(1, N + 1)
  made = [matrices(random, draws, int(rank)) for rank in ranks]
  return [
    laws_picture(in_both(errors, *three)),
    rank_picture(ranks, in_both(relative, np.stack(made)), dependent(random, draws)),
  ]


def matrices(random: np.random.Generator, draws: int, rank: int) -> np.ndarray:
  """Draws matrices [D, N, N] of a rank; singular values are in [1, 2], or 0."""
  (u, v), s = (
    np.linalg.qr(random.normal(size=(2, draws, N, N)))[0],
    random.uniform(1, 2, (draws, 1, N)),
  )
  return u * s * (np.arange(N) < rank) @ v


def in_both(measure: Any, *arrays: np.ndarray) -> dict[str, Any]:
  """Measures the same numbers in both precisions: {precision: measure(xp, *arrays)}."""
  with jax.default_matmul_precision('float32'):  # some devices round more by default
    single = jax.jit(lambda *own: measure(jnp, *own))(*map(jnp.asarray, arrays))
  return {SINGLE: jax.device_get(single), DOUBLE: measure(np, *arrays)}


def errors(xp: Any, a: Any, b: Any, c: Any) -> Errors:
  """max |left - right| of each law, over max |left| if above 1. Takes [D, N, N]."""
  inv, eye = xp.linalg.inv, xp.broadcast_to(xp.eye(N, dtype=a.dtype), a.shape)
  turned = lambda m: xp.swapaxes(m, -1, -2)
  trace = lambda m: xp.trace(m, axis1=-2, axis2=-1)[:, None, None]
  d, e = eye * a, eye * b  # diagonal
  ata = turned(a) @ a
  laws = {
    'A(BC) = (AB)C': (a @ (b @ c), (a @ b) @ c),
    'A(B + C) = AB + AC': (a @ (b + c), a @ b + a @ c),
    '(AB)ᵀ = BᵀAᵀ': (turned(a @ b), turned(b) @ turned(a)),
    'AI = A': (a @ eye, a),
    'A⁻¹A = I': (inv(a) @ a, eye),
    '(AB)⁻¹ = B⁻¹A⁻¹': (inv(a @ b), inv(b) @ inv(a)),
    'tr AB = tr BA': (trace(a @ b), trace(b @ a)),
    'tr AᵀA = Σ a²': (trace(ata), xp.sum(a * a, axis=(-2, -1), keepdims=True)),
    'AᵀA = (AᵀA)ᵀ, symmetric': (ata, turned(ata)),
    'DE = ED, both diagonal': (d @ e, e @ d),
    COMMUTES: (a @ b, b @ a),
  }
  top = lambda m: xp.max(xp.abs(m), axis=(-2, -1))
  return {
    name: top(left - right) / xp.maximum(top(left), 1.0)  # a trace may be near 0
    for name, (left, right) in laws.items()
  }


def laws_picture(found: Mapping[str, Errors]) -> Picture:
  """Draws how far the two sides of each law are apart, in both precisions."""
  kept = {
    precision: max(float(own[law].max()) for law in own if law != COMMUTES)
    for precision, own in found.items()
  }
  apart = np.asarray(found[DOUBLE][COMMUTES])

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout='constrained')
    axes = figure.subplots()
    laws = list(found[DOUBLE])
    for place, (precision, marker) in enumerate(((DOUBLE, 'o'), (SINGLE, 's'))):
      own = found[precision]
      worst = [own[law].min() if law == COMMUTES else own[law].max() for law in laws]
      height = np.arange(len(laws)) + 0.18 * (1 - 2 * place)
      axes.plot(np.maximum(worst, 1e-18), height, marker, label=precision)
    axes.axvline(TOLERANCE, color='grey', ls='--', lw=1)
    axes.set_xscale('log')
    axes.set_xticks([1e-18, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 1])
    axes.set_xticklabels(['exact', *(f'$10^{{{n}}}$' for n in range(-15, 0, 3)), '1'])
    axes.set_yticks(range(len(laws)), laws)
    axes.invert_yaxis()
    axes.set_xlabel('difference of the two sides')
    axes.legend(fontsize=8, loc='upper right')
    return figure

  return Picture(
    'Laws of matrices',
    f'How far apart the two sides of each law are: the most in {len(apart)} draws of '
    f'{N}×{N} matrices, left of the dashed line at 10⁻⁶. One law of numbers is none of '
    'matrices, AB = BA: there it is the least of all draws.',
    draw,
    (
      Claim(
        'Products are associative and distributive, and transposes, inverses, traces '
        'and the identity keep their laws, to 1e-6',
        all(worst < TOLERANCE for worst in kept.values()),
        '; '.join(f'at most {kept[name]:.1e} in {name}' for name in (SINGLE, DOUBLE)),
      ),
      Claim(
        'A product of matrices is not commutative',
        bool(apart.min() > 0.01),
        f'AB and BA differ by {apart.min():.2f} or more in {len(apart)} draws of '
        f'{len(apart)}',
      ),
    ),
  )


def relative(xp: Any, m: Any) -> Any:
  """Returns the singular values of [..., N, N], over the largest: [..., N]."""
  s = xp.linalg.svd(m, compute_uv=False)
  return s / s[..., :1]


def dependent(random: np.random.Generator, draws: int) -> np.ndarray:
  """Counts the rank [2, D] of N random columns, and with one made of the others."""
  free = random.normal(size=(draws, N, N))
  bound, weights = free.copy(), random.normal(size=(draws, N - 1))
  bound[..., -1] = np.einsum('dnm,dm->dn', free[..., :-1], weights)
  return (relative(np, np.stack([free, bound])) > TOLERANCE).sum(axis=-1)


def rank_picture(
  ranks: np.ndarray, found: Mapping[str, np.ndarray], columns: np.ndarray
) -> Picture:
  """Draws the singular values of matrices made of a known number of directions.

  Args:
    ranks: that number [R].
    found: {precision: singular values over the largest [R, D, N]}.
    columns: rank [2, D] of random columns, and with a dependent one among them.
  """
  counted = {name: (own > TOLERANCE).sum(axis=-1) for name, own in found.items()}
  right = all(np.all(own == ranks[:, None]) for own in counted.values())
  noise = {
    name: max(float(own[n, :, rank:].max(initial=0)) for n, rank in enumerate(ranks))
    for name, own in found.items()
  }
  free, bound = columns

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 3), layout='constrained')
    for axes, name in zip(
      figure.subplots(1, 2, sharey=True), (SINGLE, DOUBLE), strict=True
    ):
      for place, rank in enumerate((2, 4, N)):
        values = np.maximum(found[name][list(ranks).index(rank)], 1e-18)
        x = np.arange(1, N + 1) + 0.15 * (place - 1)
        colour = f'C{place}'
        axes.vlines(x, values.min(axis=0), values.max(axis=0), color=colour, lw=2)
        axes.plot(x, np.median(values, axis=0), 'o', color=colour, label=f'rank {rank}')
      axes.axhline(TOLERANCE, color='grey', ls='--', lw=1)
      axes.set_yscale('log')
      axes.set_title(name, fontsize=10)
      axes.set_xlabel('singular value, the largest first')
    figure.axes[0].set_ylabel('share of the largest')
    figure.axes[0].legend(fontsize=8, loc='lower left')
    return figure

  return Picture(
    'Rank: how many columns are independent',
    f'Singular values of {N}×{N} matrices made of 2, 4 and {N} independent directions, '
    f'the median and the range of {len(free)} draws. The rank is how many are not 0: '
    'above the dashed line at 10⁻⁶, since a computed 0 is none.',
    draw,
    (
      Claim(
        'The rank counted at 1e-6 is the number of independent directions a matrix is '
        'made of',
        right,
        '; '.join(f'a 0 is at most {noise[name]:.0e} in {name}' for name in found)
        + f'; {counted[DOUBLE].size:,} matrices',
      ),
      Claim(
        'Random columns are linearly independent, and one that is a combination of the '
        'others takes 1 from the rank',
        bool(np.all(free == N) and np.all(bound == N - 1)),
        f'rank {free.min()} to {free.max()} without it, {bound.min()} to '
        f'{bound.max()} with it',
      ),
    ),
  )
