"""Convolutions over several channels: one map per filter, parameters, output sizes.

A layer has F filters with windows of k × k, stride s and padding p. A filter has k·k·C
weights and one bias, so that the layer has (k·k·C + 1)·F parameters for images of any
size; a side of H becomes ⌊(H + 2p - k)/s⌋ + 1.

Shapes: H × W pixels, C channels, h × w the sides of a filter, F filters.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import trees
from dl_core.layers import convolution
from dl_core.lessons.convolutions import lines
from dl_core.report import claims, draw
from dl_core.types import Claim, Picture

SIDE, LINE = 15, 11  # side of the drawn image, length of its lines
PLACES = (3, 7, 11)  # columns of a red, a purple and a blue line
COLOURS = ((1, 0, 0), (1, 0, 1), (0, 0, 1))
CHANNELS = ('red', 'green', 'blue')


class Layer(NamedTuple):
  """The settings of a convolution and the size of its input."""

  side: int
  channels: int
  features: int
  window: int
  stride: int
  pad: int

  @property
  def parameters(self) -> int:
    return (self.window**2 * self.channels + 1) * self.features

  @property
  def outputs(self) -> tuple[int, int, int]:
    """The shape of the output, (H', W', F)."""
    side = (self.side + 2 * self.pad - self.window) // self.stride + 1
    return side, side, self.features


def drawn(random: np.random.Generator, count: int) -> list[Layer]:
  """Draws random settings of layers with windows that fit into the image."""
  found = []
  for _ in range(count):
    window = int(random.integers(1, 12))
    found.append(
      Layer(
        side=int(random.integers(window, 225)),
        channels=int(random.integers(1, 257)),
        features=int(random.integers(1, 513)),
        window=window,
        stride=int(random.integers(1, 5)),
        pad=int(random.integers(0, window // 2 + 1)),
      )
    )
  return found


def made(layer: Layer) -> tuple[int, tuple[int, ...]]:
  """Returns the parameter count and the output shape of a layer, by shape inference."""
  pad = (layer.pad, layer.pad)
  model = convolution.Conv(
    layer.features, (layer.window,) * 2, (layer.stride,) * 2, (pad, pad)
  )
  image = jax.ShapeDtypeStruct((1, layer.side, layer.side, layer.channels), jnp.float32)
  y, variables = jax.eval_shape(model.init_with_output, jax.random.key(0), image)
  return trees.size(variables), y.shape[1:]


def example() -> tuple[np.ndarray, np.ndarray]:
  """Returns an image [H, W, 3] of coloured lines and a filter [h, w, 3].

  The filter detects lines that are red and not blue, and ignores green.
  """
  image = np.zeros((SIDE, SIDE, 3), np.float32)
  rows = slice((SIDE - LINE) // 2, (SIDE + LINE) // 2)
  for column, colour in zip(PLACES, COLOURS, strict=True):
    image[rows, column] = colour
  upright = lines.detectors()[:, :, 0, 0]
  return image, np.stack([upright, 0 * upright, -upright], axis=-1)


def picture(random: np.random.Generator, draws: int) -> Picture:
  """Draws the answers of one filter in three channels."""
  image, kernel = example()
  parts = np.stack(
    [lines.correlated(image[..., c], kernel[..., c]) for c in range(3)], axis=-1
  )
  layer = convolution.convolve(
    jnp.asarray(image[None]),
    jnp.asarray(kernel[..., None]),
    jnp.zeros(1),
    (1, 1),
    'VALID',
  )
  found = np.asarray(layer)[0, ..., 0]
  layers = drawn(random, draws)
  seen = [made(each) for each in layers]
  counted = sum(n == each.parameters for each, (n, _) in zip(layers, seen, strict=True))
  shaped = sum(y == each.outputs for each, (_, y) in zip(layers, seen, strict=True))
  checked = (
    claims.identity(
      'A filter spans all channels: its map is the sum of the maps of its slices',
      parts.sum(axis=-1),
      found,
      lines.CLOSE,
    ),
    Claim(
      'F filters of k × k over C channels have (k·k·C + 1)·F parameters',
      counted == draws,
      f'{counted:,} of {draws:,} layers drawn at random',
    ),
    Claim(
      'F filters give F maps, and a side of H becomes ⌊(H + 2p − k)/s⌋ + 1',
      shaped == draws,
      f'{shaped:,} of {draws:,} layers drawn at random',
    ),
  )

  def show():
    figure, above, below = lines.filters_above_maps(['', *CHANNELS, ''])
    draw.image(below[0], image)
    below[0].set_title('image', fontsize=10)
    draw.signed(below[4], found, 1)
    below[4].set_title('the map', fontsize=10)
    for c, sign in enumerate('++='):
      draw.signed(above[c + 1], kernel[..., c], float(np.abs(kernel).max()))
      draw.signed(below[c + 1], parts[..., c], 1)
      place = {'ha': 'center', 'va': 'center', 'transform': below[c + 1].transAxes}
      below[c + 1].text(1.07, 0.5, sign, fontsize=14, **place)
    return figure

  return Picture(
    'One filter, three channels, one map',
    'Above: the three slices of one filter. Below: the answer of each slice in its '
    'channel. Their sum is the map: the filter detects lines that are red and not '
    'blue. Red is positive, blue negative.',
    show,
    checked,
  )
