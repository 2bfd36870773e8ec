"""The history of a run: metrics.jsonl, TensorBoard, observed arrays."""

import contextlib
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import jax
import numpy as np

from dl_core.types import UserError

Line = dict[str, Any]  # {'step': int, 'split': str, figure: value, ...}


class Log:
  """The history of one run, in memory and (with a workdir) on disk.

  Args:
    workdir: its folder, if it has one.
    writes: False where another process writes; there the folder is read alone.

  Attributes:
    lines: every line written, oldest first; what is decided during a run (early
      stopping, the best checkpoint) is decided from them alone.
    observed: {step: arrays worth seeing over time}.
  """

  def __init__(self, workdir: Path | None, writes: bool = True):
    self.lines: list[Line] = []
    self.observed: dict[int, dict[str, np.ndarray]] = {}
    self._workdir, self._file, self._board = workdir, cast(Any, None), cast(Any, None)
    self._writes = writes

  def __enter__(self) -> 'Log':
    return self

  def __exit__(self, kind: Any, *_) -> None:
    for each in (self._file, self._board):
      if each:
        # A full disk is told once: closing would tell it again.
        with contextlib.suppress(*(OSError,) if kind else ()):
          each.close()

  def begin(self, most: int) -> None:
    """Starts a history where there is no checkpoint, dropping what is there.

    Args:
      most: lines of this step or later are only written once there are checkpoints.

    Raises:
      UserError: there are such lines, so checkpoints have been lost.
    """
    if self._workdir is None:
      return
    for line in read(self._workdir / 'metrics.jsonl'):
      if line['split'] == 'test' or line['step'] >= most:
        raise UserError(
          f'{self._workdir} has a history of step {line["step"]:,} and no checkpoint; '
          'restore its folder checkpoints, or start over with --fresh'
        )
    if self._writes:
      shutil.rmtree(self._workdir / 'tensorboard', ignore_errors=True)
      self._open(-1)

  def resume(self, step: int, count: int) -> None:
    """Takes up the history on disk up to `step`, dropping what came after it.

    Args:
      step: of the checkpoint that the run goes on from.
      count: how many lines had been written then.

    Raises:
      UserError: lines are missing, so what is decided from them would be another thing.
    """
    if self._workdir is None:
      return
    path = self._workdir / 'metrics.jsonl'
    self.lines = [line for line in read(path) if line['step'] <= step]
    found = sum(line['split'] != 'test' for line in self.lines)
    if found != count:
      raise UserError(
        f'{path} has {found} good lines up to step {step}, where the checkpoint of '
        f'that step counts on {count}; restore the file, or start over with --fresh'
      )
    if self._writes:
      self._open(step)

  def _open(self, step: int) -> None:
    """Cuts everything on disk to `step` and opens it to be written on."""
    path = cast(Path, self._workdir) / 'metrics.jsonl'
    temporary = path.with_suffix('.tmp')
    temporary.write_text(''.join(map(_text, self.lines)), encoding='utf-8')
    os.replace(temporary, path)
    self._file = path.open('a', encoding='utf-8')
    for file in path.parent.glob('observed/*.npz'):
      if int(file.stem) > step:
        file.unlink()
    self.observed = observed(path.parent)
    self._board = Board(path.parent / 'tensorboard', step + 1)

  def write(self, step: int, split: str, figures: Mapping[str, Any]) -> Line:
    """Adds one line, here and on disk."""
    line = {'step': step, 'split': split, **_rounded(dict(figures))}
    self.lines.append(line)
    if self._file:
      self._file.write(_text(line))
      self._file.flush()
      self._board.write(step, split, line)
    return line

  def observe(self, step: int, arrays: Mapping[str, Any]) -> None:
    """Keeps arrays of one moment, here and on disk."""
    self.observed[step] = jax.tree.map(np.asarray, dict(arrays))
    if self._file:
      folder = cast(Path, self._workdir) / 'observed'
      folder.mkdir(exist_ok=True)
      temporary = folder / f'{step}.tmp'
      with temporary.open('wb') as file:
        np.savez(file, **cast(Any, self.observed[step]))
      os.replace(temporary, folder / f'{step}.npz')

  def of(self, split: str) -> list[Line]:
    return [line for line in self.lines if line['split'] == split]

  def at(self, step: int) -> list[Line]:
    return [line for line in self.lines if line['step'] == step]

  def seconds(self) -> float:
    """Returns the seconds that the run had taken when it last wrote a train line."""
    return max((line.get('seconds', 0.0) for line in self.lines), default=0.0)

  def sync(self) -> None:
    """Returns when all lines are on the disk, for a checkpoint that counts on them."""
    if self._file:
      os.fsync(self._file.fileno())
      self._board.flush()


