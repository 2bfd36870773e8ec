"""What training makes of a net's weights: how they are spread, how many are 0.

Shapes: L layers in the order of the names of their kernels, B bins.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Data, Key, Picture, Task, Variables

LOOKED_AT = 2_048  # training examples; more of them would slow evaluations down
BINS = 61  # an odd number: one of them has 0 in its middle
BLUE, GREY = '#2f7fb8', '#80808080'  # for light and dark pages


def observe(task: Task):
  """Keeps how the weights of each layer are spread, and the loss on train at rest.

  Train figures of the log are means over a moving, stirred model. `fitted` is of the
  model at rest, as those of validation are: its loss on all training examples, or on
  the batches that hold the first `LOOKED_AT` of them.
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
  """Returns the weights of every layer under its name, of two dimensions or more."""
  leaves = jax.tree_util.tree_leaves_with_path(variables['params'])
  return {
    '/'.join(part.key for part in path[:-1]): np.asarray(leaf, np.float32)
    for path, leaf in leaves
    if jnp.ndim(leaf) > 1
  }


def edges(w: np.ndarray) -> np.ndarray:
  """Returns the edges [B + 1] of bins that reach as far to both sides of 0."""
  most = float(np.abs(w).max())
  most = most if np.isfinite(most) and most else 1.0
  return np.linspace(-most, most, BINS + 1)


def report(variables, observed, data, key) -> list[Picture]:
  """Shows the weights of every layer before training and after, of `observe`."""
  del data, key
  first, last = observed[min(observed)], observed[max(observed)]
  return [picture(list(kernels_of(variables)), first, last)]


def picture(names: list[str], first: Any, last: Any) -> Picture:
  """Draws how the weights of layers with these names lie, first and last."""

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.2 * len(names), 1.5))
    figure.subplots_adjust(0, 0, 1, 1, wspace=0.1)
    row = figure.subplots(1, len(names), squeeze=False)[0]
    for place, (axes, name) in enumerate(zip(row, names, strict=True)):
      stairs(axes, first, place, GREY, 'before training', fill=True)
      stairs(axes, last, place, BLUE, 'after')
      axes.set_xlabel(f'weights of {name}')
      axes.set_yticks([])
      axes.spines['left'].set_visible(False)
    row[0].legend(loc='lower left', bbox_to_anchor=(0, 1), ncols=2)
    return figure

  shares = ', '.join(
    f'{zero:.1%} in {name}' for name, zero in zip(names, last['zeros'], strict=True)
  )
  return Picture(
    'Weights',
    'How the weights of every layer are spread before training and after. Exactly 0 '
    f'are {shares}.'
    if np.any(last['zeros'])
    else 'How the weights of every layer are spread before training and after. None is '
    'exactly 0.',
    draw,
  )


def stairs(axes: Any, seen: Any, layer: int, colour: str, label: str, **look) -> None:
  """Draws one layer's histogram as a density."""
  counts, edges = seen['counts'][layer], seen['edges'][layer]
  density = counts / max(counts.sum(), 1) / np.diff(edges)
  axes.stairs(density, edges, color=colour, label=label, lw=1.5, **look)
