"""The last layer: its logits are float32, in whatever type a model computes."""

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
