"""Newest good state in, newest state out.

Orbax writes and reads the arrays. Three things are guarded here that it leaves open: a
flipped bit restores silently (every leaf has a digest), another dtype is cast silently
(names, shapes and types are compared first), and a damaged step stays listed and can
never be saved again (it is moved to `damaged/`).
"""

import functools
import hashlib
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from dl_core import trees
from dl_core.runtime import multihost, quiet
from dl_core.types import Array, UserError

KEPT = 2  # newest checkpoints that are kept, beside the best


class Damaged(UserError):
  """A checkpoint is not what was saved; the text says why."""


def _shapes(named: Mapping[str, Any]) -> dict[str, str]:
  return {name: f'{leaf.dtype}{list(leaf.shape)}' for name, leaf in named.items()}


def _differences(
  saved: Mapping[str, str],
  wanted: Mapping[str, str],
  parts: tuple[str, ...],
  free: Collection[str],
) -> list[str]:
  return [
    f'{name} is {saved.get(name, "absent")} there and {wanted.get(name, "absent")} here'
    for name in sorted(saved.keys() | wanted.keys())
    if name.startswith(parts) and name.rpartition('.')[0] not in free
    if saved.get(name) != wanted.get(name)
  ]


class Checkpoints:
  """The checkpoints of one run; a context manager, on leaving which all are written.

  Args:
    folder: where they are.
    say: told of damaged ones that are passed over.
    read_only: True where the folder belongs to another run: nothing in it is touched.
  """

  def __init__(
    self, folder: Path, say: Callable[[str], None] = print, read_only: bool = False
  ):
    import orbax.checkpoint as ocp

    logging.getLogger('absl').setLevel(logging.CRITICAL)  # what matters is raised
    self._ocp, self._folder, self._say = ocp, folder.absolute(), say
    self._best: int | None = None
    self._read_only = read_only
    self._manager = ocp.CheckpointManager(
      self._folder,
      options=ocp.CheckpointManagerOptions(
        create=not read_only,
        read_only=read_only,
        cleanup_tmp_directories=not read_only,
        preservation_policy=self,
      ),
      item_names=('leaves', 'table'),
    )

  def __enter__(self) -> 'Checkpoints':
    self._quiet = quiet.loops()  # a thread writes, and fails, at any time
    self._quiet.__enter__()
    return self

  def __exit__(self, kind: Any, *_) -> None:
    try:
      self._manager.close()
    except Exception as error:  # orbax raises many types
      if kind is None:  # else it is already known
        raise self._unwritable(error) from error
    finally:
      self._quiet.__exit__(None, None, None)

  def _unwritable(self, error: Exception) -> UserError:
    return UserError(
      f'a checkpoint could not be written to {self._folder} ({_first_line(error)}); '
      'make room and give the same command again: it goes on from the last good one'
    )

  def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> list[bool]:
    """Tells orbax which checkpoints to keep: the newest few and the best."""
    del context
    newest = sorted(info.step for info in checkpoints)[-KEPT:]
    return [info.step in newest or info.step == self._best for info in checkpoints]

  def steps(self) -> list[int]:
    return sorted(self._manager.all_steps())

  def save(self, step: int, tree: Any, best: int | None = None) -> None:
    """Saves a tree of arrays without waiting for the disk.

    Args:
      step: its number; saving the newest step again does nothing.
      tree: arrays.
      best: the step whose checkpoint must not be dropped, if any.
    """
    self._best = best
    if step in self.steps():
      return
    named = trees.flatten(tree)
    table = {
      'shapes': _shapes(named),
      'digests': {name: int(value) for name, value in trees.digests(named).items()},
    }
    text = json.dumps(table, sort_keys=True)
    args = self._ocp.args.Composite(
      leaves=self._ocp.args.StandardSave(named),
      table=self._ocp.args.JsonSave({'text': text, 'digest': _sha256(text)}),
    )
    try:
      saved = self._manager.save(step, args=args)
    except Exception as error:
      raise self._unwritable(error) from error
    if not saved:
      raise RuntimeError(f'the checkpoint of step {step} was not saved')

  def wait(self) -> None:
    """Returns when all is written; raises what a save met since."""
    try:
      self._manager.wait_until_finished()
    except Exception as error:
      raise self._unwritable(error) from error

  def read(
    self,
    step: int,
    like: Any,
    parts: tuple[str, ...] = ('',),
    free: Collection[str] = (),
  ) -> dict[str, Array]:
    """Reads the named leaves of one checkpoint, each with its digest checked.

    Args:
      step: which.
      like: a tree as it should hold.
      parts: how the names of the leaves begin that must be as in `like`.
      free: paths whose leaves need not be so all the same.

    Raises:
      Damaged: it is not what was saved.
      UserError: it is whole, but of another model than `like`.
    """
    args = self._ocp.args
    try:
      item = self._manager.restore(step, args=args.Composite(table=args.JsonRestore()))
      text, digest = item['table']['text'], item['table']['digest']
    except Exception as error:  # orbax raises many types for many damages
      raise Damaged(_first_line(error)) from error
    if _sha256(text) != digest:
      raise Damaged('its table of contents fails its checksum')
    table = json.loads(text)
    like = trees.flatten(like)
    different = _differences(table['shapes'], _shapes(like), parts, free)
    if different:
      raise UserError(
        f'{self._folder / str(step)} is a checkpoint of another model: '
        f'{"; ".join(different[:5])}'
        f'{f" and {len(different) - 5} more" if len(different) > 5 else ""}; '
        'use the settings it was trained with, or another workdir'
      )
    try:
      spare = _spare(like)
      wanted = {
        name: _struct(shape, like.get(name), spare)
        for name, shape in table['shapes'].items()
      }
      restored = self._manager.restore(
        step, args=args.Composite(leaves=args.StandardRestore(wanted))
      )
      named = restored['leaves']
      found = trees.digests(named)
    except Exception as error:
      if lack := _lack_of_memory(error):
        raise MemoryError(lack) from error
      raise Damaged(_first_line(error)) from error
    for name, digest in table['digests'].items():
      if int(found[name]) != digest:
        raise Damaged(f'{name} fails its digest')
    return named

  def read_best(
    self,
    step: int,
    like: Any,
    parts: tuple[str, ...] = ('',),
    free: Collection[str] = (),
  ) -> dict[str, Array]:
    """Reads one checkpoint that nothing can stand in for; see `read`."""
    try:
      return self.read(step, like, parts, free)
    except Damaged as error:
      raise UserError(
        f'{self._folder / str(step)}, the checkpoint of the best step, is damaged '
        f'({error}); restore a copy of it, or start over with --fresh'
      ) from error

  def newest(
    self,
    like: Any,
    parts: tuple[str, ...] = ('',),
    free: Collection[str] = (),
    most: int | None = None,
  ) -> tuple[int, dict[str, Array]] | None:
    """Reads the newest good checkpoint; damaged ones above it are moved aside.

    Args:
      like, parts, free: see `read`.
      most: the last step that will do, if not any.

    Returns:
      Its step and its leaves, or None where there is none to read.

    Raises:
      UserError: there are checkpoints, and all are damaged.
    """
    damaged: list[tuple[int, str]] = []
    steps = [step for step in self.steps() if most is None or step <= most]
    for step in reversed(steps):
      try:
        named = self.read(step, like, parts, free)
      except Damaged as error:
        damaged.append((step, str(error)))
        continue
      for bad, why in damaged:
        moved = ''
        if not self._read_only:
          moved = (
            f'moved to {multihost.on_first(functools.partial(self._set_aside, bad))}, '
          )
        self._say(f'checkpoint {bad} is damaged ({why}): {moved}going back to {step}')
      if damaged:
        self._manager.reload()
      return step, named
    if damaged:
      raise UserError(
        f'{self._folder} holds no good checkpoint: '
        + '; '.join(f'step {step}: {why}' for step, why in damaged)
        + '; restore a copy of the folder, or start over with --fresh'
      )
    return None

  def forget(self, after: int) -> None:
    """Drops the checkpoints of steps after `after`, which are to be made again."""
    for step in self.steps():
      if step > after:
        self._manager.delete(step)

  def _set_aside(self, step: int) -> Path:
    folder = self._folder / 'damaged'
    folder.mkdir(exist_ok=True)
    number = sum(1 for _ in folder.glob(f'{step}*'))
    target = folder / (f'{step}-{number}' if number else f'{step}')
    (self._folder / str(step)).rename(target)
    return target


