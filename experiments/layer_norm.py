"""Where layer norm stands decides which learning rates train. Lecture 9.

    python -m experiments.layer_norm              # 30 small runs of transformer
    python -m experiments.layer_norm --warmups=0,400 --rates=1e-3,1e-2

A Transformer copies random letters with layer norm after each addition, as in the paper
of 2017, before each part, as in GPT-2, and without any; each with five learning rates,
with a warm-up and without.
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.lessons.networks import stability
from experiments import transformer


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'copies', 'data set: letters to copy, computed', choices=('copies',)
  )
  rates: tuple[float, ...] = config.field(
    (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), 'learning rates to compare', above=0
  )
  warmups: tuple[int, ...] = config.field(
    (0, 200), 'steps of warm-up to compare', low=0
  )
  longest: int = config.field(9, 'most tokens of a text, with the stop token', low=3)
  steps: int = 400
  batch_size: int = 32
  eval_every: int = 100


TINY = Config(
  steps=2, batch_size=8, longest=4, eval_every=1, rates=(1e-3,), warmups=(0,)
)


def study(c: Config) -> launch.Study:
  same = config.shared(c) | {
    'longest': (c.longest,),
    'widths': (),
    'dropout': 0.0,
    'smoothing': 0.0,
  }
  runs = {
    stability.label(norm, rate, warmup): (
      transformer,
      transformer.Config(**same | {'learning_rate': rate}, norm=norm, warmup=warmup),
    )
    for norm in stability.NAMES
    for warmup in c.warmups
    for rate in c.rates
  }
  draw = functools.partial(stability.pictures, sorted(c.rates), c.warmups)
  return launch.Study(runs, draw)


if __name__ == '__main__':
  launch.main(__name__)
