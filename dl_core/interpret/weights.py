"""Draws how the weights of a net are distributed and how many are 0.

Shapes: L layers in the order of the names of their kernels, B bins.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.report import draw
from dl_core.types import Data, Key, Picture, Task, Variables

LOOKED_AT = 2_048  # training examples; more would slow down evaluation
BINS = 61  # odd, so that the middle bin is centred at 0


def observe(task: Task):
  """Keeps the distribution of the weights of each layer, and the loss on train.

  Train metrics of the log are means over the steps, with dropout and the like. `fitted`
  is measured in evaluation mode, as validation is: the loss on all training examples,
  or on the batches that hold the first `LOOKED_AT` of them.
  """
  judge = jax.jit(task.metrics)

  def found(variables: Variables, data: Data, key: Key) -> dict[str, Any]:
    total = weight = 0.0
    for batch in data.splits['train']():
      more, of_batch = judge(variables, batch, key)['loss']
      total, weight = total + float(more), weight + float(of_batch)
      if weight >= LOOKED_AT:
        break
    kernels = kernels_of(variables).values()
    counted = [np.histogram(w, edges(w)) for w in kernels]
    return {
      'fitted': np.float32(total / weight),
      'zeros': np.array([np.mean(w == 0) for w in kernels]),  # [L]
      'counts': np.stack([counts for counts, _ in counted]),  # [L, B]
      'edges': np.stack([edges for _, edges in counted]),  # [L, B + 1]
    }

  return found


def kernels_of(variables: Variables) -> dict[str, np.ndarray]:
  """Returns {layer: weights} for all weights of two dimensions or more."""
  leaves = jax.tree_util.tree_leaves_with_path(variables['params'])
  return {
    '/'.join(part.key for part in path[:-1]): np.asarray(leaf, np.float32)
    for path, leaf in leaves
    if jnp.ndim(leaf) > 1
  }


def edges(w: np.ndarray) -> np.ndarray:
  """Returns the edges [B + 1] of bins that are symmetric about 0."""
  most = float(np.abs(w).max())
  most = most if np.isfinite(most) and most else 1.0
  return np.linspace(-most, most, BINS + 1)


def report(variables, observed, data, key) -> list[Picture]:
  """Shows the weights of every layer before and after training, as `observe` keeps."""
  del data, key
  first, last = observed[min(observed)], observed[max(observed)]
  return [picture(list(kernels_of(variables)), first, last)]


def picture(names: list[str], first: Any, last: Any) -> Picture:
  """Makes the picture of the first and the last weights of the named layers."""

  def show():
    figure, row = draw.panels(2.2 * len(names), 1.9, len(names))
    for place, (axes, name) in enumerate(zip(row, names, strict=True)):
      stairs(axes, first, place, draw.GREY, 'before training', fill=True, alpha=0.5)
      stairs(axes, last, place, draw.BLUE, 'after')
      axes.set(xlabel=f'weights of {name}', yticks=[])
      axes.spines['left'].set_visible(False)
    draw.legend(row[0], loc='lower left', bbox_to_anchor=(0, 1), ncols=2)
    return figure

  shares = ', '.join(
    f'{zero:.1%} in {name}' for name, zero in zip(names, last['zeros'], strict=True)
  )
  return Picture(
    'Weights',
    'The distribution of the weights of every layer before and after training. '
    + (f'Exactly 0: {shares}.' if np.any(last['zeros']) else 'None is exactly 0.'),
    show,
  )


def stairs(axes: Any, seen: Any, layer: int, colour: str, label: str, **look) -> None:
  """Draws one layer's histogram as a density."""
  counts, edges = seen['counts'][layer], seen['edges'][layer]
  density = counts / max(counts.sum(), 1) / np.diff(edges)
  axes.stairs(density, edges, color=colour, label=label, lw=1.5, **look)
