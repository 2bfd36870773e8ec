"""One word to spell: each of its letters is to be followed by the next.

Shapes: T + 1 letters of the word, T of them read.
"""

import jax
import numpy as np

from dl_core.data import batches
from dl_core.types import Batch, Data, Spec


def data(word: str) -> Data:
  """Returns a word as Data: x and y int32 [1, T], all but its last and first letter.

  It is train, validation and test alike. The classes are its letters, in the order in
  which they come.
  """
  letters = tuple(dict.fromkeys(word))
  numbers = np.array([[letters.index(letter) for letter in word]], np.int32)
  x, y = numbers[:, :-1], numbers[:, 1:]
  batch = Batch(x, y, np.ones(y.shape, np.float32))
  shapes = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), batch)

  def baseline(train, test):
    return {'accuracy': float(np.mean(test == np.bincount(train.ravel()).argmax()))}

  return batches.resident(
    Spec(shapes, f'word-{word}/1', letters), lambda split: (x, y), baseline=baseline
  )
