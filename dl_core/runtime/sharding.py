"""Meshes and shardings: models hold plain arrays without annotations.

A mesh has three axes. `data` and `fsdp` split a batch, so each device sees a part of
it. `fsdp` also splits every large leaf of the state, optimizer and model alike; XLA
gathers a leaf when it is needed. `tensor` splits the leaves that a model's partition
names, and with them the matrix products that read them.
"""

import math
import re
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from dl_core.types import Partition, UserError

AXES = ('data', 'fsdp', 'tensor')
BATCH = ('data', 'fsdp')  # the axes that split it
LARGE = 2**16  # elements from which on `fsdp` splits a leaf


def make_mesh(text: str = '') -> Mesh:
  """Makes the mesh of `--mesh`: 'data:4,fsdp:2', its axes in any order, 1 if left out.

  An empty text means one device, or all devices as `data` with several processes.
  The axes are Auto: under Explicit axes, JAX's default, linen modules break.

  Raises:
    UserError: the text is no mesh, or does not fit the number of devices.
  """
  devices = jax.devices()
  if not text:
    text = f'data:{len(devices) if jax.process_count() > 1 else 1}'
  sides = sizes(text)
  size, count = math.prod(sides.values()), len(devices)
  if count % size or (jax.process_count() > 1 and size < count):
    raise UserError(
      f'--mesh={text} was given, which is {size} devices, but JAX finds {count} '
      f'({devices[0].platform}); give all of them or an even share'
      + f', or simulate them: XLA_FLAGS=--xla_force_host_platform_device_count={size}'
      * (devices[0].platform == 'cpu')
    )
  return jax.make_mesh(
    tuple(sides.values()),
    AXES,
    axis_types=(AxisType.Auto,) * len(AXES),
    devices=devices[:size],
  )


def sizes(text: str) -> dict[str, int]:
  """Reads 'data:4,fsdp:2' as {axis: devices}. Raises UserError where it is no mesh."""
  found = dict.fromkeys(AXES, 1)
  for part in text.split(','):
    words = re.fullmatch(r'(\w+):([1-9]\d*)', part.strip())
    if not words or words[1] not in AXES:
      raise UserError(
        f'--mesh={text} was given, AXIS:COUNT,... is wanted with the axes '
        f'{", ".join(AXES)}, as in --mesh=data:4,fsdp:2'
      )
    found[words[1]] = int(words[2])
  return found


def check(text: str, batch_size: int) -> None:
  """Raises UserError if `--mesh=text` is impossible or does not split the batch."""
  parts = shards(make_mesh(text))
  if batch_size % parts:
    raise UserError(
      f'--batch_size={batch_size} was given with --mesh={text}, which splits it into '
      f'{parts}; give a multiple of {parts}'
    )


def shards(mesh: Mesh) -> int:
  """Returns the number of parts into which a mesh splits a batch."""
  return math.prod(mesh.shape[axis] for axis in BATCH)


class Layout(NamedTuple):
  """The sharding of a state on a mesh.

  Attributes:
    mesh: the devices.
    partition: how leaves of some names are split; see `Experiment.partition`.
    large: elements from which on `fsdp` splits a leaf.
  """

  mesh: Mesh
  partition: Partition = MappingProxyType({})
  large: int = LARGE

  def __call__(self, tree: Any, runs: int = 1) -> Any:
    """Returns the sharding of each leaf of a tree of arrays or of their shapes.

    Args:
      tree: of one run.
      runs: how many are stacked along a first axis, if more than one.
    """
    first = (None,) if runs > 1 else ()

    def shardings(path, leaf):
      name = jax.tree_util.keystr(path, simple=True, separator='.')
      return NamedSharding(self.mesh, P(*first, *self.axes(name, leaf.shape)))

    return jax.tree_util.tree_map_with_path(shardings, tree)

  def axes(self, name: str, shape: tuple[int, ...]) -> list[Any]:
    """Returns the axis of the mesh, or the axes, that split each dimension of a leaf.

    Args:
      name: its path, joined by dots; its optimizer state's ends alike.
      shape: its shape. A dimension that an axis does not divide is not split by it.
    """
    found: list[Any] = [None] * len(shape)
    for ending, axes in self.partition.items():
      if f'.{name}'.endswith(f'.{ending}') and len(axes) == len(shape):
        if 'batch' in axes:
          divides = shape[axes.index('batch')] % shards(self.mesh) == 0
          return [BATCH if axis == 'batch' and divides else None for axis in axes]
        for place, axis in enumerate(axes):
          if axis and self.divides(axis, shape[place]):
            found[place] = axis
    free = [
      i for i, side in enumerate(shape) if not found[i] and self.divides('fsdp', side)
    ]
    if free and math.prod(shape) >= self.large:
      found[max(free, key=lambda i: shape[i])] = 'fsdp'
    return found

  def divides(self, axis: str, side: int) -> bool:
    """Returns whether an axis has several devices and splits a side evenly."""
    return self.mesh.shape[axis] > 1 and side % self.mesh.shape[axis] == 0


def spread(batch: Any, mesh: Mesh, size: int | None = None) -> Any:
  """Puts host arrays on the mesh, split along the first axis if that is possible.

  Args:
    batch: arrays.
    mesh: where.
    size: the first axis of those that are to be split; any, if None.
  """

  def put(leaf):
    side = leaf.shape[0] if leaf.ndim else 0
    split = side and side % shards(mesh) == 0 and size in (None, side)
    shardings = NamedSharding(mesh, P(BATCH if split else None))
    if jax.process_count() == 1:
      return jax.device_put(leaf, shardings)
    return jax.make_array_from_callback(
      leaf.shape, shardings, lambda i: np.asarray(leaf)[i]
    )

  return jax.tree.map(put, batch)


def split(batch: Any, mesh: Mesh) -> Any:
  """Returns the shardings of a batch that the mesh splits."""
  return jax.tree.map(lambda _: NamedSharding(mesh, P(BATCH)), batch)


def constrain(batch: Any, mesh: Mesh) -> Any:
  """Makes every device compute its own part of a batch, inside a jitted function."""
  return jax.lax.with_sharding_constraint(batch, NamedSharding(mesh, P(BATCH)))
