"""Shows what each head of a Transformer attends to.

Shapes: L layers, H heads, T tokens that attend, S tokens that are attended to.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from dl_core.interpret import translations
from dl_core.report import draw
from dl_core.tasks import translation
from dl_core.tasks.decode import shown
from dl_core.types import Data, Picture, Task, Variables

PANEL = 1.5  # inches
PLACES = 4  # test examples spread over the lengths; the second is drawn


def sown(model: nn.Module, variables: Variables, x: Any) -> dict[str, np.ndarray]:
  """Returns the weights of every attention of a model.

  Returns:
    {path of a `MultiHead` in a stack, without its blocks: [L, B, H, T, S]}.
  """
  _, moved = model.apply(variables, x, train=False, mutable=['intermediates'])
  leaves = jax.tree_util.tree_flatten_with_path(moved['intermediates'])[0]
  name = lambda path: '.'.join(
    str(part.key)
    for part in path
    if hasattr(part, 'key') and part.key not in ('blocks', 'weights')
  )
  return {name(path): np.asarray(leaf) for path, leaf in leaves}


def report(model: nn.Module, task: Task, others: Any) -> Any:
  """Makes the `report` that ends with all heads while one test example is translated.

  Args:
    model: of `models.transformer`.
    task: of `tasks.translate`.
    others: the `report` that comes first.
  """

  def pictures(variables, observed, data, key):
    found = others(variables, observed, data, key)
    return [*found, *looks(model, task, variables, data)]

  return pictures


def looks(
  model: Any, task: Task, variables: Variables, data: Data
) -> Sequence[Picture]:
  """Makes the pictures of one translation."""
  x, _ = translation.examples(data, 'test', PLACES)
  x = jax.tree.map(lambda leaf: leaf[1:2], x)
  said, x = translations.followed(task, variables, data, x)
  read = int(x['lengths'][0])
  given = translations.ends(said, translation.marks_of(data).stop)[0]
  sides = {
    'reader.attention': ('Attention of the encoder', read, read),
    'writer.attention': ('Attention of the decoder to its own tokens', given, given),
    'writer.cross_attention': ('Attention of the decoder to the source', given, read),
  }
  spelt = lambda name, count, side: ''.join(
    translations.pieces(data, x[name][0, :count], side)
  )
  found = sown(model, variables, x)
  caption = (
    'One row of panels for each layer, one panel for each head. In a panel each row is '
    'a token that attends, each column one that it attends to; the darker, the larger '
    f'the weight. The source is “{shown(spelt("source", read, "source")).strip()}”, '
    f'the translation “{shown(spelt("target", given, "target")).strip()}”.'
  )
  return [
    Picture(title, caption, drawn(found[name][:, 0, :, :rows, :columns]))
    for name, (title, rows, columns) in sides.items()
    if name in found
  ]


def drawn(weights: np.ndarray) -> Callable[[], Any]:
  """Makes the drawing of weights [L, H, T, S]."""

  def show():
    layers, heads = weights.shape[:2]
    titles = [
      f'layer {1 + n // heads}, head {1 + n % heads}' for n in range(layers * heads)
    ]
    figure, panels = draw.panels(
      PANEL * heads + 0.4, PANEL * layers + 0.4, layers * heads, heads, titles
    )
    for panel, each in zip(
      panels, weights.reshape(-1, *weights.shape[2:]), strict=True
    ):
      panel.imshow(each, cmap='Blues', vmin=0, vmax=1, aspect='auto')
      panel.set(xticks=[], yticks=[])
    return figure

  return show
