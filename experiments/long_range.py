"""What is far away: a Transformer and an LSTM of equal parameters. Lecture 9.

    python -m experiments.long_range                 # four runs
    python -m experiments.long_range --longest=66    # 64 letters

Of 128 random letters one is asked for, 8 to 128 places before the end. The recurrent
networks are `seq2seq`, without attention and with the lecture's, the others are
`transformer`, with positions and without. All have about as many parameters.
"""

import dataclasses
import functools
from typing import Any

from dl_core import config, launch
from dl_core.launch import equal
from dl_core.lessons.networks import long_range
from experiments import seq2seq, transformer


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'recall', 'data set: letters to recall, computed', choices=('recall',)
  )
  longest: int = config.field(130, 'letters, the question and the stop token', low=3)
  steps: int = 1_000
  batch_size: int = 64
  learning_rate: float = 3e-3
  eval_every: int = 250


TINY = Config(steps=2, batch_size=8, longest=6, eval_every=1)


def study(c: Config) -> launch.Study:
  same = config.shared(c) | {'longest': (c.longest, 2), 'widths': ()}
  attends = transformer.Config(**same, dropout=0.0, smoothing=0.0, warmup=200)
  wanted = equal.parameters(transformer.build(attends))
  recurrent = lambda kind, hidden: seq2seq.Config(**same, attention=kind, hidden=hidden)
  count = lambda kind: (
    lambda half: equal.parameters(seq2seq.build(recurrent(kind, 2 * half)))
  )
  runs: dict[str, Any] = {
    label: (seq2seq, recurrent(kind, 2 * equal.fewest(count(kind), wanted)))
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
