"""Three units learn to spell "hello", letter by letter. Lecture 8.

    python -m experiments.hello_rnn                 # 40 parameters, seconds
    python -m experiments.hello_rnn --bias=false    # 33
    python -m experiments.hello_rnn --seeds=100     # how many of them learn it

It reads h, e, l, l one-hot and is to say e, l, l, o: h_t = tanh(W_xh x_t + W_hh h_t-1),
then softmax(W_hy h_t), then the likeliest letter. The report trains a hundred more, and
a hundred without W_hh, which never learn it: l is followed by l and by o.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import word
from dl_core.launch.families import calls
from dl_core.lessons.recurrent import spelling
from dl_core.models import elman
from dl_core.tasks import measures


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field('hello', 'data set: the word', choices=('hello',))
  hidden: int = config.field(3, 'hidden units', low=1)
  bias: bool = config.field(True, 'whether there are biases')
  steps: int = 300
  batch_size: int = config.field(
    1, 'examples per step; the word is the only one', low=1, below=2
  )
  learning_rate: float = 0.1
  eval_every: int = 50


TINY = Config(steps=2)
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  data = word.data(c.dataset)
  model = elman.Elman(len(data.spec.classes), c.hidden, c.bias)
  task = tasks.supervised(model, accuracy=measures.accuracy)
  optimizer = optax.adam(c.learning_rate)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.LINEAR,
    task=task,
    optimizers=(optimizer,),
    data=data,
    report=spelling.report(task, optimizer, c.steps),
  )


if __name__ == '__main__':
  launch.main(__name__)
