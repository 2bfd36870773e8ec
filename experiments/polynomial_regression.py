"""Polynomials of ten points of a sine: under- and overfitting. Lecture 3.

    python -m experiments.polynomial_regression               # 200 draws, 5 s
    python -m experiments.polynomial_regression --noise=0.1   # higher degrees pay

Ten points of sin(2πx) with noise, after Bishop's "Pattern Recognition and Machine
Learning" (2006), section 1.1: the training error falls with the degree to nothing at
nine, the error on new points turns and explodes. More points cure it, and so does a
penalty on the coefficients. Bishop draws one set, equally spaced, where the last rise
is milder; here each point lies anywhere in its own tenth, sets are drawn many times,
and what is said holds of medians or of every set. Nothing is trained by descent.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.regression import overfitting, polynomials
from dl_core.types import Picture


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  noise: float = config.field(
    0.3, 'standard deviation of the noise on the points', above=0, below=1_000
  )
  draws: int = config.field(
    200, 'number of random sets of points', low=1, below=100_000
  )


TINY = Config(draws=8)


def draw(c: Config) -> list[Picture]:
  """Draws the curves, the errors over the degree, and two cures."""
  x, t = polynomials.points(c.seed, c.draws, c.noise)
  return [
    overfitting.curves_picture(x, t),
    overfitting.degrees_picture(x, t, c.noise),
    overfitting.data_picture(c.seed, c.draws, c.noise),
    overfitting.penalty_picture(x, t, c.noise),
  ]


if __name__ == '__main__':
  launch.main(__name__)
