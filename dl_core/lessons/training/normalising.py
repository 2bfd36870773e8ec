"""Compares a net with and without batch norm: speed, learning rates, first weights.

Runs are `studies.Finished` of one net, one per seed; in a sweep {value: (runs without
batch norm, runs with it)}.

Shapes: V values of what is swept, N seeds.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture

LOOKS = (('without', draw.ORANGE), ('with batch norm', draw.BLUE))
Runs = Sequence[Any]
Pair = Sequence[Runs]
PAPER = 'the paper: 14 times, an Inception net on ImageNet'


def soonest(sweep: Mapping[float, Pair], accuracy: float) -> Picture:
  """Shows the steps to a validation accuracy, for each learning rate."""
  good = lambda value: value >= accuracy
  steps = [
    np.array(
      [curves.steps_to(p[k], 'validation', 'accuracy', good) for p in sweep.values()]
    )
    for k in range(2)
  ]  # two of [V, N]
  plain, norm = (each.min(axis=0) for each in steps)
  most = max(
    run.experiment.config.steps
    for pair in sweep.values()
    for runs in pair
    for run in runs
  )
  fastest = max(sweep)
  last = [curves.ends(runs, 'accuracy') for runs in sweep[fastest]]

  def show():
    words = f'steps to {accuracy:.0%} on validation'
    look = {
      'xscale': 'log',
      'yscale': 'log',
      'xlabel': 'learning rate',
      'ylabel': words,
    }
    figure, axes = draw.panel(6, 3.6, **look)
    never = 1.5 * most
    for found, (label, colour) in zip(steps, LOOKS, strict=True):
      shown = np.where(np.isfinite(found), found, never)
      axes.plot(list(sweep), np.median(shown, axis=1), color=colour, label=label)
      for seed in shown.T:
        axes.plot(list(sweep), seed, 'o', color=colour, alpha=0.6)
    draw.guide(axes, y=1.2 * most)
    ticks = [n for n in (10, 20, 50, 100, 200, 500, 1_000) if n <= most]
    axes.set_yticks([*ticks, never], [*map(str, ticks), f'not in {most}'])
    axes.set_xticks(list(sweep), [f'{rate:g}' for rate in sweep])
    axes.minorticks_off()
    draw.legend(axes, loc='lower left')
    return figure

  times = plain.mean() / norm.mean() if np.isfinite([plain, norm]).all() else None
  fewer = f', {times:.1f} times fewer' if times else ''
  return Picture(
    'Fewer steps, higher rates',
    f'Steps that a net of tanh units needs to a validation accuracy of {accuracy:.0%}: '
    'a dot for each seed, lines through the medians.',
    show,
    (
      Claim(
        f'With batch norm the net reaches a validation accuracy of {accuracy:.0%} in '
        'fewer steps, each at its best rate and with every seed',
        np.all(norm < plain),
        f'{curves.spread(norm)} steps against {curves.spread(plain)}{fewer} ({PAPER})',
      ),
      Claim(
        'With batch norm the net learns at a rate at which it does not learn without',
        last[0].max() < 0.5 and last[1].min() > 0.9,
        f'at {fastest:g}: {curves.spread(last[1], ".1%")} on test against '
        f'{curves.spread(last[0], ".1%")}',
      ),
    ),
  )


def scales(sweep: Mapping[float, Pair]) -> Picture:
  """Shows the accuracy on test over the scale of the first weights."""
  right = [
    np.array([curves.ends(pair[k], 'accuracy') for pair in sweep.values()])
    for k in range(2)
  ]  # two of [V, N]
  plain, norm = right
  odd = [place for place, scale in enumerate(sweep) if not math.isclose(scale, 1)]
  listed = ', '.join(
    f'×{scale:g} {on.mean():.0%} against {off.mean():.0%}'
    for scale, off, on in zip(sweep, plain, norm, strict=True)
  )

  def show():
    figure, axes = draw.panel(6, 3.2)
    for found, (label, colour) in zip(right, LOOKS, strict=True):
      axes.plot(list(sweep), 100 * found.mean(axis=1), color=colour, label=label)
      for seed in found.T:
        axes.plot(list(sweep), 100 * seed, 'o', color=colour, alpha=0.6)
    axes.set(xscale='log', ylim=(0, 102), ylabel='test accuracy, %')
    axes.set_xlabel('scale of the first weights, relative to the usual ones')
    axes.set_xticks(list(sweep), [f'{scale:g}' for scale in sweep])
    axes.minorticks_off()
    draw.legend(axes, loc='lower right')
    return figure

  return Picture(
    'Any first weights',
    'A normalised activation does not depend on the scale of the weights before it; a '
    'dot for each seed. Large weights still learn slowly: their gradient is smaller by '
    'the same factor.',
    show,
    (
      Claim(
        'With batch norm the net learns from first weights of any scale, to a test '
        'accuracy of 85 % or better',
        norm.min() > 0.85,
        listed,
      ),
      Claim(
        'Without batch norm it learns less from each scale but the usual one, with '
        'every seed',
        all(np.all(plain[place] < norm[place]) for place in odd),
        f'at best {plain[odd].max():.1%} against {norm[odd].min():.1%} at worst',
      ),
    ),
  )


def deep(pair: Pair) -> Picture:
  """Shows how a deep net of sigmoid units learns."""
  ends = [curves.ends(runs, 'accuracy') for runs in pair]

  def show():
    figure, axes = draw.panel(6, 3.2)
    for runs, (label, colour) in zip(pair, LOOKS, strict=True):
      steps, right = curves.over(runs, 'validation', 'accuracy')
      draw.band(axes, steps, 100 * right, label, colour)
    axes.set(xlabel='step', ylabel='validation accuracy, %', ylim=(0, 102))
    draw.legend(axes, loc='center right')
    return figure

  return Picture(
    'A deep net of sigmoid units',
    'Three hidden layers of sigmoid units, as in figure 1 of the paper (100 units each '
    'there, on MNIST); mean of the seeds, and from the lowest to the highest. Without '
    'batch norm the gradient vanishes on its way down through them.',
    show,
    (
      Claim(
        'A deep net of sigmoid units learns with batch norm, and in as many steps '
        'hardly without, with every seed',
        ends[1].min() > 0.9 and ends[0].max() < 0.7,
        f'{curves.spread(ends[1], ".1%")} on test against '
        f'{curves.spread(ends[0], ".1%")}',
      ),
    ),
  )
