"""Fine-tuning: a pretrained BERT or GPT learns a classification. Lecture 9.

    python -m experiments.finetune             # the language of names, from scratch
    python -m experiments.finetune --size=nano # a size of GPT
    python -m experiments.finetune --dataset=sst2 --data_dir=DIR --labels=500
    python -m experiments.finetune --dataset=sst2 --data_dir=DIR --labels=500 \\
      --init_from=runs/bert-...                      # or of gpt, with --size=nano
    python -m experiments.finetune --dataset=folder --data_dir=DIR   # or FILE.tsv
    python -m experiments.finetune --workdir=runs/finetune-... --predict='a good film'
    python -m experiments.finetune --size=base --norm=post --positions=512 \\
      --vocabulary=vocab.txt --init_from=model.safetensors --freeze=backbone

A language model learns from texts alone; what it has learnt there should help where
labels are few (Radford et al., 2018, https://openai.com/index/language-unsupervised;
Devlin et al., 2019, https://arxiv.org/abs/1810.04805). With --init_from the network
begins as a run of `bert` or `gpt` ended, or from a file of Hugging Face, and its head
anew; all else is as without that flag, the vocabulary of a run too. Settings of the
network are those of that run. An example is one text, or two with a tab between them.

The default reaches 50 % on names, where a constant answer has 6 % and naive Bayes on
the same pieces of words 58 %. On SST-2 with 1,000 labels, pre-training on the texts of
that set alone has not raised the accuracy (BUILD_NOTES.md has the figures).
"""

import dataclasses
import functools

from dl_core import config, launch, tasks
from dl_core.data import forms, ngrams, sentences
from dl_core.interpret import reading
from dl_core.launch.families import calls, finetuning, pretraining
from dl_core.layers import transformer
from dl_core.models import bert, gpt, text_classifier
from dl_core.tasks import freezing, optimizers, schedules


@dataclasses.dataclass(frozen=True)
class Config(pretraining.Config, config.Transfer, config.Textual):
  dataset: str = 'languages'
  vocabulary: str = config.field(
    '',
    f'{config.TOKENS}; empty: as the run of --init_from has, else wordpiece for BERT '
    'and bpe for GPT',
    how=True,
  )
  pieces: int = config.field(
    1_000, 'size of a vocabulary that is trained', low=0, below=2**24, how=True
  )
  size: str = config.field(
    'tiny',
    'size of the network; tiny to large: of BERT, the others: of GPT',
    choices=(*bert.SIZES, *gpt.SIZES),
  )
  norm: str = config.field(
    'pre',
    'where layer norm stands in BERT: after each addition, before each part, or '
    'nowhere',
    choices=transformer.ORDERS,
  )
  pool: str = config.field(
    'first',
    'what the pooler of BERT reads: the features of the first token, [CLS], or their '
    'mean over all tokens',
    choices=text_classifier.POOLS,
  )
  longest: int = config.field(
    64, 'tokens of an example, with its marks; longer ones are cut', low=8, below=2**16
  )
  positions: int = config.field(
    0,
    'positions of the network; 0: as many as --longest for BERT, as the window of '
    '--size for GPT',
    low=0,
  )
  labels: int = config.field(
    0, 'training examples of each class, drawn from all; 0: all of them', low=0
  )
  draw: int = config.field(0, 'seed of the draw of --labels', low=0, below=2**32)
  auxiliary: float = config.field(
    0.5, "share of the language model's loss in GPT's; 0: none", low=0
  )
  dropout: float = 0.1
  weight_decay: float = 0.01
  batch_size: int = 32
  steps: int = 1_000
  learning_rate: float = 1e-3
  eval_every: int = 250


RECIPES = {'sst2': {'pieces': 4_096, 'learning_rate': 5e-4}}
TINY = Config(steps=2, batch_size=8, longest=8, labels=4, learning_rate=0.01)
BENCH = Config(dataset='sst2', size='mini', batch_size=32)


def build(c: Config) -> launch.Experiment:
  kind = finetuning.kind(c.size)
  vocabulary, pieces = finetuning.vocabulary(c, kind.vocabulary)
  data, _ = sentences.load(
    c, c.longest, vocabulary, pieces, kind.form, c.labels, c.draw
  )
  model = finetuning.model(c, kind, data.spec)
  task = finetuning.task(c, model)
  rate = schedules.linear(c.learning_rate, c.steps)
  characters = vocabulary == 'characters'
  return freezing.frozen(
    launch.Experiment(
      config=c,
      steps_per_call=calls.SMALL,
      task=tasks.cut(
        task, forms.widths(c.longest), forms.axes(kind.form), sentences.lengths
      ),
      optimizers=(pretraining.optimizer(c, rate, 0.98),),
      averaged=optimizers.averaged,
      data=data,
      scores=ngrams.scores(3 if characters else 1),
      report=reading.report(task, functools.partial(finetuning.seen, model), False),
      names=finetuning.names(model),
      taken=kind.taken,
      partition=kind.partition,
    )
  )


if __name__ == '__main__':
  launch.main(__name__)
