"""Shows how questions about images are answered, by kind of question.

A kind of question is its words, with every answer replaced by a dot: `is there a ·`.

Shapes: N questions, H x W pixels, K answers.
"""

import collections
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core import interpret
from dl_core.report import draw
from dl_core.types import Answer, Batch, Data, Picture, Task, Variables

SHOWN = 12  # questions of a picture
KINDS = 20  # kinds of questions that are drawn
YES_NO = ('yes', 'no')


class Examined(NamedTuple):
  """What a model answers to a split.

  Attributes:
    questions: N, in words.
    truth, said: integers [N], numbers of answers.
    confidence: [N], probabilities of the answers that are given.
    images: [N, H, W, C].
  """

  questions: Sequence[str]
  truth: np.ndarray
  said: np.ndarray
  confidence: np.ndarray
  images: np.ndarray


def closed(answers: Sequence[str]) -> np.ndarray:
  """Returns booleans [K]: which answers are yes or no."""
  return np.array([answer in YES_NO for answer in answers])


def examine(
  task: Task, variables: Variables, batches: Iterable[Batch], write: Callable[..., str]
) -> Examined:
  """Returns a model's answers to batches; questions of weight 0 do not count."""
  outputs: Any = task.outputs
  chances, columns = jax.jit(lambda v, x: jax.nn.softmax(outputs(v, x))), []
  for batch in batches:
    real = np.asarray(batch.weight) > 0
    found = np.asarray(chances(variables, batch.x))
    rows = (
      batch.x['question'],
      batch.y,
      found.argmax(-1),
      found.max(-1),
      batch.x['image'],
    )
    columns.append([np.asarray(each)[real] for each in rows])
  tokens, *others = map(np.concatenate, zip(*columns, strict=True))
  distinct, which = np.unique(tokens, axis=0, return_inverse=True)
  texts = [write(row) for row in distinct]
  return Examined([texts[number] for number in which.ravel()], *others)


def kind(question: str, answers: Sequence[str]) -> str:
  """Returns the kind of a question."""
  words = ('·' if word in answers else word for word in question.split())
  return ' '.join('a' if word == 'an' else word for word in words)


def report(task: Task) -> interpret.Report:
  """Shows the accuracy by kind of question, wrong answers and right ones.

  Args:
    task: its outputs are logits [B, K] of {'image', 'question'}.
  """

  def pictures(variables, observed, data, key):
    del observed, key
    found = examine(task, variables, data.splits['test'](), data.write)
    answers, right = data.spec.classes, found.said == found.truth
    table = by_kind(found, answers)
    pages = [
      Picture(
        'By kind of question',
        'Right answers to the test questions of each kind, and their number; a dot '
        'stands for any answer. The tick is the most frequent answer of the kind, '
        'which needs no image.',
        lambda: draw_kinds(table),
      )
    ]
    for title, places in (
      ('Wrong answers', np.flatnonzero(~right)),
      ('Right answers', np.flatnonzero(right)),
    ):
      if len(places):
        pages.append(
          Picture(
            title,
            f'{len(places):,} of {len(right):,} test questions; here are '
            f'{min(SHOWN, len(places))} with the answer and its probability.',
            functools.partial(draw_questions, found, places[:SHOWN], answers),
          )
        )
    return pages

  return pictures


def answer(data: Data) -> Callable[..., Answer]:
  """Makes the `answer` of a task: the three likeliest answers to one question."""
  write = data.write
  assert write, 'the data has no words'

  def one(x, logits, classes):
    chances = np.asarray(jax.nn.softmax(logits))
    best = np.argsort(-chances)[:3]
    words = ', '.join(f'{classes[k]} {chances[k]:.1%}' for k in best)
    found = Examined(
      [write(x['question'])], best[:1], best[:1], chances[best[:1]], x['image'][None]
    )
    return Answer(words, lambda: draw_questions(found, [0], classes))

  return one


class Kind(NamedTuple):
  """The questions of a kind: how many, the share of right answers, the constant's."""

  words: str
  asked: int
  right: float
  constant: float


def by_kind(found: Examined, answers: Sequence[str]) -> list[Kind]:
  """Returns the kinds of questions, the most frequent one first."""
  places = collections.defaultdict(list)
  for number, question in enumerate(found.questions):
    places[kind(question, answers)].append(number)
  table = []
  for words, of in places.items():
    truth = found.truth[of]
    constant = np.bincount(truth).max() / len(of)
    right = float(np.mean(found.said[of] == truth))
    table.append(Kind(words, len(of), right, float(constant)))
  return sorted(table, key=lambda each: (-each.asked, each.words))


def draw_kinds(table: Sequence[Kind]) -> Any:
  """Draws the share of right answers of each kind as a bar."""
  table = table[:KINDS]
  figure, axes = draw.panel(6.4, 0.3 * len(table) + 0.6, xlim=(0, 112))
  places = range(len(table))
  bars = axes.barh(places, [100 * k.right for k in table], color=draw.BLUE, height=0.7)
  axes.bar_label(
    bars, [f'{k.right:.1%} of {k.asked:,}' for k in table], padding=3, fontsize=8
  )
  for place, each in zip(places, table, strict=True):
    axes.plot([100 * each.constant] * 2, [place - 0.4, place + 0.4], color=draw.ORANGE)
  axes.set_yticks(places, [k.words for k in table], parse_math=False)
  axes.invert_yaxis()
  axes.set_xlabel('right answers, %')
  return figure


def draw_questions(found: Examined, places: Any, answers: Sequence[str]) -> Any:
  """Draws images with question and answer; where it is wrong, the truth too."""
  across = min(4, len(places))
  down = -(-len(places) // across)
  figure, panels = draw.panels(1.9 * across, 2.2 * down, len(places), across)
  for axes, place in zip(panels, places, strict=True):
    draw.image(axes, found.images[place])
    said, truth = answers[found.said[place]], answers[found.truth[place]]
    words = (
      f'{draw.broken(found.questions[place])}?\n{said} {found.confidence[place]:.0%}'
    )
    if said != truth:
      words += f', but {truth}'
    axes.set_xlabel(words, fontsize=7.5, parse_math=False)
  return figure
