"""What the comparisons with PyTorch share."""

import jax
import numpy as np
from flax import linen as nn

REASON = 'parity needs the bench extra: pip install -e .[bench]'


def filled(module, arrays):
  """Copies arrays into a module's parameters, in their order; returns the module."""
  for parameter, own in zip(module.parameters(), arrays, strict=True):
    parameter.data.copy_(parameter.data.new_tensor(own))
  return module


def assert_close(found, expected, tolerance=1e-5, least=0.0):
  """Compares arrays, or tensors, on the scale of the largest expected number.

  That scale is `least` at least: numbers that cancel but for rounding have none.
  """
  found, expected = np.asarray(found), np.asarray(expected)
  scale = max(np.max(np.abs(expected)), least)
  np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=tolerance)


def shaken(params, scale):
  """Adds N(0, scale²) to every leaf, so that biases are not 0."""
  random = np.random.default_rng(1)
  return jax.tree.map(
    lambda leaf: leaf + np.float32(scale * random.normal(size=leaf.shape)), params
  )


def assert_same(peer, batch, value, gradients, *noise):
  """Compares the loss of a peer with one turn, and its gradients, with ours.

  Args:
    peer: with our parameters.
    batch: of arrays.
    value: our loss.
    gradients: ours, in the order of the peer's parameters.
    *noise: a tensor, if the turn draws.
  """
  loss = peer.turns[0].loss(*peer.tensors(batch), *noise)
  loss.backward()
  np.testing.assert_allclose(value, loss.item(), rtol=1e-5)
  for parameter, own in zip(peer.module.parameters(), gradients, strict=True):
    assert_close(own, parameter.grad, 1e-4)


def undropped(module):
  """Makes all dropout of a module leave nothing out; returns the module."""
  for one in module.modules():
    if type(one).__name__ == 'Dropout':
      one.p = 0.0
  return module


def undrop(call, args, kwargs, context):
  """Makes that of linen do the same, in `nn.intercept_methods`."""
  is_dropout = isinstance(context.module, nn.Dropout)
  return args[0] if is_dropout else call(*args, **kwargs)
