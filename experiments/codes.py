"""Autoencoders beside principal components, by the length of the code. Lecture 11.

    python -m experiments.codes                      # the digits, two minutes
    python -m experiments.codes --codes=4,12 --deep=4

A linear autoencoder learns the subspace of the principal components (Baldi & Hornik
1989, https://doi.org/10.1016/0893-6080(89)90014-2); a deep one bends it (Hinton &
Salakhutdinov 2006, https://doi.org/10.1126/science.1127647).
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.lessons.unsupervised import codes
from dl_core.types import UserError
from experiments import autoencoder


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  codes: tuple[int, ...] = config.field(
    (2, 8, 16), 'lengths of the linear codes', low=1
  )
  deep: tuple[int, ...] = config.field((2, 8), 'lengths of the deep codes', low=1)
  steps: int = config.field(
    15_000, 'training steps of the linear autoencoders', low=0, group='run'
  )
  batch_size: int = config.field(
    256, 'training images per step of the linear autoencoders', low=1, group='run'
  )
  learning_rate: float = config.field(
    1e-2, 'peak learning rate of the linear autoencoders', above=0, group='run'
  )
  eval_every: int = 5_000


DEEP = {'steps': 4_000, 'batch_size': 64, 'learning_rate': 1e-3, 'eval_every': 1_000}
TINY = Config(steps=2, codes=(2,), deep=(2,), batch_size=8)


def study(c: Config) -> launch.Study:
  same = config.shared(c) | {'drop': 0.0, 'loss': 'squared_error'}
  deep = DEEP | {'steps': min(c.steps, DEEP['steps'])}
  pixels = autoencoder.Config().size ** 2
  for name, lengths in (('codes', c.codes), ('deep', c.deep)):
    if max(lengths) >= pixels:
      raise UserError(
        f'--{name}={max(lengths)} was given, but an image has {pixels} pixels, and a '
        'code has to be shorter; give fewer'
      )
  runs = {
    f'linear-{n}': (autoencoder, autoencoder.Config(**same, hidden=(), code=n))
    for n in sorted(set(c.codes))
  }
  runs |= {
    f'deep-{n}': (
      autoencoder,
      autoencoder.Config(**same | deep, code=n),
    )
    for n in sorted(set(c.deep))
  }
  draw = functools.partial(codes.pictures, sorted(set(c.codes)), sorted(set(c.deep)))
  return launch.Study(runs, draw)


if __name__ == '__main__':
  launch.main(__name__)
