"""Underfitting and overfitting polynomials; more data and a penalty as remedies.

Shapes: N points, D draws, M degree, G places of a fine grid.
"""

from typing import Any

import numpy as np

from dl_core.lessons.regression import polynomials
from dl_core.report import draw
from dl_core.types import Claim, Picture

GRID, MOST = polynomials.GRID, polynomials.MOST
SHOWN = (0, 1, 3, MOST)  # degrees
SIZES = (10, 15, 20, 30, 50, 100)  # of training sets
STRENGTHS = np.arange(-40.0, 1.0, 2.0)  # ln λ
BAND = (10, 90)  # percentiles of the draws


def curves_picture(x: np.ndarray, t: np.ndarray) -> Picture:
  """Draws the first draw of the points and its polynomials of a few degrees."""

  def show():
    titles = [f'degree {degree}' for degree in SHOWN]
    figure, panels = draw.panels(9, 2.7, len(SHOWN), titles=titles, sharey=True)
    for axes, degree in zip(panels, SHOWN, strict=True):
      _curve(axes, x[:, :1], t[:, :1], degree)
    panels[0].set_ylabel('t')
    draw.legend(panels[-1], loc='upper right')
    return figure

  return Picture(
    'Curves of four degrees',
    f'{len(x)} noisy points (black) of a sine (grey) and the polynomial of least '
    'squares (blue). Low degrees underfit the sine; the highest fits the noise.',
    show,
  )


def degrees_picture(x: np.ndarray, t: np.ndarray, noise: float) -> Picture:
  """Draws training error and error on new points over the degree."""
  found = np.stack(
    [polynomials.of_degree(x, t, degree, noise) for degree in range(MOST + 1)],
    1,
  )
  train, new = found  # [M + 1, D] each
  best, middle = new.argmin(axis=0), np.median(new, axis=1)
  inside = float(np.mean((best >= 3) & (best <= 8)))

  def show():
    figure, axes = draw.panel(6, 3.4, xlabel='degree')
    _bands(axes, np.arange(MOST + 1), found, noise)
    axes.set_xticks(range(MOST + 1))
    return figure

  return Picture(
    'Errors over the degree',
    f'Root-mean-square errors of {t.shape[1]} draws of the points: median and 10th to '
    f'90th percentile. On new points the noise, {noise:g}, is a lower bound.',
    show,
    (
      Claim(
        'The training error never rises with the degree, in any draw',
        np.all(np.diff(train, axis=0) <= 1e-9),
        f'largest rise {max(0.0, float(np.diff(train, axis=0).max())):.0e}',
      ),
      Claim(
        'The highest degree passes through all points and has a large error between '
        'them',
        train[-1].max() < 1e-6 and middle[-1] > 5 * middle.min(),
        f'training error at most {train[-1].max():.0e}; on new points '
        f'{middle[-1]:.2f}, for the best degree {middle.min():.2f} (medians)',
      ),
      Claim(
        'The best degree is between 3 and 8',
        3 <= np.median(best) <= 8 and inside > 0.95,
        f'median {np.median(best):g}; in {inside:.1%} of the draws',
      ),
    ),
  )


def data_picture(seed: int, draws: int, noise: float) -> Picture:
  """Draws the error of the highest degree over the number of points."""
  sets = {n: polynomials.points(seed, draws, noise, n) for n in SIZES}
  found = np.stack(
    [polynomials.of_degree(*each, MOST, noise) for each in sets.values()],
    axis=1,
  )
  middle = np.median(found[1], axis=1)

  def show():
    shown = SIZES[1], SIZES[-1]
    figure, panels = draw.panels(9, 3, 3, titles=[f'{n} points' for n in shown])
    *curves, axes = panels
    for panel, n in zip(curves, shown, strict=True):
      x, t = sets[n]
      _curve(panel, x[:, :1], t[:, :1], MOST)
    curves[0].set_ylabel('t')
    _bands(axes, np.array(SIZES), found, noise)
    axes.set(xscale='log', xlabel='points')
    axes.set_xticks(SIZES, map(str, SIZES))
    axes.minorticks_off()
    return figure

  return Picture(
    'More points',
    f'Polynomials of degree {MOST} fitted to more points. With more points a '
    'polynomial can fit less of their noise.',
    show,
    (
      Claim(
        'More points prevent overfitting by the highest degree',
        middle[-1] < 1.1 * noise < middle[0],
        f'error on new points {middle[0]:.2f} with {SIZES[0]}, {middle[-1]:.3f} with '
        f'{SIZES[-1]}; noise {noise:g} (medians)',
      ),
    ),
  )


