"""Shows films with the label that a model gives each frame.

Shapes: N films, T frames, H x W pixels, C channels, K classes.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dl_core import interpret, metrics
from dl_core.report import draw
from dl_core.types import Answer, Batch, Picture, Task, Variables

OPENING = 2  # frames of the opening, in which little can be seen
SHOWN = 8  # films of a picture
metrics.declare('opening_accuracy', fraction=True)


class Watched(NamedTuple):
  """What a model says of a split.

  Attributes:
    films: [N, T, H, W, C].
    truth, said: integers [N, T].
  """

  films: np.ndarray
  truth: np.ndarray
  said: np.ndarray

  @property
  def by_frame(self) -> np.ndarray:
    """The share of films [T] whose label is right, of each frame."""
    return np.mean(self.said == self.truth, axis=0)


def watch(task: Task, variables: Variables, batches: Iterable[Batch]) -> Watched:
  """Returns a model's labels of films; films of weight 0 do not count."""
  assert task.outputs
  outputs, columns = task.outputs, []
  for batch in batches:
    real = np.asarray(batch.weight).any(axis=1)
    said = np.asarray(outputs(variables, batch.x)).argmax(axis=-1)
    columns.append([np.asarray(each)[real] for each in (batch.x, batch.y, said)])
  return Watched(*map(np.concatenate, zip(*columns, strict=True)))


def scores(task: Task) -> Callable[..., dict[str, float]]:
  """Makes the `scores` of an experiment: the accuracy in the first frames of a film."""

  def shares(variables, data, key):
    del key
    found = watch(task, variables, data.splits['test']())
    return {'opening_accuracy': float(found.by_frame[:OPENING].mean())}

  return shares


def report(task: Task) -> interpret.Report:
  """Shows the accuracy of each frame, and films with their labels.

  Args:
    task: its outputs are logits [N, T, K] of films [N, T, H, W, C].
  """

  def pictures(variables, observed, data, key):
    del observed, key
    found = watch(task, variables, data.splits['test']())
    mistakes = np.sum(found.said != found.truth, axis=1)
    worst = np.argsort(-mistakes, kind='stable')[:SHOWN]
    names = data.spec.classes
    return [
      Picture(
        'Accuracy by frame',
        f'Share of {len(mistakes):,} test films whose frame gets the right label.',
        lambda: draw_by_frame({'accuracy': found.by_frame}),
      ),
      Picture(
        'Films',
        'The first test films, frame by frame, each with its label; a wrong label is '
        'orange, with the true one behind it.',
        lambda: draw_films(found, range(min(SHOWN, len(mistakes))), names),
      ),
      Picture(
        'Films with most mistakes',
        f'{np.mean(mistakes > 0):.1%} of the test films have a wrong label somewhere.',
        lambda: draw_films(found, worst, names),
      ),
    ]

  return pictures


def answer(x: np.ndarray, logits: np.ndarray, classes: tuple[str, ...]) -> Answer:
  """Answers one film [T, H, W, C] with the labels of its frames, and draws it."""
  said = np.argmax(logits, axis=-1)
  runs, first = [], 1
  for label, same in itertools.groupby(said.tolist()):
    last = first + len(list(same)) - 1
    frames = f'frames {first}-{last}' if last > first else f'frame {first}'
    runs.append(f'{classes[label]} ({frames})')
    first = last + 1
  film = Watched(np.asarray(x)[None], said[None], said[None])
  return Answer(', '.join(runs), lambda: draw_films(film, [0], classes))


def draw_by_frame(found: dict[str, np.ndarray]) -> Any:
  """Draws shares [T] of every label over the frames."""
  figure, axes = draw.panel(5, 3, xlabel='frame', ylabel='right labels, %')
  for (label, shares), colour in zip(found.items(), draw.COLOURS, strict=False):
    frames = range(1, len(shares) + 1)
    axes.plot(frames, 100 * np.asarray(shares), color=colour, marker='o', label=label)
  axes.set(ylim=(0, 102), xticks=range(1, len(shares) + 1))
  if len(found) > 1:
    draw.legend(axes)
  return figure


def draw_films(found: Watched, places: Any, names: Sequence[str]) -> Any:
  """Draws films as strips, a film a row, with the label of each frame below it."""
  frames = found.films.shape[1]
  size = 0.62 * frames, 0.85 * len(places)
  figure, panels = draw.panels(*size, frames * len(places), frames)
  rows = np.array(panels, object).reshape(len(places), frames)
  for row, place in zip(rows, places, strict=True):
    for frame, axes in enumerate(row):
      draw.image(axes, found.films[place, frame])
      said, truth = found.said[place, frame], found.truth[place, frame]
      wrong = said != truth
      words = f'{names[said]}, not {names[truth]}' if wrong else names[said]
      look: Any = {'color': draw.ORANGE} if wrong else {}
      axes.set_xlabel(words, fontsize=7 if wrong else 9, parse_math=False, **look)
  return figure
