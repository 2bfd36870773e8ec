"""Measures how adaptive optimizers treat steep coordinates, and how their rates move.

AdaGrad, RMSProp, Adadelta and Adam divide each coordinate's gradient by a mean of its
own size. So scaling a coordinate does not change its path, even if its gradient becomes
a hundred times as large; mixing two coordinates does.

Shapes: N starts, D = 2 coordinates, T steps.
"""

import jax.numpy as jnp
import numpy as np

from dl_core.lessons.training import descent
from dl_core.report import draw
from dl_core.types import Array, Claim, Picture

STEEP, STEPS = 100.0, 200
ADAPTIVE = ('adagrad', 'rmsprop', 'adadelta', 'adam')
# Rates for the steep bowl, in which gradient descent diverges above 2 / κ.
BORNE = {'sgd': 0.3 / STEEP, 'momentum': 0.3 / STEEP}


def four_bowls(begin: Array) -> dict[str, np.ndarray]:
  """Descends in a round bowl and in a steep one, both straight and turned by 45°.

  Args:
    begin: starts [N, D].

  Returns:
    {name of the optimizer: points [2 turns, 2 bowls, N, T + 1, D]}.
  """
  turns = (0.0, np.pi / 4)
  bowls = jnp.stack([descent.bowl(k, turn) for turn in turns for k in (1.0, STEEP)])
  found = {}
  for name, (_, rate) in descent.NAMES.items():
    points = descent.paths(name, BORNE.get(name, rate), begin, bowls, STEPS)
    found[name] = points.reshape(2, 2, *points.shape[1:])
  return found


def blindness(found: dict[str, np.ndarray]) -> Picture:
  """Shows the steep coordinate of every optimizer's path in both bowls.

  Args:
    found: what `four_bowls` returned.
  """
  apart = {  # {name: [2 turns, N]}
    name: np.abs(points[:, 0] - points[:, 1]).max(axis=(-2, -1))
    for name, points in found.items()
  }
  listed = [descent.NAMES[name][0] for name in ADAPTIVE]
  most = max(apart[name][0].max() for name in ADAPTIVE)
  least = min(apart[name][0].min() for name in BORNE)
  turned = {descent.NAMES[name][0]: apart[name][1].mean() for name in ADAPTIVE}
  count = apart['sgd'].shape[-1]

  def show():
    titles = [descent.NAMES[name][0] for name in found]
    figure, panels = draw.panels(
      9, 4, len(found), 3, titles=titles, sharex=True, sharey=True
    )
    for axes, points in zip(panels, found.values(), strict=True):
      round_, steep = points[0, :, 0, :, 1]
      axes.plot(round_, color=draw.BLUE, lw=4, alpha=0.4, label='κ = 1')
      axes.plot(steep, color=draw.ORANGE, lw=1.2, label=f'κ = {STEEP:g}')
      axes.set_xlim(0, STEPS / 2)
    draw.legend(panels[0])
    figure.supxlabel('step', fontsize=10)
    figure.supylabel('y', fontsize=10)
    return figure

  return Picture(
    'Blind to the steepness of a coordinate',
    f'The coordinate y of paths in ½(x² + κy²) from one start, κ = 1 and κ = {STEEP:g}.'
    ' Optimizers that divide by the size of the gradient take the same path in both '
    'bowls.',
    show,
    (
      Claim(
        f'The paths of {", ".join(listed[:-1])} and {listed[-1]} do not depend on how '
        'steep a coordinate is',
        most < 0.01,
        f'apart by at most {most:.0e} of the distance at the start, {count} starts',
      ),
      Claim(
        'Paths of gradient descent and momentum depend on how steep a coordinate is',
        least > 0.1,
        f'apart by at least {least:.2f}',
      ),
      Claim(
        'In bowls turned by 45° the paths of the adaptive ones depend on κ too: only '
        'along the axes are they blind to it',
        min(turned.values()) > 0.1,
        ', '.join(f'{name} {far:.2f}' for name, far in turned.items()) + ' on average',
      ),
    ),
  )


def effective(name: str, begin: Array) -> np.ndarray:
  """Returns the factor [N, T] by which an optimizer multiplies the gradient along y.

  It is NaN where the gradient has nearly vanished.
  """
  rate, curvature = descent.NAMES[name][1], descent.bowl(descent.DRAWN)
  (points,) = descent.paths(name, rate, begin, curvature[None], descent.STEPS)
  gradient = descent.DRAWN * points[:, :-1, 1]
  gone = np.abs(gradient) < 1e-4
  return -np.diff(points[..., 1], axis=1) / np.where(gone, np.nan, gradient)


def rates(begin: Array) -> Picture:
  """Shows how AdaGrad's rate along one coordinate falls, and RMSProp's recovers."""
  found = {name: effective(name, begin) for name in ('adagrad', 'rmsprop')}
  change = {name: np.diff(rate) / rate[:, :-1] for name, rate in found.items()}
  rises = {name: np.nanmax(each, axis=1) for name, each in change.items()}  # [N]

  def show():
    look = {'xlabel': 'step', 'ylabel': 'step / gradient,\nthe first is 1'}
    figure, axes = draw.panel(6, 3, ylim=(0, 3.5), **look)
    colours = {'adagrad': draw.BLUE, 'rmsprop': draw.ORANGE}
    for name, colour in colours.items():
      axes.plot(found[name].T / found[name][:, 0], color=colour, lw=0.8, alpha=0.5)
    draw.legend(axes, {descent.NAMES[name][0]: c for name, c in colours.items()})
    return figure

  return Picture(
    'The rate of one coordinate',
    'The factor η / √(s + ε) of the gradient along y, on paths from '
    f'{len(begin)} starts. AdaGrad adds up all squared gradients, RMSProp forgets the '
    'old ones.',
    show,
    (
      Claim(
        "AdaGrad's rate only ever falls",
        rises['adagrad'].max() < 1e-4,
        f'no step raises it, beyond rounding, from any of {len(begin)} starts',
      ),
      Claim(
        "RMSProp's rate rises again as gradients get smaller",
        rises['rmsprop'].min() > 0.01,
        f'by up to {rises["rmsprop"].min():.0%} in a step, from every start',
      ),
    ),
  )
