"""Squeeze and excitation: rescales each channel by a gate computed from the whole map.

Hu, Shen & Sun 2018, https://arxiv.org/abs/1709.01507, section 3. Each channel is
squeezed to its mean; a small bottleneck of two layers turns the means into gates in (0,
1); the map is rescaled by them, channel by channel.

Shapes: B images, H x W places, C channels.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from dl_core.types import Array

Gate = Callable[..., Any]  # (name=...) -> a module that rescales a map


class SqueezeExcite(nn.Module):
  """Rescales the channels of a map by gates that it computes from all of the map.

  Its gates are sown as `gates` in the collection of intermediates.

  Attributes:
    reduction: channels for each unit between the two layers; the paper's r = 16.
  """

  reduction: int = 16

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, C] to the same shape."""
    channels = x.shape[-1]
    squeezed = jnp.mean(x, axis=(1, 2))  # [B, C]
    units = max(1, channels // self.reduction)
    hidden = nn.relu(nn.Dense(units, name='reduce')(squeezed))
    gates = nn.sigmoid(nn.Dense(channels, name='expand')(hidden))
    self.sow('intermediates', 'gates', gates)
    return x * gates[:, None, None]
