"""The receptive field of an output of a stack of convolutions.

With windows k₁, k₂, ... and strides s₁, s₂, ... it has 1 + Σ (kᵢ - 1)·s₁···sᵢ₋₁ pixels
a side. VGG's argument (Simonyan & Zisserman 2015, section 2.3) is that three windows of
3 × 3 have the receptive field of one of 7 × 7, with fewer weights and two more
non-linearities. Pixels in the middle reach an output on more paths than pixels in a
corner (Luo et al. 2016, https://arxiv.org/abs/1701.04128).

Shapes: N draws of the weights, L layers, H × W pixels.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core import trees
from dl_core.layers import convolution
from dl_core.report import draw
from dl_core.types import Array, Claim, Picture

CHANNELS = 8  # of every map
SIDE = 11  # of the image, for the stacks that are drawn

Stack = tuple[tuple[int, int], ...]  # (window, stride) of each layer
STACKS: dict[str, Stack] = {
  'one of 3 × 3': ((3, 1),),
  'two of 3 × 3': ((3, 1),) * 2,
  'three of 3 × 3': ((3, 1),) * 3,
  'one of 7 × 7': ((7, 1),),
}


def field(stack: Stack) -> int:
  """Returns the side of the receptive field in pixels, by the formula."""
  strides = [math.prod(s for _, s in stack[:n]) for n in range(len(stack))]
  return 1 + sum((k - 1) * s for (k, _), s in zip(stack, strides, strict=True))


def weights(random: np.random.Generator, stack: Stack, count: int) -> list[np.ndarray]:
  """Draws the weights of each layer, [N, k, k, channels before, channels]."""
  before = [1] + [CHANNELS] * (len(stack) - 1)
  shapes = [(count, k, k, n, CHANNELS) for (k, _), n in zip(stack, before, strict=True)]
  return [random.standard_normal(shape, np.float32) for shape in shapes]


@functools.partial(jax.jit, static_argnums=(1, 2))
def gradients(kernels: list[Array], strides: tuple[int, ...], side: int) -> Array:
  """Returns the gradients of the middle output of a stack, [N, H, W].

  Args:
    kernels: weights of each layer, see `weights`; there are no biases and no
      non-linearities.
    strides: of each layer.
    side: of the image, H and W.
  """

  def middle(image, own):
    for kernel, stride in zip(own, strides, strict=True):
      bias = jnp.zeros(CHANNELS)
      image = convolution.convolve(image, kernel, bias, (stride, stride), 'VALID')
    row, column = (n // 2 for n in image.shape[1:3])
    return image[0, row, column, 0]

  slope = functools.partial(jax.grad(middle), jnp.zeros((1, side, side, 1)))
  return jax.lax.map(slope, kernels)[:, 0, :, :, 0]


def sides(slopes: np.ndarray) -> tuple[int, int]:
  """Returns height and width of the region in which gradients [N, H, W] are not 0."""
  seen = (slopes != 0).any(axis=0)
  spans = [np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0)]
  height, width = (int(span[-1] - span[0] + 1) for span in spans)
  return height, width


class Found(NamedTuple):
  """Measured receptive fields.

  Attributes:
    strength: {name: [H, W]} root mean square of the gradients of `STACKS`.
    seen: {name: height and width of the receptive field}.
    weights: {name: number of weights of the stack}.
    others: random stacks with height and width of their receptive fields.
  """

  strength: dict[str, np.ndarray]
  seen: dict[str, tuple[int, int]]
  weights: dict[str, int]
  others: Sequence[tuple[Stack, tuple[int, int]]]


def measure(random: np.random.Generator, count: int, draws: int) -> Found:
  """Measures `STACKS` with `draws` draws of the weights, and `count` random stacks."""

  def slopes(stack, side, times):
    strides = tuple(stride for _, stride in stack)
    return np.asarray(gradients(weights(random, stack, times), strides, side))

  drawn = {name: slopes(stack, SIDE, draws) for name, stack in STACKS.items()}
  others: list[tuple[Stack, tuple[int, int]]] = []
  for _ in range(count):
    stack = tuple(
      (int(random.integers(1, 5)), int(random.integers(1, 3))) for _ in range(3)
    )
    image = field(stack) + 2 * math.prod(stride for _, stride in stack)  # 3 outputs
    others.append((stack, sides(slopes(stack, image, 1))))
  return Found(
    {name: np.sqrt((each**2).mean(axis=0)) for name, each in drawn.items()},
    {name: sides(each) for name, each in drawn.items()},
    {name: counted(stack) for name, stack in STACKS.items()},
    others,
  )


def counted(stack: Stack) -> int:
  """Counts the weights of a stack of layers without biases, `CHANNELS` wide."""
  image = jax.ShapeDtypeStruct((1, SIDE, SIDE, CHANNELS), jnp.float32)
  model = nn.Sequential(
    [
      convolution.Conv(CHANNELS, (k, k), (s, s), 'VALID', use_bias=False)
      for k, s in stack
    ]
  )
  made = jax.eval_shape(model.init, jax.random.key(0), image)
  return trees.size(made)


def rings(strength: np.ndarray) -> np.ndarray:
  """Returns the root mean square of [H, W] in each square ring around the middle."""
  places = np.abs(np.indices(strength.shape) - len(strength) // 2).max(axis=0)
  squares = [(strength[places == ring] ** 2).mean() for ring in range(places.max() + 1)]
  return np.sqrt(squares)


def picture(found: Found) -> Picture:
  """Draws the receptive field of each stack."""
  one, two, three, large = STACKS
  fewer = found.weights[three] / found.weights[large]
  as_formula = sum(seen == (field(stack),) * 2 for stack, seen in found.others)
  falling = rings(found.strength[three])[:4]
  claims = (
    Claim(
      'Two convolutions of 3 × 3 have a receptive field of 5 × 5, three of 7 × 7',
      (found.seen[one], found.seen[two], found.seen[three]) == ((3, 3), (5, 5), (7, 7)),
      f'{found.seen[two][0]} and {found.seen[three][0]} a side, by the gradient',
    ),
    Claim(
      'Three convolutions of 3 × 3 have the receptive field of one of 7 × 7, with '
      'little more than half its weights',
      found.seen[three] == found.seen[large] and fewer < 0.56,
      f'{found.weights[three]:,} against {found.weights[large]:,}, {fewer:.0%}',
    ),
    Claim(
      'A receptive field has 1 + Σ (kᵢ − 1)·s₁···sᵢ₋₁ pixels a side',
      as_formula == len(found.others),
      f'{as_formula} of {len(found.others)} random stacks of three',
    ),
    Claim(
      'Pixels near the middle of a receptive field have larger gradients',
      np.all(np.diff(falling) < 0),
      'gradient '
      + ' → '.join(f'{each:.2f}' for each in falling / falling[0])
      + ' from the middle to the edge, three of 3 × 3',
    ),
  )

  def show():
    from matplotlib.patches import Rectangle

    figure, panels = draw.panels(8, 2.3, len(STACKS), titles=list(STACKS))
    for axes, (name, strength) in zip(panels, found.strength.items(), strict=True):
      draw.signed(axes, np.sqrt(strength))
      height, width = found.seen[name]
      corner = (SIDE - width) / 2 - 0.5, (SIDE - height) / 2 - 0.5
      edge = Rectangle(corner, width, height, fill=False, ec=draw.BLUE, lw=2)
      axes.add_patch(edge)
      axes.set_xlabel(
        f'{height} × {width} pixels,\n{found.weights[name]:,} weights', fontsize=9
      )
    return figure

  return Picture(
    'What an output sees',
    'The gradient of the middle output of a stack with respect to each pixel: square '
    'root of the root mean square over many draws of the weights. Every map has '
    f'{CHANNELS} channels.',
    show,
    claims,
  )
