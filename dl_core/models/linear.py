"""Linear classifiers: g(x) = w·x + b for each class; the highest g(x) is predicted.

Two classes need but one: where g(x) = w·x + b > 0 it is the second (logistic
regression, Cox 1958, https://doi.org/10.1111/j.2517-6161.1958.tb00292.x). Of
polynomials in place of x the model stays linear in what it learns, while its boundary
bends. Shapes: B batch, F features, M polynomials of them, K classes.
"""

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import polynomial
from dl_core.layers.readout import Readout
from dl_core.types import Array


class Linear(nn.Module):
  """w·φ(x) + b from w = 0 and b = 0, φ the polynomials of x up to a degree.

  Attributes:
    outputs: K; or 1 for two classes, the first of which has the logit 0: softmax gives
      the second the chance σ(g).
    degree: of the polynomials; 1 is x itself.
  """

  outputs: int
  degree: int = 1

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps features [B, F] to logits [B, K]."""
    del train
    phi = polynomial.products(x, self.degree)  # [B, M]
    zeros = nn.initializers.zeros
    g = Readout(self.outputs, kernel_init=zeros, name='linear')(phi)
    if self.outputs > 1:
      return g
    return jnp.concatenate([jnp.zeros_like(g), g], axis=-1)
