"""The perceptron (Rosenblatt 1958, https://doi.org/10.1037/h0042519).

One artificial neuron: it weighs its inputs, adds a bias, and answers with the sign.
Shapes: B batch, F features.
"""

from flax import linen as nn

from dl_core.types import Array


class Perceptron(nn.Module):
  """w·x + b, from w = 0 and b = 0; its sign is the answer."""

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps inputs [B, F] to activations f [B]."""
    del train
    zeros = nn.initializers.zeros
    return nn.Dense(1, kernel_init=zeros, name='neuron')(x)[:, 0]
