"""One recurrent network reads a text, another writes its translation. Lecture 9.

    python -m experiments.seq2seq                       # Korean dates into English
    python -m experiments.seq2seq --attention=none      # all has to fit into one state
    python -m experiments.seq2seq --pair=en-de          # also fr, es, ja
    python -m experiments.seq2seq --dataset=multi30k --data_dir=DIR   # German captions
    python -m experiments.seq2seq --dataset=kor_eng --data_dir=DIR
    python -m experiments.seq2seq --dataset=pairs --data_dir=FILE.tsv
    python -m experiments.seq2seq --workdir=runs/seq2seq-... --prompt='2026년 3월 9일'

The last state of the encoder is the first one of the decoder (Sutskever, Vinyals & Le,
2014, https://arxiv.org/abs/1409.3215); with attention the decoder also looks at the
encoder's states of all words, `dot` as in the lecture, `additive` as Bahdanau, Cho &
Bengio (2015, https://arxiv.org/abs/1409.0473). BLEU is sacrebleu's, on text in lower
case, decoded greedily. The published figures on multi30k are those of
https://github.com/bentrevett/pytorch-seq2seq, whose perplexities are of free-running
decoding and cannot be compared, and of https://github.com/msarmi9/multi30k.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import copies, pairs
from dl_core.interpret import translations
from dl_core.models import seq2seq
from dl_core.models.weights import seq2seq as weights
from dl_core.tasks import optimizers, schedules, similarity, translation
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Answering):
  dataset: str = 'dates'
  longest: tuple[int, ...] = (64, 96)
  widths: tuple[int, ...] = (32, 48, 64)
  attention: str = config.field(
    'dot',
    'how the decoder looks at the words of the source',
    choices=seq2seq.ATTENTIONS,
  )
  cell: str = config.field(
    'lstm', 'kind of recurrent cell', choices=('lstm', 'gru', 'rnn')
  )
  layers: int = config.field(1, 'number of recurrent layers on each side', low=1)
  hidden: int = config.field(128, 'units of each recurrent layer', low=2)
  bidirectional: bool = config.field(
    True, 'encoder reads from both ends, with half of the units each'
  )
  embedding: int = config.field(
    0, 'numbers of a token embedding; 0: tokens are read one-hot', low=0
  )
  dropout: float = config.field(
    0.0,
    'dropout rate of embeddings, between layers and before the output',
    low=0,
    below=1,
  )
  average: float = config.field(
    0.99,
    'decay of the moving average of the parameters, which is tested',
    low=0,
    below=1,
  )
  batch_size: int = 64
  steps: int = 1_500
  learning_rate: float = 5e-3
  eval_every: int = 250


RECIPES = {
  'multi30k': {
    'vocabulary': 'bpe',
    'pieces': (4_000,),
    'lower': True,
    'longest': (64,),
    'widths': (16, 24, 32),
    'embedding': 256,
    'hidden': 256,
    'dropout': 0.3,
    'average': 0.998,
    'batch_size': 128,
    'steps': 2_260,
    'learning_rate': 3e-3,
    'eval_every': 226,
  },
  'kor_eng': {
    'vocabulary': 'bpe',
    'pieces': (2_000,),
    'lower': True,
    'longest': (64,),
    'widths': (16, 24, 32),
    'embedding': 128,
    'dropout': 0.3,
  },
}
TINY = Config(
  dataset='copies',
  steps=2,
  batch_size=8,
  hidden=8,
  longest=(12,),
  widths=(4, 8),
  learning_rate=0.03,
)
BENCH = Config(
  dataset='multi30k',
  vocabulary='bpe',
  pieces=(4_000,),
  embedding=256,
  hidden=512,
  layers=2,
  bidirectional=False,
  longest=(16,),
  widths=(),
  batch_size=128,
)


def build(c: Config) -> launch.Experiment:
  wanted = pairs.wanted(c)
  if c.bidirectional and c.hidden % 2:
    raise UserError(
      f'--hidden={c.hidden} was given with --bidirectional, whose directions have half '
      'of the units each; give an even number'
    )
  if c.dataset == 'copies':
    data = copies.load(c.batch_size, wanted.sides[1])
  else:
    data = pairs.load(c, wanted)
  sizes = data.spec.limits.x
  model = seq2seq.Seq2Seq(
    sizes['source'],
    sizes['target'],
    c.cell,
    c.layers,
    c.hidden,
    c.embedding,
    c.attention,
    c.bidirectional,
    c.dropout,
  )
  whole = tasks.translate(model)
  task = whole
  most = wanted.sides[1]
  if widths := tuple(width for width in c.widths if width < most):
    widths = (*widths, most)
    task = tasks.cut(whole, widths, pairs.AXES, pairs.lengths)
  looks = None
  if c.attention != 'none':
    looks = lambda variables, x: model.apply(variables, x, method='maps')
  rate = schedules.cosine(c.learning_rate, c.steps)
  note = f'BLEU is sacrebleu {similarity.signature()}.'
  return launch.Experiment(
    config=c,
    task=task,
    optimizers=(
      optax.chain(
        optax.clip_by_global_norm(1.0), optax.adam(rate), optimizers.average(c.average)
      ),
    ),
    data=data._replace(notes=(*data.notes, note)),
    averaged=optimizers.averaged,
    scores=translation.scores(task, c.beam, c.alpha),
    observe=translations.observe(task),
    report=translations.report(task, looks),
    published=(
      launch.Figure('bleu', 33.47, 'multi30k', 'LSTM, attention, subwords; msarmi9'),
      launch.Figure('bleu', 28.3, 'multi30k', 'GRU with attention, bentrevett'),
      launch.Figure('bleu', 20.6, 'multi30k', 'GRU without attention, bentrevett'),
      launch.Figure('bleu', 13.8, 'multi30k', 'LSTM without attention, bentrevett'),
    ),
    names=weights.names(model),
    partition=seq2seq.PARTITION,
  )


if __name__ == '__main__':
  launch.main(__name__)
