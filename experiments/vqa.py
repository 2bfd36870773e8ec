"""A convolutional and a recurrent network answer questions about images. Lecture 9.

    python -m experiments.vqa                        # what is left of the two: a nine
    python -m experiments.vqa --without=image        # or question: the baselines
    python -m experiments.vqa --dataset=easy_vqa --data_dir=DIR
    python -m experiments.vqa --workdir=runs/vqa-... --predict='A.png: is there a two'

The network that sees and the network that reads give a vector each; their product
answers (Antol et al. 2015, https://arxiv.org/abs/1505.00468; 58.16 % on the photographs
of VQA, test-standard, which is not comparable). easy_vqa's authors report 93.78 % for
their small network (https://github.com/vzhou842/easy-VQA).
"""

import dataclasses
from typing import Any

import jax.numpy as jnp
import optax

from dl_core import config, launch, metrics, tasks
from dl_core.data import asked
from dl_core.interpret import questions
from dl_core.models import vqa
from dl_core.tasks import measures, schedules

metrics.declare('open_accuracy', fraction=True)


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field('scenes', 'name of the data set', group='data')
  without: str = config.field(
    'nothing', 'part of the question that is left out', choices=vqa.WITHOUT
  )
  cell: str = config.field(
    'lstm', 'kind of recurrent cell', choices=('lstm', 'gru', 'rnn')
  )
  hidden: int = config.field(256, 'units of each layer behind the convolutions', low=1)
  widths: tuple[int, ...] = config.field(
    (16, 32, 64), 'features of each convolution', low=1
  )
  pooled: int = config.field(
    2, 'number of convolutions that halve their maps: the first and the last', low=0
  )
  bottleneck: int = config.field(
    16, 'features of each place of the map in the dense layer; 0: all', low=0
  )
  dropout: float = config.field(0.2, 'dropout rate of the product', low=0, below=1)
  warp: float = config.field(
    0.5, 'standard deviation in pixels of elastic distortions in training', low=0
  )
  steps: int = 3_000
  learning_rate: float = 1.5e-3
  eval_every: int = 500


EASY: dict[str, Any] = {
  'pooled': 3, 'widths': (16, 32, 64), 'bottleneck': 0, 'dropout': 0.0, 'warp': 0.0,
  'learning_rate': 7e-4,
}  # fmt: skip
RECIPES = {'easy_vqa': EASY | {'steps': 4_500}}
TINY = Config(steps=2, batch_size=8, hidden=8, widths=(2, 3), learning_rate=0.01)
BENCH = Config(dataset='easy_vqa', **EASY)


def build(c: Config) -> launch.Experiment:
  data = asked.load(c, c.warp)
  answers = data.spec.classes
  model = vqa.VQA(
    len(answers),
    data.spec.limits.x['question'],
    c.widths,
    c.pooled,
    c.cell,
    c.hidden,
    dropout=c.dropout,
    bottleneck=c.bottleneck,
    without=c.without,
  )
  is_open = jnp.asarray(~questions.closed(answers), jnp.float32)

  def judge(logits, batch):
    right = measures.accuracy(logits, batch.y)
    loss = measures.cross_entropy(logits, batch.y)
    return {
      'loss': metrics.weighted(loss, batch.weight),
      'accuracy': metrics.weighted(right, batch.weight),
      'open_accuracy': metrics.weighted(right, batch.weight * is_open[batch.y]),
    }

  task = tasks.judged(model, judge)._replace(answer=questions.answer(data))
  rate = schedules.cosine(c.learning_rate, c.steps)
  return launch.Experiment(
    config=c,
    task=task,
    optimizers=(optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate)),),
    data=data,
    report=questions.report(task),
    published=(
      launch.Figure('accuracy', 0.9378, 'easy_vqa', 'the authors, small net'),
    ),
  )


if __name__ == '__main__':
  launch.main(__name__)
