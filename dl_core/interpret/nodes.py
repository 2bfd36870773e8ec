"""Draws a graph with the class that a model predicts for each node.

Shapes: N nodes, K classes.
"""

from typing import Any

import jax
import numpy as np

from dl_core import graphs, interpret
from dl_core.report import draw
from dl_core.types import Picture, Task

MOST = 300  # nodes of a graph that is drawn


def report(task: Task) -> interpret.Report:
  """Shows the predicted classes of the nodes of a graph; larger graphs are not drawn.

  Args:
    task: its outputs are logits [1, N, K] of a batch of one `graphs.Graphs`.
  """
  outputs: Any = jax.jit(task.outputs)

  def pictures(variables, observed, data, key):
    del observed, key
    test = next(iter(data.splits['test']()))
    if test.weight.size > MOST:
      return []
    train = next(iter(data.splits['train']()))
    said = np.asarray(outputs(variables, test.x))[0].argmax(-1)
    labelled, tested = train.weight[0] > 0, test.weight[0] > 0
    adjacency = graphs.dense(test.x.edges, len(said), len(said))[0] != 0
    return [picture(adjacency, said, test.y[0], labelled, tested, data.spec.classes)]

  return pictures


def picture(
  adjacency: np.ndarray,
  said: np.ndarray,
  truth: np.ndarray,
  labelled: np.ndarray,
  tested: np.ndarray,
  classes: tuple[str, ...],
) -> Picture:
  """Makes the picture of a graph.

  Args:
    adjacency: [N, N], True where two nodes are joined.
    said, truth: [N] predicted and true classes.
    labelled, tested: [N], True at the nodes whose labels train and test the model.
    classes: K names.
  """
  wrong = (said != truth) & tested
  names = ', '.join(map(str, np.flatnonzero(wrong)))
  return Picture(
    title='Predicted class of each node',
    caption=f'{tested.sum() - wrong.sum():,} of {tested.sum():,} test nodes are '
    f'classified right{f"; wrong are {names}, circled" if names else ""}. Squares are '
    f'the {labelled.sum():,} nodes whose labels are given in training; all other '
    'classes follow from the edges and features.',
    draw=lambda: show(adjacency, said, wrong, labelled, classes),
  )


def show(
  adjacency: np.ndarray,
  said: np.ndarray,
  wrong: np.ndarray,
  labelled: np.ndarray,
  classes: tuple[str, ...],
) -> Any:
  """Draws what `picture` describes."""
  places = layout(adjacency)  # [N, 2]
  figure, axes = draw.panel(5.6, 4.2, xticks=[], yticks=[])
  axes.axis('off')
  for i, j in zip(*np.nonzero(np.triu(adjacency, 1)), strict=True):
    axes.plot(*places[[i, j]].T, color=draw.GREY, linewidth=0.5, zorder=1)
  colours = {
    name: draw.COLOURS[number % len(draw.COLOURS)]
    for number, name in enumerate(classes)
  }
  shades = np.array([colours[classes[number]] for number in said])
  for shape, these in (('o', ~labelled), ('s', labelled)):
    axes.scatter(*places[these].T, s=90, c=shades[these], marker=shape, zorder=2)
  ring = {'facecolors': 'none', 'edgecolors': draw.PINK, 'linewidths': 1.5}
  axes.scatter(*places[wrong].T, s=220, zorder=3, **ring)
  for number, place in enumerate(places):
    axes.text(*place, str(number), fontsize=6, ha='center', va='center', color='white')
  draw.legend(axes, colours)
  return figure


def layout(adjacency: np.ndarray) -> np.ndarray:
  """Returns places [N, 2] of nodes that edges draw together, always the same."""
  import networkx

  graph = networkx.from_numpy_array(np.triu(adjacency, 1))
  return np.array(list(networkx.spring_layout(graph, seed=0).values()))
