"""What the comparisons with PyTorch share."""

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
