"""Recurrence, convolution or attention: what reads the source best? Lecture 9.

    python -m experiments.encoders                     # three runs of transformer
    python -m experiments.encoders --dataset=multi30k --data_dir=DIR --size=tiny \\
      --vocabulary=bpe --pieces=4000 --lower --widths=16,24,32 --longest=64

The three encoders that the lecture compares, under the same decoder, with as many
layers as give each about as many parameters: a GRU in both directions, the gated
convolutions of Gehring et al., 2017, and the Transformer's own.
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.launch import equal
from dl_core.launch.families import translation
from dl_core.lessons.networks import encoders
from dl_core.models import transformer as models
from experiments import transformer

PASSED = ('pair', 'lower', 'longest', 'widths', 'vocabulary', 'pieces')


@dataclasses.dataclass(frozen=True)
class Config(translation.Config):
  size: str = config.field('nano', 'sides of the decoder', choices=tuple(models.SIZES))
  steps: int = 800
  learning_rate: float = 4e-3


TINY = Config(
  dataset='copies', steps=2, batch_size=8, longest=(6,), widths=(), eval_every=1
)


def study(c: Config) -> launch.Study:
  base = transformer.Config(**config.shared(c, 'size', *PASSED))
  of = lambda kind, depth: dataclasses.replace(base, encoder=kind, encoder_layers=depth)
  read = lambda c: equal.parameters(transformer.build(c), 'reader')
  count = lambda kind: lambda depth: read(of(kind, depth))
  wanted = read(base)
  runs, sizes = {}, {}
  for kind in encoders.NAMES:
    depth = 0 if kind == base.encoder else equal.fewest(count(kind), wanted, 64)
    runs[kind] = transformer, of(kind, depth)
    sizes[kind] = count(kind)(depth)
  return launch.Study(runs, functools.partial(encoders.pictures, sizes))


if __name__ == '__main__':
  launch.main(__name__)
