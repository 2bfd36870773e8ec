"""Class activation maps: where the evidence for each class lies.

Zhou et al. 2016, https://arxiv.org/abs/1512.04150: where the logits are a linear
read-out of the mean over all places, the same read-out of every place is a map whose
mean, plus the bias, is the logit. A map may be negative, which speaks against a class.

Shapes: B images, h x w places of the last map, C channels, K classes.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.interpret import activation_maps
from dl_core.types import Array, Variables

NEAR = 1e-3  # relative: how far the logits may be from the read-out of a mean


def maps(
  model: nn.Module,
  variables: Variables,
  x: Array,
  layer: str = '',
  read_out: str = 'output',
) -> Array:
  """Returns the class activation maps [B, h, w, K] of images x [B, H, W, 3].

  Args:
    model, variables: a trained classifier.
    layer: path of the layer whose output is averaged; '' finds it.
    read_out: name of the dense layer that reads the mean.

  Raises:
    ValueError: no layer's mean is what the read-out reads, as in AlexNet and VGG, so
      that places have no logits of their own.
  """
  layer = layer or averaged(model, variables, x[:1], read_out)
  kernel = variables['params'][read_out]['kernel']
  return _maps(model, variables, x, layer, kernel)


@functools.partial(jax.jit, static_argnames=('model', 'layer'))
def _maps(
  model: nn.Module, variables: Variables, x: Array, layer: str, kernel: Array
) -> Array:
  wanted = lambda module, method: '/'.join(module.path) == layer
  tree = activation_maps.seen(model, wanted, variables, x)
  found = activation_maps.last(tree, layer)
  return jnp.einsum('bhwc,ck->bhwk', found, kernel)


def averaged(
  model: nn.Module, variables: Variables, x: Array, read_out: str = 'output'
) -> str:
  """Returns the path of the layer whose mean over places the read-out reads.

  It is found by its numbers: the read-out of its mean gives the logits.

  Raises:
    ValueError: see `maps`.
  """
  reason = 'has no dense layer of that name'
  own = variables['params'].get(read_out, {})
  if getattr(own.get('kernel'), 'ndim', 0) == 2:
    found = activation_maps.capture(model, variables, x)
    logits = np.asarray(found[read_out], np.float64)
    kernel, bias = (np.asarray(own[name], np.float64) for name in ('kernel', 'bias'))
    for name, value in reversed(found.items()):
      if getattr(value, 'ndim', 0) == 4 and value.shape[-1] == len(kernel):
        said = np.asarray(value, np.float64).mean(axis=(1, 2)) @ kernel + bias
        if np.allclose(said, logits, rtol=NEAR, atol=NEAR * np.abs(logits).max()):
          return name
    reason = 'reads no mean over the places of a map'
  raise ValueError(
    'class activation maps need logits that are a linear read-out of the mean over all '
    f'places; {read_out} of {type(model).__name__} {reason}'
  )


def of_class(found: Array, classes: Any) -> Array:
  """Returns the maps [B, h, w] of one class [B] for each image, of [B, h, w, K]."""
  return jnp.take_along_axis(found, jnp.asarray(classes)[:, None, None, None], axis=-1)[
    ..., 0
  ]


def resized(found: Array, height: int, width: int) -> Array:
  """Scales maps [B, h, w] bilinearly; pixels are squares, whose middles are known."""
  return jax.image.resize(found, (len(found), height, width), 'linear', antialias=False)
