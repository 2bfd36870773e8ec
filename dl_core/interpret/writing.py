"""What a language model writes, at several temperatures, before training and after."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.tasks.decode import generate, shown
from dl_core.types import Picture, Task

TEMPERATURES = (0.0, 0.5, 0.8, 1.0)
READ = 100  # tokens of the validation split that it goes on from


def observe(task: Task, length: int) -> Any:
  """Makes the `observe` of an experiment: how the model goes on with a text.

  It gives {'read': [READ], 'texts': [temperatures, length]}, tokens: the beginning of
  the test split, and what follows, drawn by the same key every time.
  """

  decode = task.decode
  assert decode, 'the model of the task does not write'

  def texts(variables, data, key):
    (split,) = data.splits['test']()
    read = split.y[:1, :READ]
    written = [
      generate(decode, variables, read, length, key, temperature)
      for temperature in TEMPERATURES
    ]
    return {'read': read[0], 'texts': np.concatenate(written)}

  return texts


def report(variables: Any, observed: Any, data: Any, key: Any) -> Sequence[Picture]:
  """Shows the first and the last texts that were observed."""
  del variables, key
  before, after = min(observed), max(observed)
  return [
    picture(f'It writes at step {step:,}', observed[step], data.spec.classes)
    for step in dict.fromkeys((before, after))
  ]


def picture(title: str, seen: Mapping[str, Any], classes: Sequence[str]) -> Picture:
  """Shows the texts of `observe`, one below another."""
  words = [
    f'temperature {temperature:g}\n\n{spelt(tokens, classes)}'
    for temperature, tokens in zip(TEMPERATURES, seen['texts'], strict=True)
  ]
  end = spelt(seen['read'], classes)[-40:]
  caption = (
    f'It read the first {len(seen["read"])} tokens of the test split, which end '
    f'in “{end}”, and goes on token by token, each of them fed back as the next '
    'input. At temperature 0 it is always the likeliest token, at 1 '
    'one drawn as the model predicts, in between one drawn from sharper odds.'
  )
  return Picture(title, caption, lambda: '\n\n\n'.join(words))


def spelt(tokens: Iterable[Any], classes: Sequence[str]) -> str:
  return ''.join(shown(classes[token]) for token in tokens)
