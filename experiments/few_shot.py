"""Zero, one and few shots: which task is meant, from examples in the prompt. Lecture 9.

    python -m experiments.few_shot                      # in_context, three seeds each
    python -m experiments.few_shot --shots=6 --steps=1000
    python -m experiments.few_shot --permuted_shots=15 --letters=8 --steps=2000

Translation from lists of pairs, as in figure 2.1 of GPT-3's paper (Brown et al., 2020,
https://arxiv.org/abs/2005.14165), held against the best answers that are possible. It
shows that a known task is recognised; permutations drawn anew for each list measure
whether a new one is learned.
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.lessons.networks import few_shot
from experiments import in_context


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'translations', 'data set: word lists, computed', choices=('translations',)
  )
  shots: int = config.field(3, 'most examples of a translation', low=2, high=10)
  permuted_shots: int = config.field(
    7, 'most examples of a permutation', low=1, high=63
  )
  letters: int = config.field(4, 'letters that are permuted', low=2, high=26)
  width: int = config.field(128, 'features of a token; a multiple of 4', low=4)
  layers: int = config.field(2, 'number of blocks', low=1)
  seeds: int = 3
  steps: int = 400
  batch_size: int = 128
  learning_rate: float = 3e-3


TINY = Config(
  steps=2, batch_size=8, seeds=1, shots=2, permuted_shots=2, width=8, layers=1
)


def study(c: Config) -> launch.Study:
  known = in_context.Config(**config.shared(c, 'width', 'layers', 'shots', 'letters'))
  new = dataclasses.replace(known, dataset=few_shot.PERMUTED, shots=c.permuted_shots)
  runs = {few_shot.TRANSLATED: known, few_shot.PERMUTED: new}
  lists = {label: in_context.lists(own) for label, own in runs.items()}
  return launch.Study(
    {label: (in_context, own) for label, own in runs.items()},
    functools.partial(few_shot.pictures, lists),
  )


if __name__ == '__main__':
  launch.main(__name__)
