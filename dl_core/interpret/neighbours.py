"""Nearest neighbours of images, by their pixels or by the features of a network.

This is retrieval, not clustering: each query finds the stored examples nearest to it.

Shapes: N stored examples, M queries, D numbers of each, k neighbours.
"""

import functools
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from dl_core.types import Array, Variables


def nearest(stored: Any, queries: Any, k: int = 1) -> np.ndarray:
  """Returns the numbers [M, k] of the nearest stored examples, the nearest first.

  The distance is Euclidean; of equally near examples the first comes first.

  Args:
    stored: [N, ...].
    queries: [M, ...].
    k: neighbours of each.

  Raises:
    ValueError: there are fewer than k examples.
  """
  stored, queries = (np.asarray(x).reshape(len(x), -1) for x in (stored, queries))
  if not 1 <= k <= len(stored):
    raise ValueError(f'{k=} neighbours of {len(stored)} examples were asked for')
  lengths = np.einsum('nd,nd->n', stored, stored)
  far = lengths[None] - 2 * queries @ stored.T  # but for the length of the query
  return np.argsort(far, axis=1, kind='stable')[:, :k]


def features(
  model: nn.Module, variables: Variables, x: Array, read_out: str = 'output'
) -> np.ndarray:
  """Returns what the layer `read_out` reads, in evaluation: [M, D] in float32."""
  return np.asarray(_features(model, variables, x, read_out), np.float32)


@functools.partial(jax.jit, static_argnames=('model', 'read_out'))
def _features(model: nn.Module, variables: Variables, x: Array, read_out: str) -> Array:
  found: list[Array] = []

  def look(run, args, kwargs, context):
    if '/'.join(context.module.path) == read_out:
      found.append(args[0])
    return run(*args, **kwargs)

  with nn.intercept_methods(look):
    model.apply(variables, x, train=False)
  if not found:
    raise ValueError(f'{type(model).__name__} has no layer {read_out}')
  return found[-1]
