"""Shows where each head of a Transformer looks.

Shapes: L layers, H heads, T tokens that look, S tokens that are looked at.
"""

from collections.abc import Callable, Mapping, Sequence
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
PLACES = 4  # examples from the shortest to the longest, of which one is drawn


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
  marks = translation.marks_of(data)
  said = translations.greedy(task, variables, data, x)
  rows = translations.ends(said, marks.stop)[0]
  first = np.full((1, 1), marks.start, said.dtype)
  x = x | {'target': np.concatenate([first, said[:, :-1]], axis=1)}
  places = int(x['lengths'][0])
  read = translations.pieces(data, x['source'][0, :places], 'source')
  given = translations.pieces(data, x['target'][0, :rows])
  sides: Mapping[str, tuple] = {
    'reader.attention': ('The encoder looks at its own text', read, read),
    'writer.attention': ('The decoder looks at what it has written', given, given),
    'writer.cross_attention': ('The decoder looks at the source', given, read),
  }
  found = sown(model, variables, x)
  caption = (
    'One row of panels for each layer, one panel for each head. In a panel each row is '
    'a token that looks, each column one that is looked at; dark is much attention. '
    f'The source is “{shown("".join(read)).strip()}”, the translation '
    f'“{shown("".join(given)).strip()}”.'
  )
  return [
    Picture(
      title, caption, drawn(found[name][:, 0, :, : len(own), : len(seen)], own, seen)
    )
    for name, (title, own, seen) in sides.items()
    if name in found
  ]


def drawn(
  weights: np.ndarray, own: Sequence[str], seen: Sequence[str]
) -> Callable[[], Any]:
  """Makes the drawing of weights [L, H, T, S] with the tokens of both sides."""

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
      translations.heat(panel, each, own, seen)
      panel.set(xticks=[], yticks=[])
    return figure

  return show
