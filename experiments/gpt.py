"""GPT: a Transformer that predicts the next token. Lecture 9.

    python -m experiments.gpt                            # Python's own documentation
    python -m experiments.gpt --vocabulary=bpe --pieces=2000
    python -m experiments.gpt --dataset=tiny_shakespeare --data_dir=DIR
    python -m experiments.gpt --dataset=text --data_dir=FILE
    python -m experiments.gpt --dataset=sst2 --data_dir=DIR   # to begin finetune from
    python -m experiments.gpt --workdir=runs/gpt-... --prompt='The ' --top_k=20
    python -m experiments.gpt --size=gpt2 --vocabulary=tokenizer.json \\
      --init_from=model.safetensors --steps=0            # a file of Hugging Face
    python -m experiments.gpt --size=175B --mesh=fsdp:32,tensor:8 --batch_size=32 --plan

GPT (Radford et al., 2018), GPT-2 (2019) and GPT-3 (Brown et al., 2020,
https://arxiv.org/abs/2005.14165) differ in size and in the place of the norms. A
published size brings its window and its vocabulary, whatever the data's own is.

Evaluation reads windows that do not overlap (--context=window), so that the tokens at
their beginning have little context, or windows that overlap by half. The figure of
nanoGPT's recipe for a CPU is 1.88 nats on 20 random batches, that for a GPU 1.4697
(https://github.com/karpathy/nanoGPT); both were trained on all but the last tenth.
"""

import dataclasses

from dl_core import config, launch, tasks
from dl_core.data import text
from dl_core.interpret import writing
from dl_core.launch.families import calls, pretraining
from dl_core.models import gpt
from dl_core.models.weights import gpt as weights
from dl_core.tasks import contexts, measures, optimizers, schedules
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(pretraining.Config, config.Generating):
  dataset: str = 'python_docs'
  size: str = config.field('nano', 'size of the network', choices=tuple(gpt.SIZES))
  as_printed: bool = config.field(
    False, "heads and widths as in GPT-3's table, which do not fit: 1.3B and 13B"
  )
  width: int = config.field(0, 'features of a token; 0: as --size has', low=0)
  layers: int = config.field(0, 'number of blocks; 0: as --size has', low=0)
  window: int = config.field(
    0, 'tokens per training example, and the longest context; 0: as --size has', low=0
  )
  context: str = config.field(
    'window',
    'windows of an evaluation: side by side, or overlapping by half, of which the '
    'second half counts',
    choices=('window', 'half'),
  )
  refit: bool = config.field(
    False,
    'train on the validation split too (after all settings have been chosen on it)',
  )
  batch_size: int = 16
  steps: int = 1_000
  learning_rate: float = 3e-3
  eval_every: int = 250


RECIPES = {
  'sst2': {'vocabulary': 'bpe', 'pieces': 4_096, 'dropout': 0.1},
  'tiny_shakespeare': {
    'size': 'shakespeare_cpu',
    'refit': True,
    'batch_size': 12,
    'steps': 2_000,
    'eval_every': 500,
  },
}
TINY = Config(
  steps=2, batch_size=8, window=8, length=12, context='half', learning_rate=0.01
)
BENCH = Config(dataset='tiny_shakespeare', size='shakespeare', batch_size=8)


def build(c: Config) -> launch.Experiment:
  size = gpt.SIZES[c.size]
  if c.as_printed:
    if c.size not in gpt.AS_PRINTED:
      raise UserError(
        f'--as_printed was given with --size={c.size}; take one of '
        f'{", ".join(gpt.AS_PRINTED)}, whose rows of the table do not fit'
      )
    size = gpt.AS_PRINTED[c.size]
  size = size._replace(
    window=c.window or size.window,
    width=c.width or size.width,
    layers=c.layers or size.layers,
  )
  if size.features is None and size.width % size.heads:
    raise UserError(
      f'--width={c.width} was given with --size={c.size}, which has {size.heads} '
      'heads; give a multiple of that'
    )
  data = text.load(c, size.window, c.refit, c.vocabulary, c.pieces)
  rows = pretraining.rows(c.size, size.vocabulary, data.spec.limits.x)
  model = gpt.GPT(rows, size, c.dropout)
  task = tasks.language(
    model,
    size.window,
    c.context,
    counted=text.counted(data.spec),
    axes=gpt.AXES,
    nats=measures.cross_entropy,
    accuracy=measures.accuracy,
  )
  figure = 'nats_per_character' if text.counted(data.spec) else 'nats'
  rate = schedules.tenth(c.learning_rate, c.steps)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(pretraining.optimizer(c, rate, 0.99),),
    data=data._replace(notes=(*data.notes, contexts.note(size.window, c.context))),
    averaged=optimizers.averaged,
    observe=writing.observe(task, c.length, c.top_k, c.top_p),
    report=writing.report,
    published=(
      launch.Figure(figure, 1.88, 'tiny_shakespeare', 'nanoGPT on a CPU'),
      launch.Figure(figure, 1.4697, 'tiny_shakespeare', 'nanoGPT on a GPU, 6 x 384'),
    ),
    names=weights.names(model),
    partition=gpt.PARTITION,
  )


if __name__ == '__main__':
  launch.main(__name__)
