"""Gated convolutions over a sentence.

Gehring et al., "Convolutional sequence to sequence learning", 2017
(https://arxiv.org/abs/1705.03122), the encoder of section 3: each layer has a window of
three tokens, and half of its outputs gate the other half,

  x = (x + a ⊗ σ(b)) · √½     [a; b] = convolution(x)

so L layers reach L tokens to each side. Padding is set to 0 before each layer.

Shapes: B texts, T tokens, D features.
"""

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers.dropout import Dropout
from dl_core.types import Array


class Convolutions(nn.Module):
  """L gated convolutions.

  Parameters: dense layers `layer_0` ..., whose inputs are the features of `kernel`
  neighbouring tokens: [kernel · D, 2D].

  Attributes:
    width: D.
    layers: L.
    kernel: number of tokens in a layer's window, odd.
    dropout: dropout rate of each layer's input.
  """

  width: int
  layers: int
  kernel: int = 3
  dropout: float = 0.0

  def setup(self):
    variance = 4 * (1 - self.dropout)  # section 3.5: a gate halves, a residual adds
    init = nn.initializers.variance_scaling(variance, 'fan_in', 'normal')
    self.layer = [
      nn.Dense(2 * self.width, kernel_init=init) for _ in range(self.layers)
    ]
    self.drop = Dropout(self.dropout)

  def __call__(self, x: Array, real: Array, *, train: bool = False) -> Array:
    """Maps [B, T, D] to the same shape; real [B, T] is False at padding."""
    alive = real[..., None].astype(x.dtype)
    for layer in self.layer:
      h = self.drop(x * alive, train=train)
      x = (x + nn.glu(layer(self.neighbours(h)))) * jnp.asarray(0.5**0.5, x.dtype)
    return x * alive

  def neighbours(self, x: Array) -> Array:
    """Returns the features of each token's neighbours, side by side [B, T, k · D]."""
    side = self.kernel // 2
    wide = jnp.pad(x, ((0, 0), (side, side), (0, 0)))
    pieces = [wide[:, k : k + x.shape[1]] for k in range(self.kernel)]
    return jnp.concatenate(pieces, axis=-1)
