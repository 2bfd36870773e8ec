"""What a model answers after 0, 1 and more demonstrations, beside the best answers.

Shapes: M lists, N pairs of each, R runs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core import interpret
from dl_core.data.demonstrations import START, Demonstrations
from dl_core.report import draw
from dl_core.types import Data, Picture, Task, Variables

SHOWN = 12  # lists of the report
PLAIN, DESCRIBED = 'without description', 'with description'


class Answers(NamedTuple):
  """Test lists and the answers of a model.

  Attributes:
    x, y: int32 [M, 2N], see `data.demonstrations`.
    said: integers [M, N], the likeliest answers.
  """

  x: np.ndarray
  y: np.ndarray
  said: np.ndarray


class Shares(NamedTuple):
  """Shares of right answers after 0 to N - 1 shots.

  Attributes:
    right: [N, R].
    best: [N], what the best possible answers reach.
  """

  right: np.ndarray
  best: np.ndarray

  @property
  def gap(self) -> float:
    """The largest difference between the two."""
    return float(np.abs(self.right - self.best[:, None]).max())


def answers(task: Task, variables: Variables, data: Data) -> Answers:
  """Computes the answers of a model to all pairs of the test split."""
  outputs: Any = task.outputs
  likeliest = jax.jit(lambda x: outputs(variables, x)[:, 1::2].argmax(axis=-1))
  found = [(b.x, b.y, np.asarray(likeliest(b.x))) for b in data.splits['test']()]
  return Answers(*map(np.concatenate, zip(*found, strict=True)))


def shares(lists: Demonstrations, found: Sequence[Answers]) -> dict[str, Shares]:
  """Returns the shares of lists `PLAIN` and `DESCRIBED`, of those that there are.

  Args:
    lists: the distribution of the lists.
    found: answers of each run to the same lists.
  """
  x = found[0].x
  best = lists.optimum(x)
  right = np.stack([one.said == one.y[:, 1::2] for one in found], axis=2)  # [M, N, R]
  described = x[:, 0] != START
  return {
    name: Shares(right[rows].mean(axis=0), best[rows].mean(axis=0))
    for name, rows in ((PLAIN, ~described), (DESCRIBED, described))
    if rows.any()
  }


def panel(curves: Mapping[str, Shares]) -> Any:
  """Draws shares by the number of shots, the best possible ones dashed."""
  figure, axes = draw.panel(
    5.6, 3.4, xlabel='shots', ylabel='right answers', ylim=(-0.03, 1.05)
  )
  most = max(len(each.best) for each in curves.values())
  axes.set_xticks(range(0, most, -(-most // 16)))
  for (label, each), colour in zip(curves.items(), draw.COLOURS, strict=False):
    places = np.arange(len(each.best))
    draw.band(axes, places, each.right, label, colour, marker='o', ms=4)
    axes.plot(places, each.best, color=draw.GREY, ls='--', lw=1.2)
  axes.plot([], color=draw.GREY, ls='--', lw=1.2, label='best possible')
  draw.legend(axes, loc='center right')
  return figure


def report(task: Task, lists: Demonstrations) -> interpret.Report:
  """Shows right answers by the number of shots, and some lists with answers."""

  def made(variables, observed, data, key):
    del observed, key
    found = answers(task, variables, data)
    curves = shares(lists, [found])
    return [
      Picture(
        'Right answers by shots',
        'The share of right answers by the number of pairs before the question. '
        'Dashed: the best answers that are possible.',
        lambda: panel(curves),
      ),
      Picture(
        'Test lists',
        'The pairs of a list, the question, and the answer of the model; in brackets '
        'the right answer if the model gives another one.',
        lambda: '\n'.join(lines(lists.words, found)),
      ),
    ]

  return made


def lines(words: Sequence[str], found: Answers) -> list[str]:
  """Returns the first lists as text, each with the answer to its last word."""
  text = []
  for x, y, said in zip(*(part[:SHOWN] for part in found), strict=True):
    pairs = [f'{words[a]} {words[b]}' for a, b in zip(x[1::2], x[2::2], strict=False)]
    right = '' if said[-1] == y[-1] else f' ({words[y[-1]]})'
    question = f'{words[x[-1]]} → {words[said[-1]]}{right}'
    text.append(f'{words[x[0]]} {", ".join([*pairs, question])}'.strip())
  return text
