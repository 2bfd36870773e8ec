"""Saves states, and reads the newest good one.

Orbax writes and reads the arrays. Four things that it leaves open are guarded here: a
flipped bit restores silently (every leaf has a digest), another dtype is cast silently
(names, shapes and types are compared first), a damaged step stays listed and can never
be saved again (it is moved to `damaged/`), and a path with wildcards is taken for a
pattern, one that is not UTF-8 refused (orbax gets another path to the same folder).
"""

import contextlib
import errno
import functools
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax

from dl_core import trees
from dl_core.runtime import multihost, quiet
from dl_core.train import table
from dl_core.types import Array, UserError

KEPT = 2  # newest checkpoints that are kept, beside the best
READ_BACK = 2**30  # bytes up to which the last checkpoint's arrays are read back


class Damaged(UserError):
  """A checkpoint is not what was saved; the text says why."""


class Checkpoints:
  """The checkpoints of one run, a context manager.

  On leaving, all are written and the last one has been read back.

  Args:
    folder: their folder.
    say: called with a sentence for each damaged one that is passed over.
    read_only: True where the folder belongs to another run: nothing in it is touched.
  """

  def __init__(
    self, folder: Path, say: Callable[[str], None] = print, read_only: bool = False
  ):
    import orbax.checkpoint as ocp

    logging.getLogger('absl').setLevel(logging.CRITICAL)  # what matters is raised
    self._ocp, self._folder, self._say = ocp, folder.absolute(), say
    self._best: int | None = None
    self._last: tuple[int, dict[str, Any]] | None = None  # step and leaves' structs
    self._read_only = read_only
    self._alias = contextlib.ExitStack()
    if not read_only:
      self._folder.mkdir(parents=True, exist_ok=True)
    self._manager = ocp.CheckpointManager(
      self._alias.enter_context(_plain(self._folder)),
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
      self._manager.wait_until_finished()
      if kind is None:
        self._read_back()
    except Damaged as error:
      raise UserError(
        f'a checkpoint was written to {self._folder} and cannot be read back '
        f'({error}); check the disk and give the same command again: it goes on from '
        'the last good one'
      ) from error
    except Exception as error:  # orbax raises many types
      if kind is None:  # else it is already known
        raise self._unwritable(error) from error
    finally:
      with contextlib.suppress(Exception):  # raised above, if it matters
        self._manager.close()
      self._quiet.__exit__(None, None, None)
      self._alias.close()

  def _read_back(self) -> None:
    """Raises Damaged where the last checkpoint cannot be read as it was saved."""
    if self._last is None:
      return
    step, like = self._last
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in like.values())
    self._manager.reload()
    if step not in self.steps():
      raise Damaged(f'step {step} is not there')
    self._table(step)
    if size <= READ_BACK:
      with contextlib.suppress(MemoryError):  # there is none for a second copy
        self.read(step, like)

  def _unwritable(self, error: Exception) -> UserError:
    return UserError(
      f'a checkpoint could not be written to {self._folder} ({_first_line(error)}); '
      f'{_remedy(error)} and give the same command again: it goes on from the last '
      'good one'
    )

  def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> list[bool]:
    """Returns for orbax which checkpoints to keep: the newest few and the best."""
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
    args = self._ocp.args.Composite(
      leaves=self._ocp.args.StandardSave(named),
      table=self._ocp.args.JsonSave(table.packed(table.of(named))),
    )
    try:
      saved = self._manager.save(step, args=args)
    except Exception as error:
      raise self._unwritable(error) from error
    if not saved:
      raise RuntimeError(f'the checkpoint of step {step} was not saved')
    self._last = step, {name: _struct(leaf) for name, leaf in named.items()}

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
    free: Callable[[str], bool] = lambda name: False,
  ) -> dict[str, Array]:
    """Reads the named leaves of one checkpoint, each with its digest checked.

    Args:
      step: the checkpoint's number.
      like: a tree of the arrays that are expected, or of their shapes and types.
      parts: prefixes of the names that are compared with `like`.
      free: (name) -> whether the leaf is not compared, although its prefix is.

    Raises:
      Damaged: the checkpoint is not what was saved.
      UserError: it is whole, but `like` is another model.
    """
    args = self._ocp.args
    contents = self._table(step)
    like = trees.flatten(like)
    different = table.differences(contents.shapes, table.shapes(like), parts, free)
    if different:
      raise UserError(
        f'{self._folder / str(step)} is a checkpoint of another model: '
        f'{"; ".join(different[:5])}'
        f'{f" and {len(different) - 5} more" if len(different) > 5 else ""}; '
        'use the settings it was trained with, or another workdir'
      )
    try:
      wanted = table.structs(contents, like)
      restored = self._manager.restore(
        step, args=args.Composite(leaves=args.StandardRestore(wanted))
      )
      named = restored['leaves']
      failed = table.wrong(contents, named)
    except Exception as error:
      if lack := _lack_of_memory(error):
        raise MemoryError(lack) from error
      raise Damaged(_first_line(error)) from error
    if failed:
      raise Damaged(f'{failed} fails its digest')
    return named

  def _table(self, step: int) -> table.Table:
    """Reads the table of contents of a checkpoint. Raises Damaged."""
    args = self._ocp.args
    try:
      item = self._manager.restore(step, args=args.Composite(table=args.JsonRestore()))
      return table.unpacked(item['table'])
    except ValueError as error:
      raise Damaged(str(error)) from error
    except Exception as error:  # orbax raises many types for many damages
      raise Damaged(_first_line(error)) from error

  def read_best(
    self,
    step: int,
    like: Any,
    parts: tuple[str, ...] = ('',),
    free: Callable[[str], bool] = lambda name: False,
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
    free: Callable[[str], bool] = lambda name: False,
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


@contextlib.contextmanager
def _plain(folder: Path) -> Iterator[Path]:
  """Yields a path to the folder that orbax reads as it is: in UTF-8, no pattern."""
  name = os.fsencode(folder)
  if not re.search(rb'[][*?\\]', name) and name.decode(errors='ignore') == str(folder):
    yield folder
    return
  with tempfile.TemporaryDirectory(prefix='dl_core-', dir='/tmp') as place:
    link = Path(place) / 'checkpoints'
    os.symlink(folder, link)
    yield link


def _struct(leaf: Any) -> jax.ShapeDtypeStruct:
  sharding = getattr(leaf, 'sharding', None)
  return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)


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


def _remedy(error: Exception) -> str:
  """Returns what the user can do about an error of writing, by its errno."""
  found = re.search(r"os_error_code='(\d+)'", str(error))  # of TensorStore
  number = int(found[1]) if found else getattr(error, 'errno', None)
  full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
  return 'make room' if number in full else 'see to the disk and its permissions'


def _first_line(error: Exception) -> str:
  line = str(error).strip().splitlines()[0]
  if len(line) > 160:
    line = f'{line[:100]} ... {line[-60:]}'
  return f'{type(error).__name__}: {line}'
