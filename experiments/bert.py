"""BERT: predicts masked words, and whether one passage follows another. Lecture 9.

    python -m experiments.bert                            # Python's own documentation
    python -m experiments.bert --rate=0.4                 # more is masked
    python -m experiments.bert --dataset=text --data_dir=FILE
    python -m experiments.bert --dataset=sst2 --data_dir=DIR   # to begin finetune from
    python -m experiments.bert --workdir=runs/bert-... --prompt='the [MASK] of a list'
    python -m experiments.bert --size=base --pieces=30522 --longest=512 --norm=post \\
      --plan
    python -m experiments.bert --size=base --longest=512 --norm=post \\
      --vocabulary=vocab.txt --init_from=model.safetensors --steps=0

Devlin et al., 2019 (https://arxiv.org/abs/1810.04805). It needs no labels. 15 % of the
tokens are predicted: most of them are masked, some replaced, some kept. And the second
of two passages follows the first or comes from another document. Of a set of labelled
texts each stands alone, and its label is not read (--without_next). Evaluation predicts
15 % whatever --rate is. The published sizes have their norms after each addition
(--norm=post) and --dropout=0.1; with --norm=pre, without dropout and at a high rate, as
by default here, small networks beat the word frequencies within few steps.
"""

import dataclasses

from dl_core import config, launch, tasks
from dl_core.data import forms, passages, phrases, sentences, unlabelled
from dl_core.interpret import blanks
from dl_core.launch.families import calls, pretraining
from dl_core.layers import transformer
from dl_core.models import bert
from dl_core.models.weights import bert as weights
from dl_core.tasks import masking, measures, optimizers, schedules
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(pretraining.Config, config.Filling):
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
    0.15, 'share of the tokens that are predicted', above=0, below=1
  )
  without_next: bool = config.field(
    False, 'train on masked words only, without the prediction of the next passage'
  )
  weight_decay: float = 0.01
  batch_size: int = 32
  steps: int = 2_000
  learning_rate: float = 3e-3
  eval_every: int = 250


RECIPES = {
  'sst2': {
    'without_next': True,
    'dropout': 0.1,
    'batch_size': 64,
    'learning_rate': 1e-3,
  }
}
TINY = Config(steps=2, batch_size=8, pieces=256, longest=16, learning_rate=0.01)
BENCH = Config(size='mini', longest=128, batch_size=32, dropout=0.1)


def build(c: Config) -> launch.Experiment:
  alone = phrases.labelled(c.dataset, c.data_dir)
  if alone and not c.without_next:
    raise UserError(
      f'--dataset={c.dataset} was given, whose texts are labelled and stand alone, so '
      'that none follows another; add --without_next'
    )
  load = unlabelled.load if alone else passages.load
  pieces = pretraining.pieces(c.vocabulary, c.pieces)
  data, marks = load(c, c.longest, c.vocabulary, pieces)
  tokens = data.spec.limits.x['tokens']
  body = bert.Encoder(tokens, bert.SIZES[c.size], c.longest, c.norm, c.dropout)
  model = bert.BERT(body)
  hide = lambda rate: masking.masked(rate, tokens, marks['mask'], tuple(marks.values()))
  corrupt, judged = hide(c.rate), hide(masking.PUBLISHED)
  right = {'accuracy': measures.accuracy}
  heads = {
    'masked': tasks.Head(reported=right),
    'next': tasks.Head(share=0.0 if c.without_next else 1.0, reported=right),
  }
  if alone:
    del heads['next']
  plain = tasks.several(model, heads)._replace(answer=blanks.answer(data))
  task = tasks.corrupted(plain, corrupt, judged)
  if alone:
    widths, axes = forms.widths(c.longest), forms.axes(forms.BERT)
    task = tasks.cut(task, widths, axes, sentences.lengths)
  rate = schedules.linear(c.learning_rate, c.steps)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(pretraining.optimizer(c, rate, 0.98),),
    data=data,
    averaged=optimizers.averaged,
    observe=blanks.observe(task, judged),
    report=blanks.report(corrupt, c.rate, marks),
    names=weights.names(body) if c.norm == 'post' else None,
    partition=bert.PARTITION,
  )


if __name__ == '__main__':
  launch.main(__name__)
