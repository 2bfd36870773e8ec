"""What batch normalisation buys: speed, high learning rates, any first weights.

Runs are `studies.Finished` of one net, one per seed; in a sweep {value: (runs without
batch norm, runs with it)}.

Shapes: V values of what is swept, N seeds.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.types import Claim, Picture

PLAIN, NORM, GREY = '#cf7a24', '#2f7fb8', '#808080'  # for light and dark pages
LOOKS = (('without', PLAIN), ('with batch norm', NORM))
Runs = Sequence[Any]
Pair = Sequence[Runs]
PAPER = 'the paper: 14 times, an Inception net on ImageNet'


def soonest(sweep: Mapping[float, Pair], accuracy: float) -> Picture:
  """Shows the steps to an accuracy on validation, over the learning rates."""
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

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.6), layout='constrained')
    axes = figure.subplots()
    never = 1.5 * most
    for found, (label, colour) in zip(steps, LOOKS, strict=True):
      shown = np.where(np.isfinite(found), found, never)
      axes.plot(list(sweep), np.median(shown, axis=1), color=colour, label=label)
      for seed in shown.T:
        axes.plot(list(sweep), seed, 'o', color=colour, alpha=0.6)
    axes.axhline(1.2 * most, color=GREY, lw=0.8, ls=':')
    axes.set(xscale='log', yscale='log', xlabel='learning rate')
    axes.set_ylabel(f'steps to {accuracy:.0%} on validation')
    ticks = [n for n in (10, 20, 50, 100, 200, 500, 1_000) if n <= most]
    axes.set_yticks([*ticks, never], [*map(str, ticks), f'not in {most}'])
    axes.set_xticks(list(sweep), [f'{rate:g}' for rate in sweep])
    axes.minorticks_off()
    axes.legend(loc='lower left')
    return figure

  times = plain.mean() / norm.mean() if np.isfinite([plain, norm]).all() else None
  fewer = f', {times:.1f} times fewer' if times else ''
  return Picture(
    'Fewer steps, higher rates',
    f'Steps that a net of tanh units needs to be right on {accuracy:.0%} of validation;'
    ' a dot for each seed, lines through the medians.',
    draw,
    (
      Claim(
        f'With batch norm the net is right on {accuracy:.0%} of validation in fewer '
        'steps, each at its best rate and with every seed',
        bool(np.all(norm < plain)),
        f'{curves.spread(norm)} steps against {curves.spread(plain)}{fewer} ({PAPER})',
      ),
      Claim(
        'With batch norm the net learns at a rate at which it does not learn without',
        bool(last[0].max() < 0.5 and last[1].min() > 0.9),
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

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.2), layout='constrained')
    axes = figure.subplots()
    for found, (label, colour) in zip(right, LOOKS, strict=True):
      axes.plot(list(sweep), 100 * found.mean(axis=1), color=colour, label=label)
      for seed in found.T:
        axes.plot(list(sweep), 100 * seed, 'o', color=colour, alpha=0.6)
    axes.set(xscale='log', ylim=(0, 102), ylabel='test accuracy, %')
    axes.set_xlabel('first weights, times the usual ones')
    axes.set_xticks(list(sweep), [f'{scale:g}' for scale in sweep])
    axes.minorticks_off()
    axes.legend(loc='lower right')
    return figure

  return Picture(
    'Any first weights',
    'What is normalised does not depend on how large the weights before it are; a dot '
    'for each seed. Large ones still learn slowly: their gradient is as much smaller.',
    draw,
    (
      Claim(
        'With batch norm the net learns from first weights of any scale, to 85 % on '
        'test or better',
        bool(norm.min() > 0.85),
        listed,
      ),
      Claim(
        'Without, it learns less from each scale but the usual one, with every seed',
        bool(all(np.all(plain[place] < norm[place]) for place in odd)),
        f'at best {plain[odd].max():.1%} against {norm[odd].min():.1%} at worst',
      ),
    ),
  )


def deep(pair: Pair) -> Picture:
  """Shows how a deep net of sigmoid units learns."""
  ends = [curves.ends(runs, 'accuracy') for runs in pair]

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.2), layout='constrained')
    axes = figure.subplots()
    for runs, (label, colour) in zip(pair, LOOKS, strict=True):
      steps, right = curves.over(runs, 'validation', 'accuracy')
      curves.band(axes, steps, 100 * right, label, colour)
    axes.set(xlabel='step', ylabel='validation accuracy, %', ylim=(0, 102))
    axes.legend(loc='center right')
    return figure

  return Picture(
    'A deep net of sigmoid units',
    'Three hidden layers of sigmoid units, as in figure 1 of the paper (100 units each '
    'there, on MNIST); mean of the seeds, and from the lowest to the highest. Without '
    'batch norm the gradient vanishes on its way down through them.',
    draw,
    (
      Claim(
        'A deep net of sigmoid units learns with batch norm, and in as many steps '
        'hardly without, with every seed',
        bool(ends[1].min() > 0.9 and ends[0].max() < 0.7),
        f'{curves.spread(ends[1], ".1%")} on test against '
        f'{curves.spread(ends[0], ".1%")}',
      ),
    ),
  )