def penalty_picture(x: np.ndarray, t: np.ndarray, noise: float) -> Picture:
  """Draws the errors of the highest degree over the strength of a penalty."""
  rows = [polynomials.powers(places, MOST) for places in (x, GRID)]

  def of_strength(strength):
    w = polynomials.ridge(x, t, MOST, np.exp(strength))
    at, everywhere = (polynomials.curve(each, w) for each in rows)
    return polynomials.errors(at, t, everywhere, noise)

  found = np.stack([of_strength(strength) for strength in STRENGTHS], 1)
  train, new = found
  middle = np.median(new, axis=1)
  least = int(middle.argmin())
  free = [
    np.median(polynomials.of_degree(x, t, degree, noise)[1])
    for degree in range(MOST + 1)
  ]

  def show():
    figure, axes = draw.panel(6, 3.4, xlabel='ln λ')
    _bands(axes, STRENGTHS, found, noise)
    return figure

  return Picture(
    'A penalty on large coefficients',
    f'Polynomials of degree {MOST} fitted to {len(x)} points with ½λΣw² added to '
    '½Σ(f - t)². On the left they overfit, on the right they underfit.',
    show,
    (
      Claim(
        'A penalty prevents overfitting by the highest degree: the error on new points '
        'is U-shaped over ln λ',
        0 < least < len(middle) - 1
        and middle[0] > 1.5 * middle[least]
        and middle[-1] > 1.2 * middle[least],
        f'{middle[0]:.2f}, {middle[least]:.2f} at ln λ = {STRENGTHS[least]:g}, '
        f'{middle[-1]:.2f} (medians)',
      ),
      Claim(
        'With the best penalty the error is at most 10 % above the error of the best '
        'degree',
        middle[least] < 1.1 * min(free),
        f'{middle[least]:.3f} and {min(free):.3f} (medians)',
      ),
      Claim(
        'The training error never falls with the penalty, in any draw',
        np.all(np.diff(train, axis=0) >= -1e-6),
        f'largest fall {max(0.0, float(-np.diff(train, axis=0).min())):.0e}',
      ),
    ),
  )


def _curve(axes: Any, x: np.ndarray, t: np.ndarray, degree: int) -> None:
  """Draws points x, t [N, 1], the sine without noise, and their polynomial."""
  w = polynomials.fitted(x, t, degree)
  curve = polynomials.curve(polynomials.basis(GRID, degree), w)
  axes.plot(GRID, polynomials.sine(GRID), color=draw.GREY, lw=1.2, label='sine')
  axes.plot(GRID, curve, color=draw.BLUE, label='fit')
  axes.scatter(x, t, color='black', s=16, zorder=3)
  axes.set(ylim=(-2, 2), xlabel='x')


def _bands(axes: Any, places: np.ndarray, found: np.ndarray, noise: float) -> None:
  """Draws median and band of errors [2, K, D] over K places."""
  look: Any = {'middle': np.median, 'within': BAND, 'marker': 'o', 'ms': 4}
  for label, each, colour in zip(
    ('on the points', 'on new points'), found, draw.COLOURS, strict=False
  ):
    draw.band(axes, places, each, label, colour, **look)
  draw.guide(axes, y=noise, label='noise')
  axes.set(ylabel='error (RMS)', ylim=(0, 1.6))
  draw.legend(axes)
