"""One recurrent network reads a text, another writes its translation. Lecture 9.

    python -m experiments.seq2seq                       # Korean dates into English
    python -m experiments.seq2seq --attention=none      # all has to fit into one state
    python -m experiments.seq2seq --pair=en-de          # also fr, es, ja
    python -m experiments.seq2seq --dataset=multi30k --data_dir=DIR   # German captions
    python -m experiments.seq2seq --dataset=kor_eng --data_dir=DIR
    python -m experiments.seq2seq --dataset=pairs --data_dir=FILE.tsv
    python -m experiments.seq2seq --workdir=runs/seq2seq-... --prompt='2026년 3월 9일'
    python -m experiments.seq2seq --dataset=multi30k --vocabulary=words \\
      --pieces=7853,5893 --longest=16 --embedding=256 --hidden=512 --attention=none \\
      --layers=2 --nobidirectional --plan               # 13,890,309 parameters
    python -m experiments.seq2seq --dataset=multi30k --vocabulary=words \\
      --pieces=7853,5893 --longest=16 --embedding=256 --hidden=512 \\
      --attention=additive --cell=gru --plan            # 20,515,333 parameters

The last state of the encoder is the first one of the decoder (Sutskever, Vinyals & Le,
2014, https://arxiv.org/abs/1409.3215); with attention the decoder also looks at the
encoder's states of all words, `dot` as in the lecture, `additive` as Bahdanau, Cho &
Bengio (2015, https://arxiv.org/abs/1409.0473). BLEU is sacrebleu's, on text in lower
case, decoded greedily. The published figures on multi30k are those of
https://github.com/bentrevett/pytorch-seq2seq, whose perplexities are of free-running
decoding and cannot be compared, and of https://github.com/msarmi9/multi30k. The two
networks that are planned above, from the sizes of the vocabularies and without any
data, are bentrevett's first and third.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import pairs
from dl_core.launch.families import translation
from dl_core.models import seq2seq
from dl_core.models.weights import seq2seq as weights
from dl_core.tasks import schedules
from dl_core.types import UserError

PUBLISHED = {
  'LSTM, attention, subwords; msarmi9': 33.47,
  'GRU with attention, bentrevett': 28.3,
  'GRU without attention, bentrevett': 20.6,
  'LSTM without attention, bentrevett': 13.8,
}


@dataclasses.dataclass(frozen=True)
class Config(translation.Config):
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
  steps: int = 1_500
  learning_rate: float = 5e-3


RECIPES = translation.recipes(
  multi30k={
    'embedding': 256,
    'hidden': 256,
    'dropout': 0.3,
    'average': 0.998,
    'batch_size': 128,
    'steps': 2_260,
    'learning_rate': 3e-3,
    'eval_every': 226,
  },
  kor_eng={'embedding': 128, 'dropout': 0.3},
)
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


def build(c: Config, pool: int = pairs.POOL, spread: float = 0.1) -> launch.Experiment:
  """Builds the experiment; `pool` is of the data, `spread` of the model."""
  if c.bidirectional and c.hidden % 2:
    raise UserError(
      f'--hidden={c.hidden} was given with --bidirectional, whose directions have half '
      'of the units each; give an even number'
    )
  data = translation.load(c, pool)
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
    spread,
  )
  looks = lambda variables, x: model.apply(variables, x, method='maps')
  return translation.experiment(
    c,
    data,
    tasks.translate(model),
    optax.adam(schedules.cosine(c.learning_rate, c.steps)),
    maps=None if c.attention == 'none' else looks,
    names=weights.names(model),
    partition=seq2seq.PARTITION,
    published=PUBLISHED,
  )


if __name__ == '__main__':
  launch.main(__name__)
