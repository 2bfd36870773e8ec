"""The last dense layer: its logits are float32, whatever dtype a model computes in."""

import functools

import jax
import jax.numpy as jnp
from flax import linen as nn

# With logits of fewer bits, terms that nearly cancel in the bias's gradient would not.
Readout = functools.partial(
  nn.Dense,
  dot_general=functools.partial(
    jax.lax.dot_general, preferred_element_type=jnp.float32
  ),
)
