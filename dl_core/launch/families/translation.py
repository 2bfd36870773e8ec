"""From one text to another: what all networks that translate are trained and judged by.

Pairs of texts, cut into classes of length; teacher forcing, Adam on clipped gradients,
a moving average of the parameters; BLEU and chrF of what is decoded for the test split.
BLEU is sacrebleu's, on detokenised text, in lower case where the recipe says so. An
experiment adds its network, and to the recipes its sizes and its steps.
"""

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import optax

from dl_core import config, tasks
from dl_core.data import copies, pairs, recall
from dl_core.interpret import translations
from dl_core.tasks import optimizers, similarity, translation
from dl_core.types import Data, Experiment, Figure, Names, Partition, Task, Variables

# How the texts of a set are read; an experiment's recipe of the same set adds to it.
RECIPES = {
  'multi30k': {
    'vocabulary': 'bpe',
    'pieces': (4_000,),
    'lower': True,
    'longest': (64,),
    'widths': (16, 24, 32),
  },
  'kor_eng': {
    'vocabulary': 'bpe',
    'pieces': (2_000,),
    'lower': True,
    'longest': (64,),
    'widths': (16, 24, 32),
  },
}


@dataclasses.dataclass(frozen=True)
class Config(config.Answering):
  dataset: str = 'dates'
  longest: tuple[int, ...] = (64, 96)
  widths: tuple[int, ...] = (32, 48, 64)
  average: float = config.field(
    0.99,
    'decay of the moving average of the parameters, which is tested',
    low=0,
    below=1,
  )
  eval_every: int = 250


def recipes(**own: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
  """Returns the recipes of an experiment: how texts are read, and its own settings.

  Args:
    **own: {name of a data set: settings}.
  """
  return {name: RECIPES.get(name, {}) | dict(each) for name, each in own.items()}


def load(c: Config, pool: int = pairs.POOL) -> Data:
  """Returns the data of the settings: random letters that are drawn, or stored pairs.

  Args:
    c: settings.
    pool: see `pairs.load`.

  Raises:
    UserError: see `pairs.load`.
  """
  wanted = pairs.wanted(c)
  if c.dataset == 'copies':
    data = copies.load(c.batch_size, wanted.sides[1])
  elif c.dataset == 'recall':
    data = recall.load(c.batch_size, wanted.sides[0])
  else:
    data = pairs.load(c, wanted, pool)
  note = f'BLEU is sacrebleu {similarity.signature()}.'
  return data._replace(notes=(*data.notes, note))


def cut(c: Config, task: Task) -> Task:
  """Returns the task with batches of shorter texts cut to `--widths`."""
  most = pairs.wanted(c).sides[1]
  widths = tuple(width for width in c.widths if width < most)
  if not widths:
    return task
  return tasks.cut(task, (*widths, most), pairs.AXES, pairs.lengths)


def experiment(
  c: Config,
  data: Data,
  task: Task,
  optimizer: optax.GradientTransformation,
  *,
  maps: Callable[[Variables, Any], Any] | None = None,
  names: Names | None = None,
  partition: Partition = MappingProxyType({}),
  published: Mapping[str, float] = MappingProxyType({}),
) -> Experiment:
  """Makes the experiment of a network.

  Args:
    c, data: settings, and the data that `load` returns for them.
    task: of `tasks.translate`, on whole batches.
    optimizer: moves the parameters, given clipped gradients.
    maps: of attention, see `translations.report`.
    names, partition: see `Experiment`.
    published: {source: BLEU on the test split of 2016 of multi30k, German to English}.
  """
  task = cut(c, task)
  return Experiment(
    config=c,
    task=task,
    optimizers=(
      optax.chain(
        optax.clip_by_global_norm(1.0), optimizer, optimizers.average(c.average)
      ),
    ),
    data=data,
    averaged=optimizers.averaged,
    scores=translation.scores(task, c.beam, c.alpha),
    observe=translations.observe(task),
    report=translations.report(task, maps),
    names=names,
    partition=partition,
    published=tuple(
      Figure('bleu', value, 'multi30k', source) for source, value in published.items()
    ),
  )
