"""Draws images reconstructed from few principal components.

Shapes: N images, H x W pixels, C channels, Z components.
"""

import numpy as np

from dl_core.models import components
from dl_core.report import claims, draw
from dl_core.types import Claim, Picture

COUNTS = (1, 2, 4, 8, 16, 32)
SHOWN = 10


def picture(train: np.ndarray, test: np.ndarray) -> Picture:
  """Makes the picture of images restored from their principal components.

  Args:
    train, test: images [N, H, W, C] in [0, 1].
  """
  flat = train.reshape(len(train), -1)
  counts = [count for count in COUNTS if count < flat.shape[1]]
  fits = {count: components.fit(train, count) for count in counts}
  errors = [components.error(fits[count], test) for count in counts]
  most = fits[counts[-1]]
  total = np.square(flat - flat.mean(axis=0)).sum() / (len(flat) - 1)
  share = np.cumsum(most.variances) / most.variances.sum()
  left = (len(flat) - 1) / len(flat) * most.variances[counts[-1] :].sum()
  ninety = int(np.argmax(share >= 0.9)) + 1

  def show():
    figure, (upper, lower) = draw.panels(7.5, 3.0, 2)
    rows = [test[:SHOWN]]
    for count in counts[1::2]:
      again = components.decoded(
        fits[count], components.encoded(fits[count], test[:SHOWN])
      )
      rows.append(again.reshape(SHOWN, *test.shape[1:]).clip(0, 1))
    pixels = draw.tiles(np.concatenate(rows).astype(np.float32), SHOWN, 2, 4)
    upper.imshow(pixels, interpolation='none')
    draw.bare(upper)
    words = ', '.join(str(count) for count in counts[1::2])
    upper.set_title(f'images, and from {words} components', fontsize=9)
    lower.plot(counts, errors, marker='o', color=draw.BLUE)
    lower.set(xscale='log', xlabel='components', ylabel='squared error of an image')
    return figure

  words = ', '.join(f'{k}: {e:.2f}' for k, e in zip(counts, errors, strict=True))
  return Picture(
    'Principal components',
    'Test images reconstructed from their first principal components. The first '
    f'{ninety} of {flat.shape[1]} directions hold 90 % of the variance.',
    show,
    (
      claims.identity(
        'The variances of all directions sum to the variance of the images',
        most.variances.sum(),
        total,
        1e-6,
      ),
      claims.identity(
        'The error on training images is the variance of the directions left out',
        components.error(most, train),
        left,
        1e-6,
      ),
      Claim(
        'Every additional component lowers the error on test images',
        bool((np.diff(errors) < 0).all()),
        words,
      ),
    ),
  )
