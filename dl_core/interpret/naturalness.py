"""Shows how natural a language model writes as training goes on, beside real text.

Shapes: S samples, T tokens of each.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dl_core import interpret
from dl_core.interpret import wellformed
from dl_core.interpret.wellformed import Judge, Passed
from dl_core.report import draw
from dl_core.tasks import decode as decoding
from dl_core.types import Batch, Claim, Data, Picture, Task

TEMPERATURE = 0.8  # of the samples
READ = 100  # tokens that are read before each sample
EXCERPT = 300  # characters
QUARTERS = (0, 1, 2, 4)  # of the training, after which samples are compared


def observe(task: Task, length: int) -> interpret.Report:
  """Makes the `observe` of samples: {'samples': tokens [S, T]}.

  Each sample continues one stream of the test split, after its first tokens.

  Args:
    task: its model writes.
    length: T.
  """
  decode = task.decode
  assert decode, 'the model of the task does not write'

  def samples(variables, data, key):
    (split,) = data.splits['test']()
    prompt = split.y[:, :READ]
    written = decoding.generate(decode, variables, prompt, length, key, TEMPERATURE)
    return {'samples': np.asarray(written)}

  return samples


def report(judges: Sequence[Judge] = ()) -> interpret.Report:
  """Shows the share of words of the training text, and what else is judged, by step.

  Args:
    judges: of other parts than words.
  """

  def pictures(variables, observed, data, key):
    del variables, key
    written = {
      step: [data.write(row) for row in seen['samples']]
      for step, seen in observed.items()
    }
    length = observed[min(observed)]['samples'].shape[1]
    every = [wellformed.words(training(data)), *judges]
    return [picture(every, written, real(data, length)), excerpts(written)]

  return pictures


def real(data: Data, length: int) -> list[str]:
  """Returns the texts of the test split that stand where samples are written."""
  (split,) = data.splits['test']()
  assert data.write, 'the tokens of the data have no text'
  part = slice(READ, READ + length)
  rows = zip(np.asarray(split.y), there(split), strict=True)
  return [data.write(row[part][mask[part]]) for row, mask in rows]


def training(data: Data) -> str:
  """Returns the text of the training split."""
  assert data.write, 'the tokens of the data have no text'
  return ''.join(
    data.write(np.asarray(batch.y)[there(batch)]) for batch in data.splits['train']()
  )


def there(batch: Batch) -> np.ndarray:
  """Returns which tokens of a batch are no padding."""
  tokens = batch.weight['tokens'] if isinstance(batch.weight, dict) else batch.weight
  return np.asarray(tokens) > 0


def picture(
  judges: Sequence[Judge], written: Mapping[int, Sequence[str]], real: Sequence[str]
) -> Picture:
  """Makes the picture of the shares of right parts, by step.

  Args:
    judges: what is judged.
    written: {step: texts of the model}.
    real: texts of the test split.
  """
  steps = sorted(written)
  found = {
    judge.parts: [judge.judge(written[step]) for step in steps] for judge in judges
  }
  truth = {judge.parts: judge.judge(real) for judge in judges}

  def show():
    look = {'xlabel': 'step', 'ylabel': 'right, %', 'ylim': (-3, 103)}
    figure, axes = draw.panel(7, 3.2, **look)
    for (parts, passed), colour in zip(found.items(), draw.COLOURS, strict=False):
      shares = [100 * one.share for one in passed]
      axes.plot(steps, shares, marker='.', color=colour, label=parts)
      draw.guide(axes, y=100 * truth[parts].share, color=colour)
    draw.legend(axes)
    return figure

  return Picture(
    'How natural it writes',
    f'{len(real)} samples at temperature {TEMPERATURE:g}, judged as training goes on. '
    'The dotted lines are the shares in the test split itself, at the same places.',
    show,
    tuple(
      claim(
        judge,
        {step: found[judge.parts][steps.index(step)] for step in moments(steps)},
        truth[judge.parts],
      )
      for judge in judges
    ),
  )


def moments(steps: Sequence[int]) -> list[int]:
  """Returns the steps nearest to the start, a quarter, half and the end of training."""
  last = max(steps)
  nearest = [min(steps, key=lambda s: abs(4 * s - part * last)) for part in QUARTERS]
  return sorted(set(nearest))


def excerpts(written: Mapping[int, Sequence[str]]) -> Picture:
  """Shows the beginning of the first sample at some moments of training."""
  parts = [
    f'step {step:,}\n\n{decoding.shown(written[step][0][:EXCERPT])}'
    for step in moments(sorted(written))
  ]
  return Picture(
    'As it learns to write',
    f'The same place of the test split is continued at temperature {TEMPERATURE:g}: '
    'before training, and after a quarter, half and all of it.',
    lambda: '\n\n\n'.join(parts),
  )


def claim(judge: Judge, passed: Mapping[int, Passed], real: Passed) -> Claim:
  """Claims that training raises the share of right parts.

  Args:
    judge: what is judged.
    passed: {step: right parts in samples}.
    real: right parts in real text.
  """
  shares = [one.share for one in passed.values()]
  rising = shares == sorted(set(shares)) if judge.steadily else True
  told = [f'{one} at step {step:,}' for step, one in passed.items()]
  return Claim(
    judge.sentence,
    shares[0] < shares[-1] and rising,
    ', '.join([*told, f'{real} in real text']),
  )
