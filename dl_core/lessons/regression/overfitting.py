"""Polynomials with too few powers and too many, drawn, and two cures.

Shapes: N points, D draws, M degree, G places of a fine grid.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dl_core.lessons.regression import polynomials
from dl_core.types import Claim, Picture

GRID, MOST = polynomials.GRID, polynomials.MOST
SHOWN = (0, 1, 3, MOST)  # degrees
SIZES = (10, 15, 20, 30, 50, 100)  # of training sets
STRENGTHS = np.arange(-40.0, 1.0, 2.0)  # ln λ
BAND = (10, 90)  # percentiles of the draws


def curves_picture(x: np.ndarray, t: np.ndarray) -> Picture:
  """Draws the first draw of the points and its curves of a few degrees."""

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.7), layout='constrained')
    panels = figure.subplots(1, len(SHOWN), sharex=True, sharey=True)
    for axes, degree in zip(panels, SHOWN, strict=True):
      _curve(axes, x[:, :1], t[:, :1], degree)
      axes.set_title(f'degree {degree}', fontsize=10)
    panels[0].set_ylabel('t')
    panels[-1].legend(fontsize=8, loc='upper right')
    return figure

  return Picture(
    'Curves of four degrees',
    f'{len(x)} points (black) of a sine (grey), and the polynomial nearest to them '
    '(blue). Low degrees cannot bend as it does; the highest bends to the noise.',
    draw,
  )


def degrees_picture(x: np.ndarray, t: np.ndarray, noise: float) -> Picture:
  """Draws both errors over the degree: one falls, the other turns."""
  found = np.stack(
    [polynomials.of_degree(x, t, degree, noise) for degree in range(MOST + 1)],
    1,
  )
  train, new = found  # [M + 1, D] each
  best, middle = new.argmin(axis=0), np.median(new, axis=1)
  inside = float(np.mean((best >= 3) & (best <= 8)))

  def draw():
    axes = _errors_axes('degree')
    _bands(axes, np.arange(MOST + 1), found, noise)
    axes.set_xticks(range(MOST + 1))
    axes.set_ylim(0, 1.6)
    return axes.figure

  return Picture(
    'Errors over the degree',
    f'Root-mean-square errors of {t.shape[1]} draws of the points: median and the '
    f'middle four fifths. On new points no curve errs less than the noise, {noise:g}.',
    draw,
    (
      Claim(
        'The training error never rises with the degree, in any draw',
        bool(np.all(np.diff(train, axis=0) <= 1e-9)),
        f'largest rise {max(0.0, float(np.diff(train, axis=0).max())):.0e}',
      ),
      Claim(
        'The highest degree passes through all points, and between them its error '
        'explodes',
        bool(train[-1].max() < 1e-6 and middle[-1] > 5 * middle.min()),
        f'training error at most {train[-1].max():.0e}; on new points '
        f'{middle[-1]:.2f}, of the best degree {middle.min():.2f} (medians)',
      ),
      Claim(
        'The best degree lies between 3 and 8',
        bool(3 <= np.median(best) <= 8 and inside > 0.95),
        f'median {np.median(best):g}; in {inside:.1%} of the draws',
      ),
    ),
  )


def data_picture(seed: int, draws: int, noise: float) -> Picture:
  """Draws what more points do to the highest degree."""
  sets = {n: polynomials.points(seed, draws, noise, n) for n in SIZES}
  found = np.stack(
    [polynomials.of_degree(*each, MOST, noise) for each in sets.values()],
    axis=1,
  )
  middle = np.median(found[1], axis=1)

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout='constrained')
    *panels, axes = figure.subplots(1, 3)
    for panel, n in zip(panels, (SIZES[1], SIZES[-1]), strict=True):
      x, t = sets[n]
      _curve(panel, x[:, :1], t[:, :1], MOST)
      panel.set_title(f'{n} points', fontsize=10)
    panels[0].set_ylabel('t')
    _bands(axes, np.array(SIZES), found, noise)
    axes.set_ylim(0, 1.6)
    axes.set_xscale('log')
    axes.set_xticks(SIZES, map(str, SIZES))
    axes.minorticks_off()
    axes.set_xlabel('points')
    axes.set_ylabel('error (RMS)')
    axes.legend(fontsize=8)
    return figure

  return Picture(
    'More points',
    f'Degree {MOST} on more points. The more there are, the less a curve can bend to '
    'the noise of each.',
    draw,
    (
      Claim(
        'More points cure the highest degree',
        bool(middle[-1] < 1.1 * noise < middle[0]),
        f'on new points {middle[0]:.2f} with {SIZES[0]}, {middle[-1]:.3f} with '
        f'{SIZES[-1]}, the noise being {noise:g} (medians)',
      ),
    ),
  )


def penalty_picture(x: np.ndarray, t: np.ndarray, noise: float) -> Picture:
  """Draws what a penalty on the coefficients does to the highest degree."""
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

  def draw():
    axes = _errors_axes('ln λ')
    _bands(axes, STRENGTHS, found, noise)
    axes.set_ylim(0, 1.6)
    return axes.figure

  return Picture(
    'A penalty on large coefficients',
    f'Degree {MOST} on {len(x)} points, with ½λΣw² added to ½Σ(f - t)². To the left '
    'the curve is free, to the right it is pressed flat; the best is between.',
    draw,
    (
      Claim(
        'A penalty cures the highest degree: the error on new points is a U over ln λ',
        bool(
          0 < least < len(middle) - 1
          and middle[0] > 1.5 * middle[least]
          and middle[-1] > 1.2 * middle[least]
        ),
        f'{middle[0]:.2f}, {middle[least]:.2f} at ln λ = {STRENGTHS[least]:g}, '
        f'{middle[-1]:.2f} (medians)',
      ),
      Claim(
        'At its best strength the error is within a tenth of that of the best degree',
        bool(middle[least] < 1.1 * min(free)),
        f'{middle[least]:.3f} and {min(free):.3f} (medians)',
      ),
      Claim(
        'The training error never falls with the penalty, in any draw',
        bool(np.all(np.diff(train, axis=0) >= -1e-6)),
        f'largest fall {max(0.0, float(-np.diff(train, axis=0).min())):.0e}',
      ),
    ),
  )


def _curve(axes: Any, x: np.ndarray, t: np.ndarray, degree: int) -> None:
  """Draws points x, t [N, 1], the sine that they are of, and their polynomial."""
  w = polynomials.fitted(x, t, degree)
  curve = polynomials.curve(polynomials.basis(GRID, degree), w)
  axes.plot(
    GRID,
    polynomials.sine(GRID),
    color='gray',
    lw=1.2,
    label='sine',
  )
  axes.plot(GRID, curve, color='C0', label='fit')
  axes.scatter(x, t, color='black', s=16, zorder=3)
  axes.set_ylim(-2, 2)
  axes.set_xlabel('x')


def _errors_axes(label: str) -> Any:
  from matplotlib.figure import Figure

  axes = Figure(figsize=(6, 3.4), layout='constrained').subplots()
  axes.set_xlabel(label)
  axes.set_ylabel('error (RMS)')
  return axes


def _bands(axes: Any, places: np.ndarray, found: np.ndarray, noise: float) -> None:
  """Draws median and band of errors [2, K, D] over K places."""
  names: Mapping[str, np.ndarray] = dict(
    zip(('on the points', 'on new points'), found, strict=True)
  )
  for (name, each), colour in zip(names.items(), ('C0', 'C1'), strict=True):
    low, high = np.percentile(each, BAND, axis=1)
    axes.fill_between(places, low, high, color=colour, alpha=0.25, lw=0)
    axes.plot(
      places, np.median(each, axis=1), color=colour, marker='o', ms=4, label=name
    )
  axes.axhline(noise, color='gray', ls=':', label='noise')
  axes.legend(fontsize=8)
