"""A state of fixed size holds only so much: copies by length. Lecture 9.

    python -m experiments.bottleneck                    # four runs of seq2seq
    python -m experiments.bottleneck --sizes=32,64,100,200 --longest=40

Random letters are to be written again. Without attention all of them have to fit into
the last state of the encoder, and the longer the text, the fewer copies are exact; a
state of half the size holds less. With attention the decoder looks at the encoder's
states of all letters, of which there are the more, the longer the text. A linear probe
shows which letters can still be read from the last state.
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.lessons.networks import bottleneck
from dl_core.types import UserError
from experiments import seq2seq


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = 'copies'
  sizes: tuple[int, ...] = config.field(
    (50, 100), 'numbers of hidden units to compare', low=2
  )
  longest: int = config.field(24, 'most letters of a text', low=2, below=200)
  steps: int = 1_000
  batch_size: int = 64
  learning_rate: float = 5e-3
  eval_every: int = 250


TINY = Config(steps=2, batch_size=8, sizes=(6, 8), longest=4, eval_every=1)


def study(c: Config) -> launch.Study:
  sizes = sorted(set(c.sizes))
  odd = [size for size in sizes if size % 2]
  if odd or len(sizes) < 2:
    raise UserError(
      f'--sizes={config.stored(c.sizes)} was given; two different even numbers or more '
      'are wanted'
    )
  runs = {
    f'{kind}-{size}': (
      seq2seq,
      seq2seq.Config(
        **config.shared(c),
        attention=kind,
        hidden=size,
        longest=(c.longest + 1,),
        widths=tuple(range(8, c.longest + 1, 8)),
      ),
    )
    for kind in bottleneck.KINDS
    for size in sizes
  }
  return launch.Study(runs, functools.partial(bottleneck.pictures, sizes))


if __name__ == '__main__':
  launch.main(__name__)
