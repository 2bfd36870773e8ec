"""Whether a trained recurrent network adds two marked numbers of a long sequence.

Shapes: N sequences, T steps.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret
from dl_core.data import adding
from dl_core.report import draw
from dl_core.types import Claim, Picture, Task

SOLVED, STUCK = 0.01, 0.15  # mean squared errors
SHOWN = 256


def report(task: Task, gated: bool) -> interpret.Report:
  """Shows answers beside sums, and which numbers of a sequence the answer depends on.

  Args:
    task: its outputs are answers [N].
    gated: whether the cell is an LSTM or a GRU.
  """
  outputs: Any = task.outputs

  @jax.jit
  def reached(variables, x):
    answers, pull = jax.vjp(lambda x: outputs(variables, x), x)
    (slopes,) = pull(jnp.ones_like(answers))
    return answers, slopes[..., 0]

  def pictures(variables, observed, data, key):
    del observed, key
    batch = next(iter(data.splits['test']()))
    answers, slopes = jax.device_get(reached(variables, batch.x))
    return picture(np.asarray(batch.x)[..., 1], batch.y, answers, slopes, gated)

  return pictures


def picture(
  marks: np.ndarray, sums: Any, answers: np.ndarray, slopes: np.ndarray, gated: bool
) -> list[Picture]:
  """Makes the pictures of trained answers.

  Args:
    marks: [N, T], 1 at marked numbers.
    sums, answers: [N].
    slopes: [N, T], derivatives of the answer by each number.
    gated: see `report`.
  """
  error = float(np.mean((answers - sums) ** 2))
  marked = marks > 0
  there, elsewhere = np.abs(slopes[marked]).mean(), np.abs(slopes[~marked]).mean()

  def show():
    titles = ('answer and sum', 'derivative by each number')
    figure, (left, right) = draw.panels(7.5, 3.2, 2, titles=titles)
    left.plot(sums[:SHOWN], answers[:SHOWN], '.', color=draw.BLUE, ms=4)
    left.plot([0, 2], [0, 2], color=draw.GREY, lw=1)
    left.plot([0, 2], [1, 1], color=draw.GREY, lw=1, ls=':')
    left.set(xlabel='sum of the marked numbers', ylabel='answer', aspect='equal')
    for where, label, colour in (
      (marked, 'marked', draw.ORANGE),
      (~marked, 'not marked', draw.BLUE),
    ):
      count = where.sum(axis=0)
      total = np.where(where, slopes, 0).sum(axis=0)
      mean = np.full(len(count), np.nan)
      np.divide(total, count, out=mean, where=count > 0)
      right.plot(mean, '.', color=colour, ms=4, label=label)
    draw.guide(right, y=1)
    draw.guide(right, y=0)
    right.set(xlabel='step of the number', ylabel='mean derivative')
    draw.legend(right)
    return figure

  return [
    Picture(
      'What it adds',
      'Left: answers to test sequences; the dotted line is the best constant answer. '
      'Right: the derivative of the answer by each number of the sequence, 1 at a '
      'marked number and 0 elsewhere if the sum is computed.',
      show,
      (outcome(error, gated), found(there, elsewhere))
      if gated
      else (outcome(error, gated),),
    )
  ]


def outcome(error: float, gated: bool) -> Claim:
  """Claims that gates solve the problem, or that a plain network does not."""
  measured = f'mean squared error {error:.4f}, of the constant 1: {adding.CONSTANT:.4f}'
  if gated:
    return Claim(
      f'Gated cells learn the sum, to a mean squared error below {SOLVED}',
      error < SOLVED,
      measured,
    )
  return Claim(
    f'Without gates the error stays where the constant answer is, {STUCK} or above',
    error >= STUCK,
    measured,
  )


def found(there: float, elsewhere: float) -> Claim:
  return Claim(
    'The answer depends on the marked numbers, at least ten times as much as on others',
    there > 10 * elsewhere,
    f'mean |derivative| {there:.3f} at marked numbers, {elsewhere:.4f} elsewhere',
  )
