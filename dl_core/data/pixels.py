"""Digits as graphs: nodes are the pixels with ink, edges join those that touch.

A node has three features: its ink, its row and its column. What a graph network learns
of a digit is not bound to a grid, and digits have different numbers of nodes.

Shapes: B digits of H × W pixels, N = H·W nodes at most, F = 3 features.
"""

import jax
import numpy as np

from dl_core import graphs
from dl_core.config import Config
from dl_core.data import batches, folder, pillow
from dl_core.data.images import most_frequent
from dl_core.types import Batch, Data, Spec

SOURCE = 'digits'
SIDE = 8  # of the images
INK = 64  # of 255, at least


def load(c: Config) -> Data:
  """Makes the Data of digits as graphs.

  Batches hold x `graphs.Graphs` with edges A, y int32 [B], weight float32 [B].

  Args:
    c: `data_dir` and `batch_size` are used.
  """
  digits = folder.prepared(SOURCE, c.data_dir)
  frame = pillow.Frame((SIDE, SIDE, 1))

  def split(name):
    images, y = digits.decoded(name, frame)
    return packed(images[..., 0]), y

  n = SIDE * SIDE
  each = lambda *shape: jax.ShapeDtypeStruct((c.batch_size, *shape), np.float32)
  y = jax.ShapeDtypeStruct((c.batch_size,), np.int32)
  batch = Batch(graphs.Graphs(each(n, 3), each(n, n), each(n)), y, each())
  return batches.resident(
    Spec(batch, f'{digits.source}, graphs of pixels', digits.classes),
    split,
    prepare=prepared,
    baseline=most_frequent,
    notes=digits.notes,
  )


def packed(images: np.ndarray) -> graphs.Graphs:
  """Returns digits [B, H, W] as stored graphs: uint8, the pixels with ink first.

  Features are the ink, and row and column in pixels.
  """
  count, height, width = images.shape
  n = height * width
  around = grid(height, width)
  places = np.stack(np.divmod(np.arange(n), width), axis=1)
  x = graphs.Graphs(*(np.zeros((count, n, *s), np.uint8) for s in ((3,), (n,), ())))
  for number, image in enumerate(images):
    own = np.flatnonzero(image.ravel() >= INK)
    size = len(own)
    x.nodes[number, :size, 0] = image.ravel()[own]
    x.nodes[number, :size, 1:] = places[own]
    x.edges[number, :size, :size] = around[np.ix_(own, own)]
    x.mask[number, :size] = 1
  return x


def prepared(x: graphs.Graphs) -> graphs.Graphs:
  """Returns stored graphs in float32: ink in [0, 1], places in [-1, 1]."""
  mask = x.mask.astype(np.float32)
  scale = np.array([255, (SIDE - 1) / 2, (SIDE - 1) / 2], np.float32)[None, None]
  shift = np.array([0, 1, 1], np.float32)[None, None]
  nodes = (x.nodes.astype(np.float32) / scale - shift) * mask[..., None]
  return graphs.Graphs(nodes, x.edges.astype(np.float32), mask)


def grid(height: int, width: int, corners: bool = True, torus: bool = False):
  """Joins the pixels of an image to those around them: float32 [H·W, H·W].

  Args:
    height, width: of the image.
    corners: whether pixels that touch at a corner are joined.
    torus: whether the last row is joined to the first, and the last column.
  """
  row, column = np.divmod(np.arange(height * width), width)

  def apart(places, side):
    distance = np.abs(places[:, None] - places)
    return np.minimum(distance, side - distance) if torus else distance

  down, across = apart(row, height), apart(column, width)
  near = np.maximum(down, across) if corners else down + across
  return (near == 1).astype(np.float32)
