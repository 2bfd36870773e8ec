"""A checkpoint's table of contents: the name, shape, type and digest of every leaf."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from dl_core import trees
from dl_core.types import Array


class Table(NamedTuple):
  """What a checkpoint holds.

  Attributes:
    shapes: {leaf: type and shape, such as 'float32[3, 4]'}.
    digests: {leaf: see `trees.digests`}.
  """

  shapes: dict[str, str]
  digests: dict[str, int]


def of(named: Mapping[str, Array]) -> Table:
  """Makes the table of named leaves."""
  digests = {name: int(value) for name, value in trees.digests(named).items()}
  return Table(shapes(named), digests)


def packed(table: Table) -> dict[str, str]:
  """Returns a table as it is saved, with a checksum of its own."""
  text = json.dumps(table._asdict(), sort_keys=True)
  return {'text': text, 'digest': _sha256(text)}


def unpacked(saved: Mapping[str, str]) -> Table:
  """Returns a saved table. Raises ValueError where it fails its checksum."""
  if _sha256(saved['text']) != saved['digest']:
    raise ValueError('its table of contents fails its checksum')
  return Table(**json.loads(saved['text']))


def shapes(named: Mapping[str, Any]) -> dict[str, str]:
  return {name: f'{leaf.dtype}{list(leaf.shape)}' for name, leaf in named.items()}


def differences(
  saved: Mapping[str, str],
  wanted: Mapping[str, str],
  parts: tuple[str, ...],
  free: Callable[[str], bool],
) -> list[str]:
  """Returns in words where the shapes and types of leaves differ.

  Args:
    saved, wanted: `Table.shapes` of a checkpoint and of a model.
    parts: prefixes of the names that are compared.
    free: (name) -> whether the leaf is not compared.
  """
  return [
    f'{name} is {saved.get(name, "absent")} there and {wanted.get(name, "absent")} here'
    for name in sorted(saved.keys() | wanted.keys())
    if name.startswith(parts) and not free(name)
    if saved.get(name) != wanted.get(name)
  ]


def wrong(table: Table, named: Mapping[str, Array]) -> str:
  """Returns the first leaf whose array fails its digest; '' if there is none."""
  found = trees.digests(named)
  failed = (
    name for name, digest in table.digests.items() if int(found[name]) != digest
  )
  return next(failed, '')


def structs(table: Table, like: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
  """Returns what the leaves of a checkpoint are restored as.

  Args:
    table: of the checkpoint.
    like: named arrays. A leaf is sharded as its namesake where their shapes agree, and
      replicated over the same devices otherwise.
  """
  spare = _replicated(like)
  return {
    name: _struct(text, like.get(name), spare) for name, text in table.shapes.items()
  }


def _struct(text: str, like: Array | None, spare: Any) -> jax.ShapeDtypeStruct:
  dtype, _, sides = text.partition('[')
  shape = tuple(int(side) for side in sides.rstrip(']').split(',') if side.strip())
  sharding: Any = spare
  if like is not None and like.shape == shape and hasattr(like, 'sharding'):
    sharding = like.sharding
  return jax.ShapeDtypeStruct(shape, jnp.dtype(dtype), sharding=sharding)


def _replicated(like: Mapping[str, Any]) -> Any:
  for leaf in like.values():
    sharding = getattr(leaf, 'sharding', None)
    if isinstance(sharding, jax.sharding.NamedSharding):
      return jax.sharding.NamedSharding(sharding.mesh, jax.sharding.PartitionSpec())
  return jax.sharding.SingleDeviceSharding(jax.devices()[0])


def _sha256(text: str) -> str:
  return hashlib.sha256(text.encode()).hexdigest()
