"""What a language model writes, at several temperatures, before training and after."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dl_core import decode
from dl_core.types import Picture, Task

TEMPERATURES = (0.0, 0.5, 0.8, 1.0)


def observe(task: Task, length: int) -> Any:
  """Makes the `observe` of an experiment: texts of so many symbols from one newline.

  They are {'texts': symbols [temperatures, length]}, drawn by the same key every time.
  """

  def texts(variables, data, key):
    newline = data.spec.classes.index('\n') if '\n' in data.spec.classes else 0
    first = np.full((1, 1), newline)
    written = [
      decode.generate(task.decode, variables, first, length, key, temperature)
      for temperature in TEMPERATURES
    ]
    return {'texts': np.concatenate(written)}

  return texts


def report(variables: Any, observed: Any, data: Any, key: Any) -> Sequence[Picture]:
  """Shows the first and the last texts that were observed."""
  del variables, key
  before, after = min(observed), max(observed)
  return [
    picture(f'It writes at step {step:,}', observed[step]['texts'], data.spec.classes)
    for step in dict.fromkeys((before, after))
  ]


def picture(title: str, texts: np.ndarray, classes: Sequence[str]) -> Picture:
  """Shows texts, symbols [temperatures, length], one below another."""
  words = [
    f'temperature {temperature:g}\n\n{"".join(classes[symbol] for symbol in symbols)}'
    for temperature, symbols in zip(TEMPERATURES, texts, strict=True)
  ]
  caption = (
    'Written symbol by symbol after a newline, each fed back as the next input. At '
    'temperature 0 it is always the likeliest symbol, at 1 one drawn as the model '
    'predicts, in between one drawn from sharper odds.'
  )
  return Picture(title, caption, lambda: '\n\n\n'.join(words))
