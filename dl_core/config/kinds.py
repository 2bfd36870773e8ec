"""The settings of some kinds of experiments: with text, generating, classifying."""

import dataclasses

from dl_core.config.common import Config
from dl_core.config.fields import field

TOKENS = (
  'kind of tokens: characters, words, bpe or wordpiece, trained on the training split; '
  'or a file with a vocabulary: tokenizer.json, vocab.txt, or vocab.json beside '
  'merges.txt'
)


@dataclasses.dataclass(frozen=True)
class Textual(Config):
  """The settings of experiments on text.

  Which vocabulary is used is part of a run's identity by the source of its data.
  """

  vocabulary: str = field(
    'characters',
    TOKENS,
    how=True,
    group='data',
  )
  pieces: int = field(
    0,
    'size of a vocabulary that is trained; 0: 512',
    low=0,
    below=2**24,
    how=True,
    group='data',
  )


@dataclasses.dataclass(frozen=True)
class Generating(Textual):
  """The settings of experiments whose models generate text."""

  prompt: str = field(
    '',
    'text that the trained model continues; -: each line of the standard input',
    how=True,
    group='trained',
  )
  temperature: float = field(
    0.8,
    'sampling temperature of generated text; 0: the likeliest token each time, 1: the '
    'probabilities as learned',
    low=0,
    below=1_000,
    how=True,
    group='trained',
  )
  top_k: int = field(
    0,
    'number of likeliest tokens that generated text is drawn from; 0: all',
    low=0,
    below=2**24,
    how=True,
    group='trained',
  )
  top_p: float = field(
    1.0,
    'probability of the likeliest tokens that generated text is drawn from; 1: all',
    above=0,
    high=1,
    how=True,
    group='trained',
  )
  length: int = field(
    500,
    'number of tokens to generate, here and in the report',
    low=1,
    below=2**20,
    how=True,
    group='trained',
  )


@dataclasses.dataclass(frozen=True)
class Filling(Textual):
  """The settings of experiments whose models fill in what is hidden in a text."""

  prompt: str = field(
    '',
    'text in which the trained model fills in each [MASK]; -: each line of the '
    'standard input',
    how=True,
    group='trained',
  )


@dataclasses.dataclass(frozen=True)
class Answering(Config):
  """The settings of experiments whose models read a text and write another.

  Which vocabularies are used is part of a run's identity by the source of its data.
  """

  pair: str = field(
    '',
    'the texts to read and to write, as in ko-en; empty: as the data set declares, '
    'else its first two',
    group='data',
  )
  lower: bool = field(False, 'texts are read and written in lower case', group='data')
  longest: tuple[int, ...] = field(
    (64,),
    'most tokens of a source and of a target, with the stop token; longer ones are cut',
    low=2,
    group='data',
  )
  widths: tuple[int, ...] = field(
    (),
    'numbers of target tokens to which batches of shorter texts are cut, in rising '
    'order; those above the most are passed over; empty: batches are not cut',
    low=1,
    empty=True,
    how=True,
    group='data',
  )
  vocabulary: str = field(
    'characters',
    TOKENS,
    how=True,
    group='data',
  )
  pieces: tuple[int, ...] = field(
    (),
    'size of a vocabulary of both texts that is trained, or two sizes, of the '
    "source's and of the target's; empty: 512 for both together",
    low=1,
    below=2**24,
    empty=True,
    how=True,
    group='data',
  )
  prompt: str = field(
    '',
    'text that the trained model answers; -: each line of the standard input',
    how=True,
    group='trained',
  )
  beam: int = field(
    1,
    'width of the beam search for an answer; 1: the likeliest token each time',
    low=1,
    below=2**10,
    how=True,
    group='trained',
  )
  alpha: float = field(
    0.0,
    'strength of the length normalisation in a beam search; 0: none',
    low=0,
    below=100,
    how=True,
    group='trained',
  )


@dataclasses.dataclass(frozen=True)
class Transfer(Config):
  """The settings of classifiers that may start from the parameters of another task."""

  freeze: str = field(
    'nothing',
    'parameters that keep their values from --init_from; backbone: all but the last '
    'layer, which alone is trained, with batch norm in evaluation mode',
    choices=('nothing', 'backbone'),
    group='rare',
  )
