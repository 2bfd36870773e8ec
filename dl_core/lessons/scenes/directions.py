"""What a label of a frame can know: the frames so far, or the whole film.

Shapes: N films, T frames, R runs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.interpret import films
from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture, Task, Variables

AHEAD, OPENING_AHEAD = 5, 15  # points, over all frames and in the first ones
LABELS = {'forward': draw.GREY, 'both': draw.BLUE}
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(results: Runs) -> list[Picture]:
  """Draws what one and both directions know.

  Args:
    results: {'forward': runs, 'both': runs}.
  """
  shares = {
    label: np.stack([watched(run).by_frame for run in results[label]], axis=1)
    for label in LABELS
  }  # [T, R] each
  first = {label: results[label][0] for label in LABELS}
  film = next(first['both'].experiment.data.splits['test']()).x[:1]
  maps = {
    label: dependence(run.experiment.task, run.variables(), film)
    for label, run in first.items()
  }
  return [by_frame(shares), reach(maps)]


def watched(run: Any) -> films.Watched:
  """Returns the labels that a run's model gives the test films."""
  e = run.experiment
  return films.watch(e.task, run.variables(), e.data.splits['test']())


def dependence(task: Task, variables: Variables, film: np.ndarray) -> np.ndarray:
  """Returns ‖∂ logits of frame t / ∂ frame s‖, [T, T], of one film [1, T, ...]."""
  outputs: Any = task.outputs
  rows = jax.jit(jax.jacrev(lambda x: outputs(variables, x)[0]))(jnp.asarray(film))
  rows = rows[:, :, 0]  # [T, K, T, H, W, C]
  return np.asarray(jnp.sqrt(jnp.sum(rows**2, axis=(1, 3, 4, 5))))


def by_frame(shares: Mapping[str, np.ndarray]) -> Picture:
  """Draws the accuracy [T, R] of each frame, and claims who is ahead."""
  gain = 100 * (shares['both'] - shares['forward'])
  whole, opening = gain.mean(axis=0), gain[: films.OPENING].mean(axis=0)

  def show():
    figure, axes = draw.panel(5, 3, xlabel='frame', ylabel='right labels, %')
    frames = np.arange(1, len(gain) + 1)
    for label, colour in LABELS.items():
      words = {'forward': 'the frames so far', 'both': 'the whole film'}[label]
      draw.band(axes, frames, 100 * shares[label], words, colour, marker='o')
    axes.set(ylim=(0, 102), xticks=frames)
    draw.legend(axes)
    return figure

  return Picture(
    'What the frames to come are worth',
    'Share of test films whose frame gets the right label. In the first frames little '
    'of the digit can be seen; who has seen the rest of the film knows it.',
    show,
    (
      Claim(
        f'Both directions are at least {AHEAD} points ahead over all frames',
        float(whole.mean()) >= AHEAD,
        f'{curves.spread(whole)} points',
      ),
      Claim(
        f'They are at least {OPENING_AHEAD} points ahead in the first '
        f'{films.OPENING} frames',
        float(opening.mean()) >= OPENING_AHEAD,
        f'{curves.spread(opening)} points',
      ),
    ),
  )


def reach(maps: Mapping[str, np.ndarray]) -> Picture:
  """Draws which frames a label depends on, [T, T], and claims causality."""
  later = {label: np.triu(values, 1).max() for label, values in maps.items()}

  def show():
    titles = ['the frames so far', 'the whole film']
    figure, panels = draw.panels(5.6, 2.9, 2, titles=titles)
    for axes, values in zip(panels, maps.values(), strict=True):
      axes.imshow(np.log10(np.maximum(values, 1e-4)), cmap='viridis')
      axes.set(xlabel='frame', ylabel='label of frame')
    return figure

  return Picture(
    'Which frames a label depends on',
    'Norm of the derivative of the logits of one frame by the pixels of another, for '
    'one test film; on a logarithmic scale, dark where it is 0.',
    show,
    (
      Claim(
        'In one direction no label depends on a later frame',
        later['forward'] == 0,
        f'largest derivative {later["forward"]:.2g}',
      ),
      Claim(
        'In both directions labels do',
        later['both'] > 0,
        f'largest derivative {later["both"]:.2g}',
      ),
    ),
  )
