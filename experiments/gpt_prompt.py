r"""What a GPT does from its prompt alone: summaries, few-shot answers. Lecture 9.

    python -m experiments.gpt_prompt                       # trains a small gpt first
    python -m experiments.gpt_prompt --init_from=runs/gpt-...
    python -m experiments.gpt_prompt --examples=FILE --shots=8 --normalise=prior
    python -m experiments.gpt_prompt --size=gpt2 --vocabulary=tokenizer.json \
      --init_from=model.safetensors                        # a file of Hugging Face

Summaries are what the model writes after a document and "TL;DR:" (Radford et al., 2019,
section 3.6). The documents are docstrings without their first line, which is the true
summary, from the validation and test splits. GPT-2 reaches ROUGE-1/2/L of 29.34, 8.27
and 26.58 on CNN and Daily Mail.

Answers are chosen by their likelihood after none, one or --shots solved examples (Brown
et al., 2020, https://arxiv.org/abs/2005.14165), as in EleutherAI's
lm-evaluation-harness. FILE has an example in each line: the context, the right answer,
and one or more wrong ones, separated by tabs; `\n` stands for a newline. The first
quarter of the lines gives the shots, the others are the questions. Without FILE the
question is which sentence follows the first line of a docstring, out of four.
"""

import dataclasses

from dl_core import config, launch
from dl_core.data import choices, corpus, subwords, summaries
from dl_core.interpret import prompted
from dl_core.launch import given
from dl_core.launch.families import pretraining
from dl_core.lessons.networks import cues, shots
from dl_core.models import gpt as models
from dl_core.models.weights import files
from dl_core.types import UserError
from experiments import gpt

WINDOW = 256  # of the model that is trained here


@dataclasses.dataclass(frozen=True)
class Config(config.Textual):
  dataset: str = 'python_docs'
  vocabulary: str = 'bpe'
  pieces: int = 1_000
  size: str = config.field('nano', 'size of the network', choices=tuple(models.SIZES))
  window: int = config.field(
    0, 'tokens of the longest context; 0: 256, or as the model of --init_from has',
    low=0,
  )  # fmt: skip
  examples: str = config.field(
    '',
    'file of multiple-choice examples: context, right answer and wrong answers, '
    'separated by tabs; empty: made from --dataset',
  )
  shots: int = config.field(
    4, 'most solved examples before a question; fewer: 0 and 1', low=0, below=1_000
  )
  normalise: str = config.field(
    'characters',
    'what the log-probability of an answer is normalised by, for the claims: nothing, '
    'its length in bytes, or its probability after "Answer:" alone',
    choices=prompted.NORMALISED,
  )
  documents: int = config.field(
    200,
    'most documents to sum up, and most questions made from --dataset; 0: none',
    low=0,
  )
  length: int = config.field(
    40, 'tokens written for a summary, whose first sentence is kept', low=1
  )
  top_k: int = config.field(
    2, 'number of likeliest tokens that summaries are drawn from; 0: all', low=0
  )
  steps: int = 600
  batch_size: int = 8
  learning_rate: float = 3e-3
  eval_every: int = 300


TINY = Config(
  steps=2, batch_size=8, pieces=300, window=128, documents=4, shots=1, length=4,
  eval_every=1,
)  # fmt: skip


def study(c: Config) -> launch.Study:
  text = corpus.named(c, 1, 'characters', 0)
  source = (
    choices.own(c.examples, c.shots)
    if c.examples
    else choices.embedded(text, c.documents, c.shots)
  )
  documents = lambda: summaries.held_out(text)[: c.documents] if c.documents else []
  if not c.plan:  # an error of the data comes before the model is trained
    documents()
    source.read()

  def draw(runs):
    asked = {c.seed + n: prompted.model(run) for n, run in enumerate(runs)}
    counts = sorted({0, min(1, c.shots), c.shots})
    summed_up = cues.pictures(documents(), c.length, c.top_k, asked)
    return summed_up + shots.pictures(source.read(), counts, c.normalise, asked)

  if not c.init_from:
    runs = {'gpt': (gpt, trained(c))}
    return launch.Study(runs, lambda found: draw(found['gpt']), (source.name,))
  model = given.model(gpt, starting(c))
  sources = (text.source, source.name, model.experiment.data.spec.source)
  return launch.Study({}, lambda found: draw([model] * c.seeds), sources)


def trained(c: Config) -> gpt.Config:
  """Returns the settings of the model that the study trains.

  Raises:
    UserError: its window has too little room for documents and summaries.
  """
  window = c.window or WINDOW
  if 2 * c.length > window:
    raise UserError(
      f'--length={c.length} was given, with a window of {window} tokens; give at most '
      f'{window // 2}, so that half of the window is for the document'
    )
  pieces = pretraining.pieces(c.vocabulary, c.pieces)
  same = config.shared(c, 'size', 'vocabulary', 'length')
  return gpt.Config(**same, pieces=pieces, window=window)


def starting(c: Config) -> gpt.Config:
  """Returns the settings of the model that --init_from names.

  Raises:
    UserError: a file of weights was given without its vocabulary.
  """
  names = ('dataset', 'data_dir', 'init_from', 'size', 'window', 'precision')
  own = gpt.Config(**{name: getattr(c, name) for name in names})
  if not files.named(c.init_from):
    return own
  if c.vocabulary in subwords.TRAINED:
    raise UserError(
      f'--init_from={c.init_from} was given with --vocabulary={c.vocabulary}, which is '
      "trained here; give the file's own vocabulary, --vocabulary=tokenizer.json"
    )
  return dataclasses.replace(own, vocabulary=c.vocabulary)


if __name__ == '__main__':
  launch.main(__name__)
