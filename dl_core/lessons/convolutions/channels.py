"""Many channels: a filter spans them all, and as many filters give as many maps.

The settings of a layer are the number F of its filters, the side k of their window, the
stride s and the padding p. A filter has k·k·C weights and one bias, so that the layer
has (k·k·C + 1)·F parameters, however large the image is; a side of H becomes
⌊(H + 2p - k)/s⌋ + 1.

Shapes: H × W pixels, C channels, h × w the sides of a filter, F filters.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.layers import convolution
from dl_core.lessons.convolutions import lines
from dl_core.types import Claim, Picture

SIDE, LINE = 15, 11  # of the drawn image, and of its lines
PLACES = (3, 7, 11)  # of a red line, a purple and a blue one
COLOURS = ((1, 0, 0), (1, 0, 1), (0, 0, 1))
CHANNELS = ('red', 'green', 'blue')


class Layer(NamedTuple):
  """The settings of a convolution, and how large the image is that it reads."""

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
    """(H', W', F)."""
    side = (self.side + 2 * self.pad - self.window) // self.stride + 1
    return side, side, self.features


def drawn(random: np.random.Generator, count: int) -> list[Layer]:
  """Draws settings of layers whose windows fit."""
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
  """Returns the parameters and the outputs of a layer, without making any."""
  pad = (layer.pad, layer.pad)
  model = convolution.Conv(
    layer.features, (layer.window,) * 2, (layer.stride,) * 2, (pad, pad)
  )
  image = jax.ShapeDtypeStruct((1, layer.side, layer.side, layer.channels), jnp.float32)
  y, variables = jax.eval_shape(model.init_with_output, jax.random.key(0), image)
  return sum(leaf.size for leaf in jax.tree.leaves(variables)), y.shape[1:]


def example() -> tuple[np.ndarray, np.ndarray]:
  """Returns an image [H, W, 3] of coloured lines, and a filter [h, w, 3] for one.

  The filter looks for a line that is red and not blue, and lets green be.
  """
  image = np.zeros((SIDE, SIDE, 3), np.float32)
  rows = slice((SIDE - LINE) // 2, (SIDE + LINE) // 2)
  for column, colour in zip(PLACES, COLOURS, strict=True):
    image[rows, column] = colour
  upright = lines.detectors()[:, :, 0, 0]
  return image, np.stack([upright, 0 * upright, -upright], axis=-1)


def picture(random: np.random.Generator, draws: int) -> Picture:
  """Draws what one filter makes of three channels."""
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
  apart = float(np.abs(parts.sum(axis=-1) - found).max())
  layers = drawn(random, draws)
  seen = [made(each) for each in layers]
  counted = sum(n == each.parameters for each, (n, _) in zip(layers, seen, strict=True))
  shaped = sum(y == each.outputs for each, (_, y) in zip(layers, seen, strict=True))
  middle = (found.shape[0] // 2, [c - lines.SIDE // 2 for c in PLACES])
  on = found[middle]
  claims = (
    Claim(
      'A filter spans all channels: its one map is the sum of those of its slices',
      found.ndim == 2 and apart <= lines.CLOSE,
      f'{apart:.1g} apart; {on[0]:.1f} on the red line, {on[1]:.1f} on the purple, '
      f'{on[2]:.1f} on the blue',
    ),
    Claim(
      'F filters of k × k over C channels are (k·k·C + 1)·F parameters',
      counted == draws,
      f'{counted:,} of {draws:,} layers drawn at random',
    ),
    Claim(
      'They give F maps, and a side of H becomes ⌊(H + 2p − k)/s⌋ + 1',
      shaped == draws,
      f'{shaped:,} of {draws:,} layers drawn at random',
    ),
  )

  def show():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, 2.9))
    grid = lines.filters_above_maps(figure, wspace=0.28, hspace=0.2)
    first, last = (figure.add_subplot(grid[1, n]) for n in (0, 4))
    first.imshow(image, interpolation='none')
    first.set_title('image', fontsize=10)
    lines.signed(last, found, 1)
    last.set_title('the map', fontsize=10)
    for c, name in enumerate(CHANNELS):
      above, below = (figure.add_subplot(grid[row, c + 1]) for row in (0, 1))
      lines.signed(above, kernel[..., c], float(np.abs(kernel).max()))
      lines.signed(below, parts[..., c], 1)
      above.set_title(name, fontsize=10)
      sign = '+' if c < 2 else '='
      below.text(
        1.14,
        0.5,
        sign,
        ha='center',
        va='center',
        fontsize=14,
        transform=below.transAxes,
      )
    lines.bare(first)
    return figure

  return Picture(
    'One filter, three channels, one map',
    'Above the three slices of one filter, below what each answers in its channel. '
    'Their sum is the map: the filter finds lines that are red and not blue. Red is '
    'positive, blue negative.',
    show,
    claims,
  )
