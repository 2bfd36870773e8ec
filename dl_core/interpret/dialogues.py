"""Shows a dialogue: what a model answers to given lines."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dl_core.interpret import translations
from dl_core.tasks import translation
from dl_core.tasks.decode import shown
from dl_core.types import Claim, Picture, Task


def report(task: Task, lines: Mapping[str, str], others: Any) -> Any:
  """Makes the `report` that begins with the answers to some lines.

  Args:
    task: of `tasks.translate`.
    lines: {what is said to the model: its right answer}; {} leaves the picture out.
    others: the `report` that follows.
  """

  def pictures(variables, observed, data, key):
    rest = others(variables, observed, data, key)
    if not lines:
      return rest
    read = [data.read(line) for line in lines]
    x = {name: np.stack([each[name] for each in read]) for name in read[0]}
    said = translation.texts(data, translations.greedy(task, variables, data, x))
    words = '\n\n'.join(
      f'— {line}\n— {shown(answer)}' for line, answer in zip(lines, said, strict=True)
    )
    right = sum(a == b for a, b in zip(said, lines.values(), strict=True))
    claim = Claim(
      'Every answer is the one that follows from what is said',
      right == len(lines),
      f'{right} of {len(lines)} answers are right',
    )
    caption = 'Each line is answered by itself.'
    return [Picture('A dialogue', caption, lambda: words, (claim,)), *rest]

  return pictures
