"""What is far away: a Transformer and an LSTM of equal parameters. Lecture 9.

    python -m experiments.long_range                 # four runs
    python -m experiments.long_range --longest=65    # 64 letters

The task is to copy every eighth of 128 random letters, the last one first. The
recurrent networks are `seq2seq` reading forwards, without attention and with the
lecture's, the others are `transformer --size=nano`, with positions and without. All
have about as many parameters. On two cores the four runs take more than ten minutes.
"""

import dataclasses
import functools
from typing import Any

from dl_core import config, launch
from dl_core.data import recall
from dl_core.launch import equal
from dl_core.lessons.networks import long_range
from experiments import seq2seq, transformer


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'recall', 'data set: letters to recall, computed', choices=('recall',)
  )
  longest: int = config.field(129, 'letters and the stop token', low=2)
  steps: int = 1_000
  batch_size: int = 64
  learning_rate: float = 3e-3
  eval_every: int = 250


TINY = Config(steps=2, batch_size=8, longest=6, eval_every=1)


def study(c: Config) -> launch.Study:
  answers = len(recall.distances(c.longest - 1)) + 1
  same = config.shared(c) | {'longest': (c.longest, answers), 'widths': ()}
  attends = transformer.Config(
    **same, size='nano', dropout=0.0, smoothing=0.0, warmup=100
  )
  wanted = equal.parameters(transformer.build(attends))
  recurrent = lambda kind, hidden: seq2seq.Config(
    **same, attention=kind, hidden=hidden, bidirectional=False
  )
  count = lambda kind: (
    lambda hidden: equal.parameters(seq2seq.build(recurrent(kind, hidden)))
  )
  runs: dict[str, Any] = {
    label: (seq2seq, recurrent(kind, equal.fewest(count(kind), wanted)))
    for label, kind in (('lstm', 'none'), ('attention', 'dot'))
  }
  runs['transformer'] = transformer, attends
  runs['unplaced'] = transformer, dataclasses.replace(attends, positions='none')
  sizes = {
    label: equal.parameters(module.build(own)) for label, (module, own) in runs.items()
  }
  return launch.Study(runs, functools.partial(long_range.pictures, sizes))


if __name__ == '__main__':
  launch.main(__name__)