class Memory:
  """Stands in for `Checkpoints` where a run has no workdir: holds the best state."""

  def __enter__(self) -> 'Memory':
    return self

  def __exit__(self, *_) -> None:
    pass

  def newest(self, like: Any, most: int | None = None) -> None:
    del like, most

  def forget(self, after: int) -> None:
    del after

  def save(self, step: int, tree: Any, best: int | None = None) -> None:
    if step == best:
      self._best = jax.tree.map(jnp.copy, trees.flatten(tree))

  def read_best(self, step: int, like: Any) -> dict[str, Array]:
    del step, like  # there is one
    return self._best

  def wait(self) -> None:
    pass


def open_all(
  workdir: Path | None, say: Callable[[str], None]
) -> 'Checkpoints | Memory':
  """Opens the checkpoints of a workdir, or what stands in for them."""
  return Checkpoints(workdir / 'checkpoints', say) if workdir else Memory()


def _spare(like: Mapping[str, Any]) -> Any:
  """Returns the sharding of leaves that `like` lacks: replicated over its devices."""
  for leaf in like.values():
    sharding = getattr(leaf, 'sharding', None)
    if isinstance(sharding, jax.sharding.NamedSharding):
      return jax.sharding.NamedSharding(sharding.mesh, jax.sharding.PartitionSpec())
  return jax.sharding.SingleDeviceSharding(jax.devices()[0])


def _struct(text: str, like: Array | None, spare: Any) -> jax.ShapeDtypeStruct:
  """Returns what a leaf is restored as: sharded as in `like` if shapes agree."""
  dtype, _, sides = text.partition('[')
  shape = tuple(int(side) for side in sides.rstrip(']').split(',') if side.strip())
  sharding: Any = spare
  if like is not None and like.shape == shape and hasattr(like, 'sharding'):
    sharding = like.sharding
  return jax.ShapeDtypeStruct(shape, jnp.dtype(dtype), sharding=sharding)


def _sha256(text: str) -> str:
  return hashlib.sha256(text.encode()).hexdigest()


def _lack_of_memory(error: BaseException | None) -> str:
  """Returns what says that memory was too small, and not the checkpoint damaged."""
  while error is not None:
    full = isinstance(error, jax.errors.JaxRuntimeError) and 'RESOURCE_EXH' in str(
      error
    )
    if isinstance(error, MemoryError) or full:
      return str(error) or 'MemoryError'
    error = error.__cause__
  return ''


def _first_line(error: Exception) -> str:
  line = str(error).strip().splitlines()[0]
  if len(line) > 160:
    line = f'{line[:100]} ... {line[-60:]}'
  return f'{type(error).__name__}: {line}'
