"""Accuracy of graph convolutional networks by depth: plain, residual, GCNII.

Kipf & Welling 2017, appendix B; Chen et al. 2020, https://arxiv.org/abs/2007.02133,
table 3. Beside the accuracy: how far apart the predictions of the nodes are, since many
layers make all nodes alike (Li et al. 2018, https://arxiv.org/abs/1801.07606).

Shapes: N nodes, K classes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture

KINDS = {'plain': draw.ORANGE, 'residual': draw.BLUE, 'gcnii': draw.GREEN}
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(depths: Sequence[int], results: Runs) -> list[Picture]:
  """Draws the accuracies and the distances.

  Args:
    depths: numbers of layers of each kind, the lowest first.
    results: {'plain-2': runs, 'residual-2': runs, 'gcnii-2': runs, ...}.
  """
  found = {
    kind: np.array([curves.ends(results[f'{kind}-{n}'], 'accuracy') for n in depths])
    for kind in KINDS
  }  # [depths, seeds] each
  apart = {
    kind: np.array([[distance(run) for run in results[f'{kind}-{n}']] for n in depths])
    for kind in KINDS
  }
  low, high = depths[0], depths[-1]
  means = {kind: 100 * values.mean(axis=1) for kind, values in found.items()}
  plain, residual, deep = means.values()

  def show():
    titles = ('test accuracy, %', 'distance of predictions')
    figure, panels = draw.panels(8, 3, 2, titles=titles)
    for axes, values, scale in zip(panels, (found, apart), (100, 1), strict=True):
      for kind, colour in KINDS.items():
        draw.band(axes, depths, scale * values[kind], kind, colour, marker='o')
      axes.set(xscale='log', xlabel='layers', xticks=depths, xticklabels=depths)
      axes.minorticks_off()
    draw.legend(panels[0])
    return figure

  return [
    Picture(
      'Depth of a graph network',
      'Left: test accuracy by the number of layers, the same labels and edges for all. '
      'Right: mean cosine distance between the outputs of two nodes; at 0 all nodes '
      'get the same answer. Bands are the range of the seeds.',
      show,
      (
        Claim(
          f'A plain network of {high} layers is at least 20 points below one of {low}',
          bool(plain[0] - plain[-1] >= 20),
          f'{plain[-1]:.1f} % against {plain[0]:.1f} %',
        ),
        Claim(
          f'Skip connections help: of {high} layers, the residual network is better '
          'than the plain one',
          bool(residual[-1] > plain[-1]),
          f'{residual[-1]:.1f} % against {plain[-1]:.1f} %',
        ),
        Claim(
          f'GCNII of {high} layers is at least as good as the plain network of {low}',
          bool(deep[-1] >= plain[0]),
          f'{deep[-1]:.1f} % against {plain[0]:.1f} %',
        ),
      ),
    )
  ]


def distance(run: Any) -> float:
  """Returns the mean cosine distance between the outputs of two nodes of a run."""
  batch = next(iter(run.experiment.data.splits['test']()))
  logits = run.experiment.task.outputs(run.variables(), batch.x)
  return spread(np.asarray(logits)[0])


def spread(outputs: np.ndarray) -> float:
  """Returns the mean cosine distance between any two rows of outputs [N, K]."""
  unit = outputs / np.maximum(np.linalg.norm(outputs, axis=1, keepdims=True), 1e-12)
  n = len(unit)
  together = np.sum(unit.sum(axis=0) ** 2) - np.sum(unit**2)  # Σ of i ≠ j
  return float(1 - together / (n * (n - 1)))
