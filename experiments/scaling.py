"""The same block, larger: held-out nats by number of parameters. Lecture 9.

    python -m experiments.scaling                       # five widths of gpt
    python -m experiments.scaling --widths=64,128,256 --steps=2000

All read the same text in the same order, as many tokens each. Kaplan et al., 2020
(https://arxiv.org/abs/2001.08361) found a power law of the parameters without
embeddings, with an exponent of 0.076, on text without end.
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.lessons.networks import scaling
from experiments import gpt


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = 'python_docs'
  widths: tuple[int, ...] = config.field(
    (16, 32, 64, 128, 192), 'features of a token, rising; multiples of 16', low=16
  )
  layers: int = config.field(3, 'number of blocks', low=1)
  window: int = config.field(64, 'tokens per training example', low=1)
  steps: int = 600
  batch_size: int = 16
  learning_rate: float = 3e-3
  eval_every: int = 200


TINY = Config(steps=2, batch_size=8, window=8, widths=(16, 32), layers=1, eval_every=1)


def study(c: Config) -> launch.Study:
  same = config.shared(c, 'layers', 'window')
  runs = {
    f'width-{width}': (gpt, gpt.Config(**same, size='nano', width=width, length=64))
    for width in sorted(set(c.widths))
  }
  return launch.Study(runs, functools.partial(scaling.pictures, c.layers))


if __name__ == '__main__':
  launch.main(__name__)