class Board:
  """Events for TensorBoard, written by the thread that has them.

  tensorboardX's own writer leaves that to another thread, and waits for ever where a
  full disk has ended it.
  """

  def __init__(self, folder: Path, step: int):
    """Begins a file of events that replace those of `step` and later."""
    with _hidden('torch'):  # where PyTorch is installed, it would be imported too
      from tensorboardX import event_file_writer, summary  # it takes half a second
      from tensorboardX.proto import event_pb2

    folder.mkdir(exist_ok=True)
    self._scalar, self._event = summary.scalar, event_pb2.Event
    self._writer = event_file_writer.EventsWriter(str(folder / 'events'))
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    self._write(step=step, session_log=start)

  def write(self, step: int, split: str, figures: Mapping[str, Any]) -> None:
    for name, value in figures.items():
      if isinstance(value, float):
        self._write(step=step, summary=self._scalar(f'{split}/{name}', value))

  def _write(self, **content: Any) -> None:
    self._writer.write_event(self._event(wall_time=time.time(), **content))

  def flush(self) -> None:
    self._writer.flush()

  def close(self) -> None:
    self._writer.close()


@contextlib.contextmanager
def _hidden(name: str) -> Iterator[None]:
  """Makes a module seem not to be installed, unless it is imported already."""
  hide = name not in sys.modules
  if hide:
    sys.modules[name] = cast(Any, None)
  try:
    yield
  finally:
    if hide:
      del sys.modules[name]


def _rounded(value: Any) -> Any:
  """Keeps eight digits, here as on disk; what is not finite is None, JSON's null."""
  if isinstance(value, dict):
    return {name: _rounded(one) for name, one in value.items()}
  if not isinstance(value, float):
    return value
  return float(f'{value:.8g}') if math.isfinite(value) else None


def _text(line: Line) -> str:
  return json.dumps(line) + '\n'


def observed(workdir: Path) -> dict[int, dict[str, np.ndarray]]:
  """Reads the observed arrays of a run, {step: arrays}, in order.

  Raises:
    UserError: a file of them is damaged.
  """
  found = {}
  for file in sorted(workdir.glob('observed/*.npz'), key=lambda file: int(file.stem)):
    try:
      with file.open('rb') as content, np.load(content) as arrays:
        found[int(file.stem)] = dict(arrays)
    except Exception as error:  # damaged in one of many ways
      raise UserError(
        f'{file} is damaged ({" ".join(str(error).split())[:100]}); restore a copy of '
        'it, or start over with --fresh'
      ) from error
  return found


def tested(workdir: Path) -> bool:
  """Returns whether a run has its result on the test split."""
  lines = read(workdir / 'metrics.jsonl')
  return bool(lines) and lines[-1]['split'] == 'test'


def read(path: Path) -> list[Line]:
  """Reads metrics.jsonl up to the first line that is torn or none of ours."""
  lines: list[Line] = []
  if path.is_file():
    for text in path.read_text(encoding='utf-8', errors='replace').splitlines():
      try:
        line = json.loads(text)
        assert isinstance(line['step'], int)
        assert isinstance(line['split'], str)
      except (ValueError, TypeError, KeyError, AssertionError):
        break
      lines.append(line)
  return lines
