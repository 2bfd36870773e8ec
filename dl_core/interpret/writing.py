"""Shows texts that a language model writes at several temperatures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.tasks.decode import generate, shown
from dl_core.types import Picture, Task

TEMPERATURES = (0.0, 0.5, 0.8, 1.0)
READ = 100  # tokens of the test split that are given as the beginning


def observe(task: Task, length: int, top_k: int = 0, top_p: float = 1.0) -> Any:
  """Makes the `observe` of an experiment: continuations of a text by the model.

  It returns tokens {'read': [READ], 'texts': [temperatures, length]}: the beginning of
  the test split, and its continuations, drawn with the same key every time.
  """

  decode = task.decode
  assert decode, 'the model of the task does not write'

  def texts(variables, data, key):
    (split,) = data.splits['test']()
    read = split.y[:1, :READ]
    written = [
      generate(
        decode, variables, read, length, key, temperature, top_k=top_k, top_p=top_p
      )
      for temperature in TEMPERATURES
    ]
    return {'read': read[0], 'texts': np.concatenate(written)}

  return texts


def report(variables: Any, observed: Any, data: Any, key: Any) -> Sequence[Picture]:
  """Shows the first and the last texts that were observed."""
  del variables, key
  before, after = min(observed), max(observed)
  return [
    picture(f'It writes at step {step:,}', observed[step], data.write)
    for step in dict.fromkeys((before, after))
  ]


def picture(title: str, seen: Mapping[str, Any], write: Callable[..., str]) -> Picture:
  """Makes the picture of the texts of `observe`, one below another.

  Args:
    title: of the picture.
    seen: what `observe` returned.
    write: see `Data`.
  """
  words = [
    f'temperature {temperature:g}\n\n{shown(write(tokens))}'
    for temperature, tokens in zip(TEMPERATURES, seen['texts'], strict=True)
  ]
  end = shown(write(seen['read']))[-40:]
  caption = (
    f'The model reads the first {len(seen["read"])} tokens of the test split, which '
    f'end in “{end}”, and continues token by token; each token is the next '
    'input. Temperature 0 always takes the most probable token, temperature 1 samples '
    'from the predicted distribution; lower ones sample from a sharper distribution.'
  )
  return Picture(title, caption, lambda: '\n\n\n'.join(words))
