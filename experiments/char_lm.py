"""A recurrent network that writes, character by character or word by word. Lecture 9.

    python -m experiments.char_lm                       # Python's own documentation
    python -m experiments.char_lm --cell=gru            # or rnn
    python -m experiments.char_lm --dataset=stdlib_code   # code; scipy_docs: formulas
    python -m experiments.char_lm --dataset=tiny_shakespeare --data_dir=DIR
    python -m experiments.char_lm --dataset=text --data_dir=FILE
    python -m experiments.char_lm --vocabulary=bpe --pieces=512   # or words, wordpiece
    python -m experiments.char_lm --workdir=runs/char_lm-... --prompt='The '
    python -m experiments.char_lm --workdir=runs/char_lm-... --export=a.safetensors
    python -m experiments.char_lm --init_from=a.safetensors  # also of PyTorch's nn.LSTM

It is trained on random windows from a zero state. In evaluation every token of a split
is predicted once, in order, the state carried on. With tokens other than characters the
nats per character are reported, too: only those can be compared with the nats of
characters, and only those of BPE spell all of the text.
Nobody has published the figure of an LSTM on tiny_shakespeare by a stated protocol; a
Transformer of 10.65 million parameters has 1.4697 nats
(https://github.com/karpathy/nanoGPT). It was trained on all but the last tenth, hence
--refit in the recipe, whose settings were chosen without.

The report judges what the model writes, untrained, while it is trained and at the end,
beside real text: how many of its words exist; of formulas, whether marks come in pairs;
of code, what parses and compiles. Of an LSTM it shows the gates.
"""

import dataclasses

import optax

from dl_core import config, interpret, launch, tasks
from dl_core.data import text
from dl_core.interpret import memory, naturalness, wellformed, writing
from dl_core.launch.families import calls
from dl_core.layers import sequences
from dl_core.models import char_lm
from dl_core.models.weights import recurrent as names
from dl_core.tasks import contexts, measures, optimizers, schedules


@dataclasses.dataclass(frozen=True)
class Config(config.Generating):
  dataset: str = 'python_docs'
  cell: str = config.field(
    'lstm', 'kind of recurrent cell', choices=tuple(sequences.CELLS)
  )
  layers: int = config.field(2, 'number of recurrent layers', low=1)
  hidden: int = config.field(128, 'units of each recurrent layer', low=1)
  window: int = config.field(64, 'tokens per training example', low=1)
  refit: bool = config.field(
    False,
    'train on the validation split too (after all settings have been chosen on it)',
  )
  dropout: float = config.field(
    0.0, 'dropout rate of the recurrent layers', low=0, below=1
  )
  warmup: int = config.field(
    100, 'steps in which the learning rate rises from 0 to its peak; 0: none', low=0
  )
  average: float = config.field(
    0.99,
    'decay of the moving average of the parameters, which is tested',
    low=0,
    below=1,
  )
  batch_size: int = 32
  steps: int = 1_500
  learning_rate: float = 1.2e-2
  eval_every: int = 250


RECIPES = {
  'tiny_shakespeare': {
    'hidden': 512,
    'window': 128,
    'dropout': 0.5,
    'refit': True,
    'steps': 5_600,
    'learning_rate': 2e-3,
    'warmup': 0,
    'average': 0.999,
    'eval_every': 500,
  }
}
JUDGES = {'scipy_docs': wellformed.FORMULAS, 'stdlib_code': wellformed.CODE}
TINY = Config(
  steps=2, batch_size=8, hidden=8, window=8, length=8, learning_rate=0.03, warmup=0
)
BENCH = Config(dataset='tiny_shakespeare', hidden=512, length=1_000)


def build(c: Config) -> launch.Experiment:
  data = text.load(c, c.window, c.refit, c.vocabulary, c.pieces)
  model = char_lm.CharLM(data.spec.limits.x, c.cell, c.layers, c.hidden, c.dropout)
  task = tasks.language(
    model,
    c.window,
    counted=text.counted(data.spec),
    nats=measures.cross_entropy,
    accuracy=measures.accuracy,
  )
  figure = 'nats_per_character' if text.counted(data.spec) else 'nats'
  rate = schedules.warmed(schedules.cosine(c.learning_rate, c.steps), c.warmup)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(
      optax.chain(
        optax.clip_by_global_norm(1.0), optax.adam(rate), optimizers.average(c.average)
      ),
    ),
    data=data._replace(notes=(*data.notes, contexts.note(c.window, 'carried'))),
    averaged=optimizers.averaged,
    observe=interpret.gather(
      writing.observe(task, c.length, c.top_k, c.top_p),
      naturalness.observe(task, 2 * c.length),
    ),
    report=interpret.join(
      writing.report,
      naturalness.report(JUDGES.get(c.dataset, ())),
      *([memory.report(model)] if c.cell == 'lstm' else []),
    ),
    published=(
      launch.Figure(figure, 1.4697, 'tiny_shakespeare', 'a Transformer, nanoGPT'),
    ),
    names=names.names(model),
    partition=char_lm.PARTITION,
  )


if __name__ == '__main__':
  launch.main(__name__)
