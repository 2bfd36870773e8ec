"""How arrays lie on devices, said once: models hold plain arrays and no annotations."""

from typing import Any

import jax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

AXES = ('data', 'fsdp', 'tensor')


def make_mesh() -> Mesh:
  """Returns the mesh of the first device, with every axis of length 1.

  The axes are Auto: under Explicit axes, JAX's default, linen modules break.
  """
  return jax.make_mesh(
    (1,) * len(AXES),
    AXES,
    axis_types=(AxisType.Auto,) * len(AXES),
    devices=jax.devices()[:1],
  )


def place(tree: Any, mesh: Mesh) -> Any:
  """Puts host arrays on the mesh, a whole copy on every device."""
  return jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))
