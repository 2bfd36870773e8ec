"""What a language model does from a prompt alone: it sums up, and chooses answers.

No parameter changes: the task is in the context. Radford et al. 2019
(https://openai.com/index/better-language-models) ask for a summary by "TL;DR:"; Brown
et al. 2020 (https://arxiv.org/abs/2005.14165) show examples before the question.

Shapes: N examples, K answers of the example that has most.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dl_core.data import coded, summaries, vocabularies
from dl_core.data.choices import Example
from dl_core.data.vocabulary import Vocabulary
from dl_core.tasks import continued, likelihood
from dl_core.types import Decode, Key, UserError, Variables

CUE, NO_CUE = '\nTL;DR:', '\n'  # after the document
PRIOR = 'Answer:'  # the context of an answer without its question
NORMALISED = ('none', 'characters', 'prior')


class Model(NamedTuple):
  """A trained language model.

  Attributes:
    outputs, decode: of its task.
    variables, vocabulary: its own.
    window: tokens that it reads at most.
  """

  outputs: Callable[[Variables, Any], Any]
  decode: Decode
  variables: Variables
  vocabulary: Vocabulary
  window: int

  def encode(self, text: str, place: str) -> np.ndarray:
    mend = 'leave it out, or give a model that knows it'
    return coded.read_by(self.vocabulary, text, place, mend).ids

  @property
  def end(self) -> int:
    """The token between documents; without one, that before the first token."""
    given = self.vocabulary
    return given.start if given.stop is None else given.stop


def model(run: Any) -> Model:
  """Reads the model of a finished run of a study, see `launch.studies`."""
  task, data = run.experiment.task, run.experiment.data
  vocabulary = vocabularies.read(data.files()[vocabularies.FILE])
  return Model(task.outputs, task.decode, run.variables(), vocabulary, data.spec.tokens)


def summed_up(
  model: Model, bodies: Sequence[str], cue: str, count: int, key: Key, top_k: int
) -> list[str]:
  """Returns the first sentence that the model writes after each document.

  Args:
    model: which writes.
    bodies: documents; where one is longer than the window, its end is read.
    cue: `CUE` or `NO_CUE`.
    count: tokens to generate; their first sentence is kept.
    key, top_k: see `continued.written`.

  Raises:
    UserError: the window has no room for the tokens and the cue.
  """
  least = count + len(model.encode(cue, 'the cue')) + 1
  if model.window < least:
    raise UserError(
      f'--length={count} was given, with a model whose window has {model.window} '
      f'tokens; a window of {least} or more is wanted, or fewer tokens'
    )
  prompts = [model.encode(body + cue, f'document {body[:20]!r}') for body in bodies]
  tokens = continued.written(
    model.decode, model.variables, prompts, count, key, top_k, model.window
  )
  return [summaries.first_sentence(model.vocabulary.decode(row)) for row in tokens]


def log_probabilities(
  model: Model, examples: Sequence[Example], context: Callable[[Example], str]
) -> np.ndarray:
  """Returns log p [N, K] of the answers after a context, -inf where there is none.

  Args:
    model: which scores.
    examples: N.
    context: (example) -> what is read before an answer.

  Raises:
    UserError: an answer has no token, or more than the window of the model.
  """
  pairs = []
  for each in examples:
    encode = functools.partial(model.encode, place=each.place)
    for answer in each.answers:
      try:
        pair = likelihood.pair(encode, context(each), f' {answer}', model.end)
      except ValueError:
        raise UserError(
          f'{each.place} has the answer {answer!r}, which has no token in the '
          'vocabulary of the model; leave it out'
        ) from None
      if len(pair.continuation) > model.window:
        raise UserError(
          f'{each.place} has an answer of {len(pair.continuation):,} tokens, but the '
          f'window of the model holds {model.window:,}; give shorter answers, or a '
          'model with a longer window'
        )
      pairs.append(pair)
  found = likelihood.scored(model.outputs, model.variables, pairs, model.window)
  return laid_out(examples, found)


def laid_out(examples: Sequence[Example], values: Any) -> np.ndarray:
  """Arranges a value of each answer as [N, K], -inf where there is none."""
  table = np.full((len(examples), max(len(each.answers) for each in examples)), -np.inf)
  counts = [len(each.answers) for each in examples]
  table[np.arange(table.shape[1]) < np.array(counts)[:, None]] = values
  return table


def right(
  model: Model, examples: Sequence[Example], before: str
) -> dict[str, np.ndarray]:
  """Returns {normalisation: whether the right answer scores best, bool [N]}.

  With log p of an answer in its context: none scores it as it is; characters divides
  it by the bytes of the answer; prior subtracts log p of the answer after `PRIOR`.

  Args:
    model: which answers.
    examples: to be answered.
    before: what stands before each of them, such as solved examples.
  """
  logs = log_probabilities(model, examples, lambda each: before + each.context)
  prior = log_probabilities(model, examples, lambda each: PRIOR)
  sizes = [len(answer.encode()) for each in examples for answer in each.answers]
  lengths = np.abs(laid_out(examples, sizes))
  there = np.isfinite(logs)
  scores = {
    'none': logs,
    'characters': np.where(there, logs / lengths, -np.inf),
    'prior': np.where(there, logs - np.where(there, prior, 0), -np.inf),
  }
  return {
    name: score[:, 0] > score[:, 1:].max(axis=1) for name, score in scores.items()
  }
