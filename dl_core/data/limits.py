"""How many values the integers of a batch take: vocabularies and numbers of classes."""

from typing import Any

import jax
import jax.numpy as jnp

from dl_core.types import Spec


def of(spec: Spec) -> Any:
  """Returns how many values each integer leaf of a batch takes.

  Args:
    spec: its `limits` where it has any; else integers are numbers of its classes, of
      which there are at least two.

  Returns:
    A pytree like `spec.batch`: a number for each leaf, 0 for leaves without integers.
  """
  if spec.limits is not None:
    return spec.limits
  most = max(2, len(spec.classes))
  whole = lambda leaf: jnp.issubdtype(leaf.dtype, jnp.integer)
  return jax.tree.map(lambda leaf: most if whole(leaf) else 0, spec.batch)
