"""An image is a regular graph: its convolution with a box is a graph convolution.

Every pixel is a node, joined to the eight around it. Where all have eight neighbours,
as on a torus, Â is 1/9 at each of them and at the pixel itself: a box filter of 3 × 3.
What a graph convolution cannot do is tell left from right: all neighbours are alike.

Shapes: H × W pixels, N = H·W.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import graphs
from dl_core.data import pixels
from dl_core.layers import convolution, graph
from dl_core.report import claims, draw
from dl_core.types import Claim, Picture

SIDE = 16
CLOSE = 1e-6


def image() -> np.ndarray:
  """Returns an image [H, W]: a bar, a block, and a slope at the border."""
  found = np.zeros((SIDE, SIDE), np.float32)
  found[3:13, 4] = 1
  found[5:9, 8:13] = 1
  found[0] = np.linspace(0, 1, SIDE)
  return found


def blurred(pixels_: np.ndarray) -> np.ndarray:
  """Returns an image filtered by a box of 3 × 3 on a torus, by the layer of CNNs."""
  around = jnp.asarray(np.pad(pixels_, 1, mode='wrap')[None, ..., None])
  box = jnp.full((3, 3, 1, 1), 1 / 9, jnp.float32)
  return np.asarray(
    convolution.convolve(around, box, jnp.zeros(1), (1, 1), 'VALID')[0, ..., 0]
  )


def convolved(pixels_: np.ndarray, torus: bool) -> np.ndarray:
  """Returns the image after one graph convolution whose weight is 1."""
  n = pixels_.size
  height, width = pixels_.shape
  edges = pixels.grid(height, width, torus=torus)
  given = graphs.Graphs(pixels_.reshape(1, n, 1), edges[None], np.ones((1, n)))
  x = jax.tree.map(jnp.float32, graphs.normalised(given))
  layer = graph.GraphConv(1)
  one = {'params': {'kernel': jnp.ones((1, 1))}}
  return np.asarray(layer.apply(one, x.nodes, x.edges, x.mask)).reshape(pixels_.shape)


def picture(random: np.random.Generator, draws: int) -> Picture:
  """Draws an image, the box filter and the graph convolution."""
  own = image()
  box, torus, flat = blurred(own), convolved(own, True), convolved(own, False)
  noise = random.normal(size=(draws, SIDE, SIDE)).astype(np.float32)
  inside = np.abs(flat - box)[2:-2, 2:-2].max()
  border = np.abs(flat - box)[[0, -1]].max()
  mirrored = convolved(own[:, ::-1].copy(), True)[:, ::-1]
  checked = (
    claims.identity(
      'On a torus a graph convolution is the convolution with a box of 3 × 3',
      np.stack([convolved(each, True) for each in noise]),
      np.stack([blurred(each) for each in noise]),
      CLOSE,
    ),
    Claim(
      'In an image with borders it is so inside, and not at the border, whose pixels '
      'have fewer neighbours',
      bool(inside < CLOSE and border > 0.01),
      f'{inside:.1g} apart inside, {border:.2f} at the border',
    ),
    claims.identity(
      'It cannot tell left from right: the mirrored image gives the mirrored answer',
      mirrored,
      torus,
      CLOSE,
    ),
  )
  return Picture(
    'An image is a regular graph',
    'An image, its convolution with a box, the graph convolution of its pixels without '
    'a torus, and how the two differ: at the border alone. Red is positive.',
    lambda: drawn(own, box, flat),
    checked,
  )


def drawn(own: np.ndarray, box: np.ndarray, flat: np.ndarray) -> Any:
  """Draws images [H, W] beside each other."""
  titles = ('image', 'box filter', 'graph convolution', 'difference')
  figure, panels = draw.panels(9, 2.4, 4, titles=titles)
  for axes, values in zip(panels[:3], (own, box, flat), strict=True):
    draw.image(axes, np.clip(values, 0, 1))
  draw.signed(panels[3], flat - box)
  return figure
