"""The multi-layer perceptron: fully connected layers with a non-linearity between.

Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors",
1986, https://doi.org/10.1038/323533a0. One hidden layer turns what no line separates
into what one does: XOR. Without hidden layers it is a linear classifier.

Shapes: B batch, F inputs, H units of a layer, K classes.
"""

from collections.abc import Callable

import jax
from flax import linen as nn

from dl_core.layers import readout
from dl_core.types import Array

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
  'relu': nn.relu,
  'tanh': nn.tanh,
  'sigmoid': nn.sigmoid,
}


class MLP(nn.Module):
  """Hidden layers, then one of logits.

  Attributes:
    classes: K, the number of logits.
    hidden: H of each hidden layer, in order; () leaves a linear classifier.
    activation: of the hidden layers, one of `ACTIVATIONS`.
    batch_norm: whether each hidden layer normalises over the batch what it weighs, in
      place of a bias and before its activation (Ioffe & Szegedy 2015,
      https://arxiv.org/abs/1502.03167, section 3.2).
    dropout_input, dropout: shares of the inputs, and of each hidden layer's units,
      that training leaves out (Srivastava et al. 2014, section 4).
    init_scale: standard deviation of a hidden layer's first weights, in times that of
      He et al. 2015 for ReLU, √(2/F), and of LeCun et al. 1998 for the others, 1/√F.
  """

  classes: int
  hidden: tuple[int, ...] = (800,)
  activation: str = 'relu'
  batch_norm: bool = False
  dropout_input: float = 0.0
  dropout: float = 0.0
  init_scale: float = 1.0

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps inputs [B, ...], each laid out as one row, to logits [B, K]."""
    gain = 2 if self.activation == 'relu' else 1
    weights = jax.nn.initializers.variance_scaling(
      gain * self.init_scale**2, 'fan_in', 'truncated_normal'
    )
    x = x.reshape(x.shape[0], -1)
    x = nn.Dropout(self.dropout_input, deterministic=not train)(x)
    for number, width in enumerate(self.hidden, start=1):
      layer = nn.Dense(
        width,
        use_bias=not self.batch_norm,
        kernel_init=weights,
        name=f'hidden_{number}',
      )
      x = layer(x)  # [B, H]
      if self.batch_norm:
        x = nn.BatchNorm(not train, momentum=0.9, name=f'norm_{number}')(x)
      x = ACTIVATIONS[self.activation](x)
      x = nn.Dropout(self.dropout, deterministic=not train)(x)
    return readout.Readout(self.classes, name='output')(x)
