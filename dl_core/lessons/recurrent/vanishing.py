"""How a gradient changes on its way back through time, by the spectral radius of W.

Pascanu, Mikolov & Bengio 2013 (https://arxiv.org/abs/1211.5063): ∂h_T/∂h_t is the
product of T - t Jacobians diag(f'(a_j)) W. The lecture says that W < 1 makes it vanish;
what counts is the spectral radius ρ of W. Here W is ρ times a random orthogonal
matrix, whose every singular value is ρ, so that ‖∂h_T/∂h_t‖ ≤ ρ^(T - t) holds exactly
for tanh, and with equality for a linear cell.

Shapes: N draws, T steps, H hidden units.
"""

from typing import Any

import numpy as np

from dl_core.lessons.recurrent import by_hand
from dl_core.report import draw
from dl_core.types import Claim, Picture

RADII = (0.5, 0.9, 1.0, 1.1)
STEPS, HIDDEN, INPUT = 60, 24, 0.3  # the last: standard deviation of U x_t
SLACK = 1e-9
Norms = dict[float, np.ndarray]  # {ρ: [N, T], by distance from 1 on}


def orthogonal(random: np.random.Generator, size: int) -> np.ndarray:
  """Draws an orthogonal matrix, uniformly."""
  q, r = np.linalg.qr(random.standard_normal((size, size)))
  return q * np.sign(np.diag(r))


def norms(random: np.random.Generator, radius: float, linear: bool) -> np.ndarray:
  """Returns the spectral norms [T] of ∂h_T/∂h_T-d for the distances d = 1 ... T."""
  w, h, slopes = radius * orthogonal(random, HIDDEN), np.zeros(HIDDEN), []
  for _ in range(STEPS):
    a = w @ h + INPUT * random.standard_normal(HIDDEN)
    h = a if linear else np.tanh(a)
    slopes.append(np.ones(HIDDEN) if linear else 1 - h**2)
  product, found = np.eye(HIDDEN), []
  for slope in reversed(slopes):
    product = product @ (slope[:, None] * w)
    found.append(np.linalg.norm(product, 2))
  return np.array(found)


def measure(random: np.random.Generator, draws: int) -> dict[str, Norms]:
  """Returns the norms of N networks of every radius, with tanh and without."""
  return {
    kind: {
      radius: np.array([norms(random, radius, linear) for _ in range(draws)])
      for radius in RADII
    }
    for kind, linear in (('tanh', False), ('linear', True))
  }


def slope(values: np.ndarray) -> np.ndarray:
  """Returns the slopes [N] of straight lines through log ‖∂h_T/∂h_t‖ by distance."""
  distance = np.arange(1, values.shape[1] + 1)
  return np.polyfit(distance, np.log(values).T, 1)[0]


def picture(found: dict[str, Norms]) -> Picture:
  """Draws the norms by distance, for each radius, with tanh and without."""
  tanh, linear = found['tanh'], found['linear']
  slopes = {radius: slope(values) for radius, values in tanh.items()}
  below = all(s.max() <= np.log(radius) + SLACK for radius, s in slopes.items())
  words = ', '.join(
    f'{radius:g}: {s.max():+.3f} (log ρ {np.log(radius):+.3f})'
    for radius, s in slopes.items()
  )
  grown = {radius: values[:, -1].min() for radius, values in linear.items()}

  def show():
    figure, panels = draw.panels(
      7.5, 3.3, 2, titles=('h = tanh(…)', 'linear cell'), sharey=True
    )
    for axes, norms in zip(panels, found.values(), strict=True):
      for (radius, values), colour in zip(norms.items(), draw.COLOURS, strict=False):
        across = np.arange(1, values.shape[1] + 1)
        draw.band(axes, across, values.T, f'ρ = {radius:g}', colour)
        axes.plot(across, radius**across, color=colour, ls=':', lw=1)
      axes.set(yscale='log', xlabel='distance T - t')
    panels[0].set_ylabel('‖∂h_T / ∂h_t‖')
    draw.legend(panels[0])
    return figure

  return Picture(
    'Vanishing and exploding',
    'The norm of the derivative of the last state by an earlier one, mean and range '
    'over random networks; dotted: ρ to the power of the distance.',
    show,
    (
      Claim(
        'With tanh the logarithm of the norm falls by log ρ a step, or faster: '
        'gradients vanish where ρ < 1',
        below and slopes[min(slopes)].max() < np.log(0.9),
        f'largest slope at ρ = {words}',
      ),
      Claim(
        'Without tanh a spectral radius above 1 makes gradients explode',
        grown[max(grown)] > 100 and grown[min(grown)] < 0.01,
        ', '.join(f'{value:.2g} at ρ = {radius:g}' for radius, value in grown.items())
        + f', over {STEPS} steps',
      ),
    ),
  )


def truncation(random: np.random.Generator, draws: int) -> Picture:
  """Draws what terms of dL/dW are left out by truncated backpropagation."""
  sizes: dict[float, Any] = {}
  for radius in (0.5, 0.9, 1.1):
    each = []
    for _ in range(draws):
      weights = by_hand.draw(random, 3, HIDDEN, 4)
      weights = weights._replace(w=radius * orthogonal(random, HIDDEN))
      x, y = random.standard_normal((STEPS, 3)), random.integers(4, size=STEPS)
      _, terms = by_hand.double_sum(weights, x, y)
      total = np.linalg.norm(terms.sum(axis=0))
      kept = np.cumsum(terms, axis=0)
      each.append(np.linalg.norm(kept[-1] - kept, axis=(1, 2)) / total)
    sizes[radius] = np.array(each)
  window = 10
  off = {radius: values[:, window - 1].mean() for radius, values in sizes.items()}

  def show():
    look = {'xlabel': 'window: steps back', 'ylabel': 'relative error of dL/dW'}
    figure, axes = draw.panel(7, 3, **look, yscale='log', ylim=(1e-6, 3))
    for (radius, values), colour in zip(sizes.items(), draw.COLOURS, strict=False):
      across = np.arange(1, STEPS)
      draw.band(axes, across, values[:, :-1].T, f'ρ = {radius:g}', colour)
    draw.guide(axes, x=window)
    draw.legend(axes)
    return figure

  return Picture(
    'Truncated backpropagation through time',
    'The relative error of dL/dW if only the latest terms of the sum over k are kept, '
    f'over {STEPS} steps; mean and range over random networks.',
    show,
    (
      Claim(
        f'A window of {window} steps is nearly exact where gradients vanish, and the '
        'worse the farther they reach',
        off[0.5] < 0.01 and off[0.5] < off[0.9] < off[1.1],
        ', '.join(f'{value:.2g} at ρ = {radius:g}' for radius, value in off.items()),
      ),
    ),
  )
