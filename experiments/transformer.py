"""A Transformer reads a text and writes its translation. Lecture 9.

    python -m experiments.transformer                       # Korean dates into English
    python -m experiments.transformer --encoder=rnn         # or convolution
    python -m experiments.transformer --norm=pre            # or none
    python -m experiments.transformer --positions=learned   # or none
    python -m experiments.transformer --dataset=multi30k --data_dir=DIR   # German
    python -m experiments.transformer --workdir=runs/transformer-... --prompt=TEXT
    python -m experiments.transformer --size=tiny --vocabulary=words \\
      --pieces=7853,5893 --positions=learned --longest=100 --notied \\
      --plan                                            # 9,038,341 parameters
    python -m experiments.transformer --size=base --vocabulary=words --pieces=37000 \\
      --plan                                            # 63,082,496 parameters
    python -m experiments.transformer --size=big --vocabulary=words --pieces=37000 \\
      --plan                                            # 214,245,376 parameters

Vaswani et al., 2017 (https://arxiv.org/abs/1706.03762), with its positions, its tied
embeddings, smoothed labels and learning rate. The data and what is measured are those
of `seq2seq`. The published figures on multi30k are those of
https://github.com/bentrevett/pytorch-seq2seq: a Transformer of the size `tiny`, and a
network of gated convolutions (Gehring et al., 2017, https://arxiv.org/abs/1705.03122).
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.interpret import heads
from dl_core.launch.families import translation
from dl_core.layers import positions
from dl_core.layers import transformer as layers
from dl_core.models import transformer
from dl_core.models.weights import transformer as weights
from dl_core.tasks import schedules

PUBLISHED = {
  'Transformer, bentrevett': 36.52,
  'gated convolutions, bentrevett': 34.14,
}


@dataclasses.dataclass(frozen=True)
class Config(translation.Config):
  size: str = config.field(
    'nano',
    'layers in each half, width, heads and hidden units: '
    + ', '.join(
      f'{name} {"/".join(map(str, s))}' for name, s in transformer.SIZES.items()
    ),
    choices=tuple(transformer.SIZES),
  )
  norm: str = config.field(
    'post',
    'where layer norm stands: after each addition, before each part, or nowhere',
    choices=layers.ORDERS,
  )
  positions: str = config.field(
    'sinusoid', 'how tokens know their places', choices=positions.KINDS
  )
  encoder: str = config.field(
    'transformer', 'what reads the source', choices=transformer.ENCODERS
  )
  encoder_layers: int = config.field(
    0, 'layers of the encoder; 0: as many as --size has', low=0
  )
  tied: bool = config.field(
    True,
    'the embeddings of the target, and of the source with one vocabulary, read out',
  )
  smoothing: float = config.field(
    0.1,
    'label smoothing: share of each label spread over the vocabulary',
    low=0,
    below=1,
  )
  dropout: float = config.field(0.0, 'dropout rate', low=0, below=1)
  warmup: int = config.field(
    400, 'steps in which the learning rate rises to --learning_rate', low=0
  )
  steps: int = 1_500
  learning_rate: float = 4e-3


RECIPES = translation.recipes(
  multi30k={
    'size': 'tiny',
    'dropout': 0.1,
    'average': 0.998,
    'batch_size': 128,
    'steps': 2_260,
    'learning_rate': 1.5e-3,
    'warmup': 600,
    'eval_every': 226,
  },
  kor_eng={'dropout': 0.3},
)
TINY = Config(
  dataset='copies',
  steps=2,
  batch_size=8,
  longest=(12,),
  widths=(4, 8),
  learning_rate=0.03,
)
BENCH = Config(
  dataset='multi30k',
  size='tiny',
  dropout=0.1,
  vocabulary='bpe',
  pieces=(8_000,),
  longest=(16,),
  widths=(),
  batch_size=128,
)


def build(c: Config) -> launch.Experiment:
  data = translation.load(c)
  sizes = data.spec.limits.x
  joint = len(c.pieces) < 2 and sizes['source'] == sizes['target']
  model = transformer.Transformer(
    sizes['source'],
    sizes['target'],
    transformer.SIZES[c.size],
    c.norm,
    c.positions,
    max(c.longest),
    ('all' if joint else 'target') if c.tied else 'none',
    c.encoder,
    c.encoder_layers or None,
    c.dropout,
  )
  task = tasks.translate(model, transformer.AXES, c.smoothing)
  adam = optax.adam(schedules.inverse_root(c.learning_rate, c.warmup), 0.9, 0.98, 1e-9)
  found = translation.experiment(
    c,
    data,
    task,
    adam,
    names=weights.names(model),
    partition=transformer.PARTITION,
    published=PUBLISHED,
  )
  return found._replace(report=heads.report(model, task, found.report))


if __name__ == '__main__':
  launch.main(__name__)
