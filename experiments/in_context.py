"""GPT completes lists of word pairs by the task that their first pairs show. Lecture 9.

    python -m experiments.in_context                          # translation, 3 shots
    python -m experiments.in_context --described=0            # no list is described
    python -m experiments.in_context --dataset=permutations --shots=15
    python -m experiments.few_shot                            # both, compared

A small version of figure 2.1 of GPT-3's paper (Brown et al., 2020,
https://arxiv.org/abs/2005.14165): "monday lundi march mars sunday" is followed by
"dimanche". The answers after every number of shots are held against the best ones that
are possible (dl_core/data/translated.py).
"""

import dataclasses

from dl_core import config, launch, tasks
from dl_core.data import demonstrations, permuted, translated
from dl_core.interpret import shots
from dl_core.launch.families import calls, pretraining
from dl_core.models import gpt
from dl_core.tasks import measures, optimizers, schedules


@dataclasses.dataclass(frozen=True)
class Config(pretraining.Config, config.Config):
  dataset: str = config.field(
    'translations',
    'data set, computed: words in one of 15 languages, or permuted letters',
    choices=('translations', 'permutations'),
  )
  shots: int = config.field(3, 'pairs before the last one of a list', low=0, high=63)
  described: float = config.field(
    0.5,
    'share of the translations that are headed by the name of their language',
    low=0,
    high=1,
  )
  letters: int = config.field(4, 'letters that are permuted', low=2, high=26)
  width: int = config.field(128, 'features of a token; a multiple of 4', low=4)
  layers: int = config.field(2, 'number of blocks', low=1)
  steps: int = 400
  batch_size: int = 128
  learning_rate: float = 3e-3


TINY = Config(
  steps=2, batch_size=8, shots=1, width=8, layers=1, warmup=0, learning_rate=0.02
)
BENCH = Config()


def lists(c: Config) -> demonstrations.Demonstrations:
  """Returns the distribution of the lists."""
  if c.dataset == 'translations':
    return translated.lists(c.shots, c.described)
  return permuted.lists(c.shots, c.letters)


def build(c: Config) -> launch.Experiment:
  shown = lists(c)
  size = gpt.Size(c.layers, c.width, 4, 2 * (c.shots + 1), **gpt.SMALL)
  model = gpt.GPT(len(shown.words), size, c.dropout)
  task = tasks.supervised(model, accuracy=measures.accuracy)
  rate = schedules.tenth(c.learning_rate, c.steps)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(pretraining.optimizer(c, rate, 0.99),),
    data=demonstrations.data(shown, c.batch_size),
    averaged=optimizers.averaged,
    report=shots.report(task, shown),
    partition=gpt.PARTITION,
  )


if __name__ == '__main__':
  launch.main(__name__)
