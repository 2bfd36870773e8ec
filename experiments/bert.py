"""BERT: fills in hidden words, and says whether one passage follows another. Lecture 9.

    python -m experiments.bert                            # Python's own documentation
    python -m experiments.bert --rate=0.4                 # more is hidden
    python -m experiments.bert --dataset=text --data_dir=FILE
    python -m experiments.bert --workdir=runs/bert-... --prompt='the [MASK] of a list'
    python -m experiments.bert --size=base --pieces=30522 --longest=512 --norm=post \\
      --plan
    python -m experiments.bert --size=base --longest=512 --norm=post \\
      --vocabulary=vocab.txt --init_from=model.safetensors --steps=0

Devlin et al., 2019 (https://arxiv.org/abs/1810.04805). No label is given: 15 % of the
words are hidden, exchanged or kept, and asked for; and of two passages the second
follows the first, or is from somewhere else. Evaluation asks for 15 % at any rate. The
published sizes have their norms after each addition (--norm=post); small networks leave
the plateau at the frequencies of the words sooner with --norm=pre, the default here.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import passages
from dl_core.interpret import blanks
from dl_core.launch.families import calls
from dl_core.layers import stack, transformer
from dl_core.models import bert
from dl_core.models.weights import bert as weights
from dl_core.tasks import masking, measures, optimizers, schedules


@dataclasses.dataclass(frozen=True)
class Config(config.Filling):
  dataset: str = 'python_docs'
  vocabulary: str = 'wordpiece'
  pieces: int = 4_096
  size: str = config.field('tiny', 'size of the network', choices=tuple(bert.SIZES))
  norm: str = config.field(
    'pre',
    'where layer norm stands: after each addition, before each part, or nowhere',
    choices=transformer.ORDERS,
  )
  longest: int = config.field(
    64, 'tokens of a pair of passages, and positions of the network', low=8
  )
  rate: float = config.field(
    0.15, 'share of the tokens that are asked for', above=0, below=1
  )
  without_next: bool = config.field(
    False, 'the second passage is not judged, only hidden words are'
  )
  dropout: float = config.field(0.1, 'dropout rate', low=0, below=1)
  weight_decay: float = config.field(
    0.01, 'weight decay of AdamW, which multiplies it by the learning rate', low=0
  )
  warmup: int = config.field(
    100, 'steps in which the learning rate rises to --learning_rate', low=0
  )
  average: float = config.field(
    0.99,
    'decay of the moving average of the parameters, which is tested',
    low=0,
    below=1,
  )
  batch_size: int = 64
  steps: int = 1_000
  learning_rate: float = 1e-3
  eval_every: int = 250


TINY = Config(steps=2, batch_size=8, pieces=256, longest=16, learning_rate=0.01)
BENCH = Config(size='mini', longest=128, batch_size=32)


def build(c: Config) -> launch.Experiment:
  data, marks = passages.load(c, c.longest, c.vocabulary, c.pieces)
  tokens = data.spec.limits.x['tokens']
  model = bert.BERT(tokens, bert.SIZES[c.size], c.longest, c.norm, c.dropout)
  hide = lambda rate: masking.masked(rate, tokens, marks['mask'], tuple(marks.values()))
  corrupt, judged = hide(c.rate), hide(masking.PUBLISHED)
  right = {'accuracy': measures.accuracy}
  heads = {
    'masked': tasks.Head(reported=right),
    'next': tasks.Head(share=0.0 if c.without_next else 1.0, reported=right),
  }
  plain = tasks.several(model, heads)._replace(answer=blanks.answer(data))
  task = tasks.corrupted(plain, corrupt, judged)
  rate = schedules.warmed(schedules.linear(c.learning_rate, c.steps), c.warmup)
  adam = optax.adamw(rate, 0.9, 0.98, weight_decay=c.weight_decay, mask=stack.decays)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(
      optax.chain(optax.clip_by_global_norm(1.0), adam, optimizers.average(c.average)),
    ),
    data=data,
    averaged=optimizers.averaged,
    observe=blanks.observe(task, judged),
    report=blanks.report(corrupt, c.rate, marks),
    names=weights.names(model) if c.norm == 'post' else None,
    partition=bert.PARTITION,
  )


if __name__ == '__main__':
  launch.main(__name__)
