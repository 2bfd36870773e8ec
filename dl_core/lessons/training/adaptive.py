"""What optimizers with a rate for each coordinate are blind to, and how rates move.

AdaGrad, RMSProp, Adadelta and Adam divide each coordinate's gradient by a mean of its
own size. So a coordinate that is measured in other units, its gradient a hundred times
as large, takes the same path; one that is a mixture of two does not.

Shapes: N starts, D = 2 coordinates, T steps.
"""

import jax.numpy as jnp
import numpy as np

from dl_core.lessons.training import descent
from dl_core.types import Array, Claim, Picture

STEEP, STEPS = 100.0, 200
ADAPTIVE = ('adagrad', 'rmsprop', 'adadelta', 'adam')
# Gradient descent leaves the steep bowl for ever from 2 / κ on.
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

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout='constrained')
    panels = figure.subplots(2, 3, sharex=True, sharey=True).flat
    for axes, (name, points) in zip(panels, found.items(), strict=True):
      round_, steep = points[0, :, 0, :, 1]
      axes.plot(round_, color=descent.BLUE, lw=4, alpha=0.4, label='κ = 1')
      axes.plot(steep, color=descent.ORANGE, lw=1.2, label=f'κ = {STEEP:g}')
      axes.set_title(descent.NAMES[name][0], fontsize=10)
      axes.set_xlim(0, STEPS / 2)
    figure.axes[0].legend()
    figure.supxlabel('step', fontsize=10)
    figure.supylabel('y', fontsize=10)
    return figure

  return Picture(
    'Blind to the steepness of a coordinate',
    f'The coordinate y of paths in ½(x² + κy²) from one start, κ = 1 and κ = {STEEP:g}.'
    ' Those that divide by the size of the gradient go one and the same way in both '
    'bowls.',
    draw,
    (
      Claim(
        f'The paths of {", ".join(listed[:-1])} and {listed[-1]} do not depend on how '
        'steep a coordinate is',
        bool(most < 0.01),
        f'apart by at most {most:.0e} of the distance at the start, {count} starts',
      ),
      Claim(
        'Those of gradient descent and momentum do',
        bool(least > 0.1),
        f'apart by at least {least:.2f}',
      ),
      Claim(
        'In bowls turned by 45° the paths of the adaptive ones depend on κ too: they '
        'are blind along the axes alone',
        bool(min(turned.values()) > 0.1),
        ', '.join(f'{name} {far:.2f}' for name, far in turned.items()) + ' on average',
      ),
    ),
  )


def effective(name: str, begin: Array) -> np.ndarray:
  """Returns what an optimizer multiplies the gradient by, along y [N, T].

  NaN where the gradient has all but vanished.
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

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3), layout='constrained')
    axes = figure.subplots()
    for (name, each), colour in zip(
      found.items(), (descent.BLUE, descent.ORANGE), strict=True
    ):
      axes.plot(each.T / each[:, 0], color=colour, lw=0.8, alpha=0.5)
      axes.plot([], color=colour, label=descent.NAMES[name][0])
    axes.set(xlabel='step', ylabel='step / gradient,\nthe first is 1')
    axes.set_ylim(0, 3.5)
    axes.legend()
    return figure

  return Picture(
    'The rate of one coordinate',
    'What the gradient along y is multiplied by, η / √(s + ε), on the way down from '
    f'{len(begin)} starts. AdaGrad adds up all squared gradients, RMSProp forgets the '
    'old ones.',
    draw,
    (
      Claim(
        "AdaGrad's rate only ever falls",
        bool(rises['adagrad'].max() < 1e-4),
        f'no step raises it, beyond rounding, from any of {len(begin)} starts',
      ),
      Claim(
        "RMSProp's rises again as gradients get smaller",
        bool(rises['rmsprop'].min() > 0.01),
        f'by up to {rises["rmsprop"].min():.0%} in a step, from every start',
      ),
    ),
  )
