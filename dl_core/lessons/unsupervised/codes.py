"""Compares autoencoders with principal components, by the length of the code."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.linalg import subspace_angles

from dl_core.data import splits
from dl_core.lessons import curves
from dl_core.models import components
from dl_core.report import draw
from dl_core.types import Claim, Picture

CLOSE, ANGLE = 0.02, 1.0  # a linear code's excess error, and its angle in degrees
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(codes: Sequence[int], deep: Sequence[int], results: Runs) -> list[Picture]:
  """Draws the test errors of linear and deep autoencoders, and of PCA.

  Args:
    codes: lengths of the linear codes; the run of length 2 is results['linear-2'].
    deep: lengths of the deep codes, with runs such as results['deep-2'].
    results: the finished runs.
  """
  data = results[f'linear-{codes[0]}'][0].experiment.data
  train, test = (splits.examples(data, name)[0] for name in ('train', 'test'))
  fits = {count: components.fit(train, count) for count in {*codes, *deep}}
  pca = {count: components.error(found, test) for count, found in fits.items()}
  linear = {n: curves.ends(results[f'linear-{n}'], 'error') for n in codes}
  nonlinear = {n: curves.ends(results[f'deep-{n}'], 'error') for n in deep}
  excess = {n: float(linear[n].mean() / pca[n] - 1) for n in codes}
  angles = {n: angle(results[f'linear-{n}'], fits[n]) for n in codes}

  def show():
    figure, axes = draw.panel(5, 3.0, xlabel='length of the code')
    draw.band(
      axes, codes, np.stack([linear[n] for n in codes]), 'linear', draw.ORANGE, lw=4
    )
    draw.band(axes, deep, np.stack([nonlinear[n] for n in deep]), 'deep', draw.GREEN)
    axes.plot(codes, [pca[n] for n in codes], 'o', color=draw.BLUE, label='PCA')
    axes.set(xscale='log', ylabel='squared error of an image', xticks=codes)
    axes.set_xticklabels(codes)
    axes.minorticks_off()
    draw.legend(axes)
    return figure

  listed = lambda found, form: ', '.join(f'{n}: {v:{form}}' for n, v in found.items())
  return [
    Picture(
      'Linear and deep codes',
      'Squared error of test images reconstructed from their codes. Principal '
      'components are the best linear code.',
      show,
      (
        Claim(
          f'A linear autoencoder is within {CLOSE:.0%} of PCA at every length',
          max(map(abs, excess.values())) <= CLOSE,
          listed(excess, '+.2%'),
        ),
        Claim(
          f'Its decoder spans the principal directions, to {ANGLE:g}°',
          max(angles.values()) <= ANGLE,
          f'largest angle in degrees, {listed(angles, ".2f")}',
        ),
        Claim(
          'A deep autoencoder is better than PCA at every length',
          all(float(nonlinear[n].mean()) < pca[n] for n in deep),
          ', '.join(
            f'{n}: {curves.spread(nonlinear[n])} against {pca[n]:.3g}' for n in deep
          ),
        ),
      ),
    )
  ]


def angle(runs: Sequence[Any], found: components.Components) -> float:
  """Returns the largest angle between decoders and principal directions, in degrees."""
  largest = []
  for run in runs:
    kernel = run.variables()['params']['decoder']['pixels']['kernel']
    angles = subspace_angles(np.asarray(kernel, np.float64).T, found.directions.T)
    largest.append(float(np.degrees(angles.max())))
  return max(largest)
