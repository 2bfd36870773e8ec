"""How much to hide: 5, 15, 40 and 80 % of the words, all judged at 15 %. Lecture 9.

    python -m experiments.mask_rate                      # four runs of bert
    python -m experiments.mask_rate --rates=0.15,0.4 --steps=3000

The lecture: with too little hidden, training is too expensive, with too much there is
too little context. Wettig et al., 2023 (https://arxiv.org/abs/2202.08005) found 40 %
better than 15 % for large networks.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.networks import mask_rate
from experiments import bert


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = 'python_docs'
  rates: tuple[float, ...] = config.field(
    (0.05, 0.15, 0.4, 0.8), 'shares of the tokens that are asked for', above=0, below=1
  )
  pieces: int = config.field(4_096, 'size of the vocabulary', low=256, below=2**24)
  longest: int = config.field(64, 'tokens of a pair of passages', low=8)
  steps: int = 500
  batch_size: int = 64
  learning_rate: float = 3e-3
  eval_every: int = 100


TINY = Config(
  steps=2, batch_size=8, rates=(0.15, 0.4), pieces=256, longest=16, eval_every=1
)


def study(c: Config) -> launch.Study:
  same = config.shared(c, 'pieces', 'longest') | {'without_next': True}
  runs = {
    f'rate-{rate:g}': (bert, bert.Config(**same, rate=rate))
    for rate in sorted(set(c.rates))
  }
  return launch.Study(runs, mask_rate.pictures)


if __name__ == '__main__':
  launch.main(__name__)
