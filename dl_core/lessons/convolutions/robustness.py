"""Accuracy of networks under noise, trained with noise or without.

Shapes: L amounts of noise, N seeds.
"""

import functools
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.lessons.convolutions.noise import LITTLE, MUCH, NOISES, SPRINKLED, Found
from dl_core.report import draw
from dl_core.types import Claim, Picture

LOOKS = {
  'lenet': ('LeNet', draw.BLUE, '-'),
  'mlp': ('MLP', draw.ORANGE, '-'),
  'lenet_noise': ('LeNet, trained with noise', draw.BLUE, '--'),
  'mlp_noise': ('MLP, trained with noise', draw.ORANGE, '--'),
}


def pictures(found: Found) -> list[Picture]:
  """Shows accuracy over noise and the predictions for one image."""
  return [fallen(found), shown(found)]


def fallen(found: Found) -> Picture:
  """Shows how accuracy falls with noise."""
  first, second = NOISES

  def at(kind: str, amount: float) -> dict[str, np.ndarray]:
    place = NOISES[kind].tried.index(amount)
    return {name: found.accuracy[kind][name][place] for name in LOOKS}

  words = functools.partial(curves.spread, form='.1%')
  none, little, much = (at(first, amount) for amount in (0, LITTLE, MUCH))
  mixed = at(second, SPRINKLED)
  lost = none['lenet'] - little['lenet']
  cost = none['lenet'].mean() - none['lenet_noise'].mean()
  claims = (
    Claim(
      f'LeNet is robust to little noise: at a deviation of {LITTLE} it loses less than '
      '1 % accuracy and is more accurate than the MLP, on the mean of the seeds',
      lost.mean() < 0.01 and little['lenet'].mean() > little['mlp'].mean(),
      f'{words(none["lenet"])} → {words(little["lenet"])}; MLP {words(little["mlp"])}',
    ),
    Claim(
      'LeNet is not robust to much noise that it has not seen in training: at a '
      f'deviation of {MUCH} it is less accurate than the MLP, on the mean of the seeds',
      much['lenet'].mean() < much['mlp'].mean(),
      f'{words(much["lenet"])} against {words(much["mlp"])}',
    ),
    Claim(
      f'Training with noise makes LeNet robust: at a deviation of {MUCH} it is more '
      'accurate than LeNet trained without noise and than the MLP trained with noise, '
      'with every seed',
      np.all(much['lenet_noise'] > np.maximum(much['lenet'], much['mlp_noise'])),
      f'{words(much["lenet_noise"])}; MLP {words(much["mlp_noise"])}',
    ),
    Claim(
      'Training with noise costs LeNet less than 1 % accuracy on images without noise, '
      'on the mean of the seeds',
      cost < 0.01,
      f'{words(none["lenet_noise"])} against {words(none["lenet"])}',
    ),
    Claim(
      f'Training with one kind of noise helps against another: with {SPRINKLED:.0%} of '
      'the pixels black or white LeNet trained with Gaussian noise is more accurate, '
      'with every seed',
      np.all(mixed['lenet_noise'] > mixed['lenet']),
      f'{words(mixed["lenet_noise"])} against {words(mixed["lenet"])}',
    ),
  )

  def show():
    figure, panels = draw.panels(8.4, 3.4, 2, titles=list(NOISES), sharey=True)
    for axes, (kind, noise) in zip(panels, NOISES.items(), strict=True):
      amounts = np.array(noise.tried) * (100 if '%' in noise.amount else 1)
      for name, (label, colour, line) in LOOKS.items():
        right = 100 * found.accuracy[kind][name]
        draw.band(axes, amounts, right, label, colour, ls=line)
      axes.set_xlabel(noise.amount)
    panels[0].set(ylabel='test accuracy, %', ylim=(0, 102))
    draw.legend(panels[0], loc='lower left')
    return figure

  seeds = found.accuracy[first]['lenet'].shape[1]
  return Picture(
    'Accuracy under noise',
    f'Accuracy on noisy test images; bands are the range of {seeds} seeds. '
    'Convolutions alone do not make LeNet robust, but it learns to be, and better than '
    'the MLP. The noise in training is Gaussian for both panels.',
    show,
    claims,
  )


def shown(found: Found) -> Picture:
  """Shows one image with every amount of noise and its predicted classes."""
  asked = ('lenet', 'lenet_noise')

  def show():
    across = max(len(noise.tried) for noise in NOISES.values())
    figure, panels = draw.panels(1.1 * across, 3.4, 2 * across, across)
    for axes in panels:
      axes.axis('off')
    look: dict[str, Any] = {'va': 'top', 'fontsize': 9}
    for row, (kind, noise) in enumerate(NOISES.items()):
      for place, amount in enumerate(noise.tried):
        axes = panels[row * across + place]
        draw.image(axes, found.examples[kind][place])
        axes.set_title(f'{amount:.0%}' if '%' in noise.amount else amount, fontsize=9)
        names = [found.classes[found.predicted[kind][name][place]] for name in asked]
        below = look | {'transform': axes.transAxes}
        axes.text(0.5, -0.05, '\n'.join(names), ha='center', **below)
        if not place:
          axes.text(-0.1, -0.05, 'LeNet\ntrained with noise', ha='right', **below)
    return figure

  return Picture(
    'One image under noise',
    'Above: Gaussian noise of growing deviation. Below: a growing share of pixels made '
    'black or white. Under each image are the predicted classes. It is the first test '
    'image that LeNet classifies correctly without noise and wrongly at a deviation of '
    f'{MUCH}.',
    show,
  )
