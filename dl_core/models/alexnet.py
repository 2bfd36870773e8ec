"""AlexNet: five convolutions and three dense layers, trained on two GPUs in 2012.

Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep convolutional neural
networks", 2012, https://doi.org/10.1145/3065386. ReLU, dropout and much data augmented
let eight layers with weights learn a thousand classes from the pixels.

The paper's network had its channels in two groups, one on each card, which met in the
third convolution only (`GROUPED`); without them it has 62.4 million parameters
(`UNGROUPED`). torchvision's is narrower, of Krizhevsky's "One weird trick" (2014,
https://arxiv.org/abs/1404.5997), and has no response normalisation (`TORCHVISION`).

Shapes: B images, H x W places, C channels, K classes.
"""

import functools
from typing import Any

import jax
from flax import linen as nn

from dl_core.layers import convolution, pooling, readout, squeeze
from dl_core.types import Array

GRID = 6  # places a side that the fully connected layers read


def response_normalised(x: Array) -> Array:
  """Divides by (2 + 1e-4 Σ a²)^0.75 over five neighbouring channels; section 3.3."""
  squares = jax.lax.reduce_window(
    x**2, 0.0, jax.lax.add, (1, 1, 1, 5), (1, 1, 1, 1), 'SAME'
  )
  return x / (2 + 1e-4 * squares) ** 0.75


class AlexNet(nn.Module):
  """Five convolutions, three dense layers.

  Attributes:
    widths: channels of the convolutions.
    classes: K.
    groups: into which the second, fourth and fifth convolution divide their channels.
    normalise: whether responses are normalised after the first two convolutions.
    gate: what rescales the channels after each convolution, if anything.
    dense: units of the dense layers.
    dropout: share of their inputs that training leaves out.
  """

  widths: tuple[int, ...]
  classes: int = 1_000
  groups: int = 1
  normalise: bool = False
  gate: squeeze.Gate | None = None
  dense: int = 4_096
  dropout: float = 0.5

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C], of sides of 63 at least, to logits [B, K]."""
    sizes = (11, 5, 3, 3, 3)
    for number, (width, size) in enumerate(
      zip(self.widths, sizes, strict=True), start=1
    ):
      pad = 2 if number < 3 else 1
      settings: dict[str, Any] = {
        'features': width,
        'kernel_size': (size, size),
        'strides': (4, 4) if number == 1 else (1, 1),
        'padding': ((pad, pad), (pad, pad)),
        'name': f'convolution_{number}',
      }
      if self.groups > 1 and number in (2, 4, 5):
        x = nn.relu(nn.Conv(feature_group_count=self.groups, **settings)(x))
      else:
        x = nn.relu(convolution.Conv(**settings)(x))
      if self.gate is not None:
        x = self.gate(name=f'gate_{number}')(x)
      if self.normalise and number < 3:
        x = response_normalised(x)
      if number in (1, 2, 5):
        x = nn.max_pool(x, (3, 3), (2, 2))
    x = pooling.adaptive_mean(x, GRID)
    x = x.reshape(x.shape[0], -1)
    for number in (1, 2):
      x = nn.Dropout(self.dropout, deterministic=not train)(x)
      x = nn.relu(nn.Dense(self.dense, name=f'dense_{number}')(x))
    return readout.Readout(self.classes, name='output')(x)


TORCHVISION = functools.partial(AlexNet, (64, 192, 384, 256, 256))
UNGROUPED = functools.partial(AlexNet, (96, 256, 384, 384, 256), normalise=True)
GROUPED = functools.partial(UNGROUPED, groups=2)
VARIANTS = {'torchvision': TORCHVISION, 'grouped': GROUPED, 'ungrouped': UNGROUPED}


def scaled(variant: str, width: float, **settings: Any) -> AlexNet:
  """Returns a variant with so many times its channels and units."""
  full = VARIANTS[variant]()
  even = lambda number: max(2, 2 * round(number * width / 2))
  widths = tuple(even(number) for number in full.widths)
  return full.clone(widths=widths, dense=even(full.dense), **settings)
