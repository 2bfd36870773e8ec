"""Laws of matrix algebra and matrix rank, measured in float32 and float64.

A law holds up to rounding: about 1e-16 in NumPy's float64, 1e-7 in JAX's float32. An
inverse loses as many digits as the ratio of the extreme singular values has, so that
those of all matrices are between 1 and 2.

Shapes: D draws, N rows and columns, R ranks.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.report import draw
from dl_core.types import Claim, Picture

N = 6
TOLERANCE = 1e-6
SINGLE, DOUBLE = 'float32, JAX', 'float64, NumPy'
COMMUTES = 'AB = BA'
Errors = Mapping[str, np.ndarray]  # {law: its error in each draw [D]}


def pictures(seed: int, draws: int) -> list[Picture]:
  """Makes the pictures of this module from `draws` random matrices each."""
  random = np.random.default_rng(seed)
  three = [matrices(random, draws, N) for _ in range(3)]
  ranks = np.arange(1, N + 1)
  made = np.stack([matrices(random, draws, int(rank)) for rank in ranks])
  return [
    laws_picture(in_both(errors, *three)),
    rank_picture(ranks, in_both(relative, made), dependent(random, draws)),
  ]


def matrices(random: np.random.Generator, draws: int, rank: int) -> np.ndarray:
  """Draws matrices [D, N, N] of a rank; singular values are in [1, 2], or 0."""
  u, v = np.linalg.qr(random.normal(size=(2, draws, N, N)))[0]
  s = random.uniform(1, 2, (draws, 1, N))
  return u * s * (np.arange(N) < rank) @ v


def in_both(measure: Any, *arrays: np.ndarray) -> dict[str, Any]:
  """Returns {precision: measure(xp, *arrays)}, computed in both precisions."""
  with jax.default_matmul_precision('float32'):  # some devices round more by default
    single = jax.jit(lambda *own: measure(jnp, *own))(*map(jnp.asarray, arrays))
  return {SINGLE: jax.device_get(single), DOUBLE: measure(np, *arrays)}


def errors(xp: Any, a: Any, b: Any, c: Any) -> Errors:
  """Returns max |left - right| / max(1, |left|) [D] of each law for [D, N, N]."""
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
    name: top(left - right) / xp.maximum(top(left), 1.0)
    for name, (left, right) in laws.items()
  }


def laws_picture(found: Mapping[str, Errors]) -> Picture:
  """Draws the difference of the two sides of each law in both precisions."""
  apart = np.asarray(found[DOUBLE][COMMUTES])

  def show():
    figure, axes = draw.panel(7, 4, xlabel='difference of the two sides')
    laws = list(found[DOUBLE])
    for place, (precision, marker) in enumerate(((DOUBLE, 'o'), (SINGLE, 's'))):
      own = found[precision]
      worst = [own[law].min() if law == COMMUTES else own[law].max() for law in laws]
      height = np.arange(len(laws)) + 0.18 * (1 - 2 * place)
      axes.plot(np.maximum(worst, 1e-18), height, marker, label=precision)
    draw.guide(axes, x=TOLERANCE, ls='--')
    axes.set_xscale('log')
    axes.set_xticks([1e-18, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 1])
    axes.set_xticklabels(['exact', *(f'1e{n}' for n in range(-15, 0, 3)), '1'])
    axes.set_yticks(range(len(laws)), laws)
    axes.invert_yaxis()
    draw.legend(axes, loc='upper right')
    return figure

  return Picture(
    'Laws of matrices',
    f'The largest difference between the two sides of each law in {len(apart)} draws '
    f'of {N}×{N} matrices. The dashed line is 10⁻⁶; laws that hold stay left of it. '
    'Numbers commute and matrices do not: for AB = BA the smallest difference is '
    'drawn.',
    show,
    (
      Claim(
        'A product of matrices is not commutative',
        apart.min() > 0.01,
        f'AB and BA differ by at least {apart.min():.2f} in {len(apart)} draws',
      ),
    ),
  )


def relative(xp: Any, m: Any) -> Any:
  """Returns the singular values of [..., N, N] over the largest one: [..., N]."""
  s = xp.linalg.svd(m, compute_uv=False)
  return s / s[..., :1]


def dependent(random: np.random.Generator, draws: int) -> np.ndarray:
  """Returns the rank [2, D] of N random columns, without and with a dependent one."""
  free = random.normal(size=(draws, N, N))
  bound, weights = free.copy(), random.normal(size=(draws, N - 1))
  bound[..., -1] = np.einsum('dnm,dm->dn', free[..., :-1], weights)
  return (relative(np, np.stack([free, bound])) > TOLERANCE).sum(axis=-1)


def rank_picture(
  ranks: np.ndarray, found: Mapping[str, np.ndarray], columns: np.ndarray
) -> Picture:
  """Draws the singular values of matrices with a known number of directions.

  Args:
    ranks: number of directions [R].
    found: {precision: singular values over the largest one [R, D, N]}.
    columns: rank [2, D] of random columns, without and with a dependent one.
  """
  counted = {name: (own > TOLERANCE).sum(axis=-1) for name, own in found.items()}
  noise = {
    name: max(float(own[n, :, rank:].max(initial=0)) for n, rank in enumerate(ranks))
    for name, own in found.items()
  }
  free, bound = columns

  def show():
    figure, panels = draw.panels(7.5, 3, 2, sharey=True, titles=(SINGLE, DOUBLE))
    for axes, name in zip(panels, (SINGLE, DOUBLE), strict=True):
      for place, rank in enumerate((2, 4, N)):
        values = np.maximum(found[name][list(ranks).index(rank)], 1e-18)
        x, colour = np.arange(1, N + 1) + 0.15 * (place - 1), draw.COLOURS[place]
        axes.vlines(x, values.min(axis=0), values.max(axis=0), color=colour, lw=2)
        axes.plot(x, np.median(values, axis=0), 'o', color=colour, label=f'rank {rank}')
      draw.guide(axes, y=TOLERANCE, ls='--')
      axes.set(yscale='log', xlabel='singular value, the largest first')
    panels[0].set_ylabel('share of the largest')
    draw.legend(panels[0], loc='lower left')
    return figure

  return Picture(
    'Rank: how many columns are independent',
    f'Singular values of {N}×{N} matrices made of 2, 4 and {N} independent directions: '
    f'median and range of {len(free)} draws. The rank is the number of singular values '
    'above 0. Computed zeros are tiny instead; the dashed line at 10⁻⁶ decides.',
    show,
    (
      Claim(
        'The rank counted at 1e-6 is the number of independent directions',
        all(np.all(own == ranks[:, None]) for own in counted.values()),
        '; '.join(f'zeros are at most {noise[name]:.0e} in {name}' for name in found)
        + f'; {counted[DOUBLE].size:,} matrices',
      ),
      Claim(
        'Random columns are linearly independent; a combination of the others in place '
        'of a column lowers the rank by 1',
        np.all(free == N) and np.all(bound == N - 1),
        f'rank {free.min()} to {free.max()} without it, {bound.min()} to '
        f'{bound.max()} with it',
      ),
    ),
  )
