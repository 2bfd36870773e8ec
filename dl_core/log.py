"""What a run says: metrics.jsonl, TensorBoard, observed arrays, the progress line."""

import contextlib
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import jax
import numpy as np

from dl_core import metrics
from dl_core.types import Metrics

Line = dict[str, Any]  # {'step': int, 'split': str, figure: value, ...}


class Log:
  """The history of one run, in memory and (with a workdir) on disk.

  Attributes:
    lines: every line written, oldest first; what is decided during a run (early
      stopping, the best checkpoint) is decided from them alone.
    observed: {step: arrays worth seeing over time}.
  """

  def __init__(self, workdir: Path | None):
    self.lines: list[Line] = []
    self.observed: dict[int, Mapping[str, np.ndarray]] = {}
    self._workdir, self._file, self._board = workdir, cast(Any, None), cast(Any, None)

  def __enter__(self) -> 'Log':
    return self

  def __exit__(self, *_) -> None:
    if self._file:
      self._file.close()
    if self._board:
      self._board.close()

  def resume(self, step: int | None) -> None:
    """Takes up the history on disk up to `step`, dropping what came after it.

    None drops all of it.
    """
    if self._workdir is None:
      return
    last = -1 if step is None else step
    path = self._workdir / 'metrics.jsonl'
    self.lines = [line for line in read(path) if line['step'] <= last]
    temporary = path.with_suffix('.tmp')
    temporary.write_text(''.join(map(_text, self.lines)))
    os.replace(temporary, path)
    self._file = path.open('a')
    files = (self._workdir / 'observed').glob('*.npz')
    for found in sorted(files, key=lambda file: int(file.stem)):
      if int(found.stem) > last:
        found.unlink()
      else:
        with np.load(found) as arrays:
          self.observed[int(found.stem)] = dict(arrays)
    if step is None:
      shutil.rmtree(self._workdir / 'tensorboard', ignore_errors=True)
    with _hidden('torch'):  # where PyTorch is installed, it would be imported too
      import tensorboardX  # here, because its import takes half a second

    self._board = tensorboardX.SummaryWriter(
      str(self._workdir / 'tensorboard'), purge_step=last + 1
    )

  def write(self, step: int, split: str, figures: Mapping[str, Any]) -> Line:
    """Adds one line, here and on disk."""
    line = {'step': step, 'split': split, **jax.tree.map(_rounded, dict(figures))}
    self.lines.append(line)
    if self._file:
      self._file.write(_text(line))
      self._file.flush()
      for name, value in line.items():
        if isinstance(value, float):
          self._board.add_scalar(f'{split}/{name}', value, step)
    return line

  def observe(self, step: int, arrays: Mapping[str, Any]) -> None:
    """Keeps arrays of one moment, here and on disk."""
    self.observed[step] = jax.tree.map(np.asarray, dict(arrays))
    if self._workdir:
      folder = self._workdir / 'observed'
      folder.mkdir(exist_ok=True)
      temporary = folder / f'{step}.tmp'
      with temporary.open('wb') as file:
        np.savez(file, **cast(Any, self.observed[step]))
      os.replace(temporary, folder / f'{step}.npz')

  def of(self, split: str) -> list[Line]:
    return [line for line in self.lines if line['split'] == split]

  def at(self, step: int) -> list[Line]:
    return [line for line in self.lines if line['step'] == step]

  def has(self, split: str, step: int) -> bool:
    return any(line['step'] == step for line in self.of(split))

  def seconds(self) -> float:
    """Returns the seconds that the run had taken when it last wrote a train line."""
    return max((line.get('seconds', 0.0) for line in self.lines), default=0.0)

  def sync(self) -> None:
    """Returns when all lines are on the disk, for a checkpoint that counts on them."""
    if self._file:
      os.fsync(self._file.fileno())


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
  if not isinstance(value, float):
    return value
  return float(f'{value:.8g}') if math.isfinite(value) else None


def _text(line: Line) -> str:
  return json.dumps(line) + '\n'


def read(path: Path) -> list[Line]:
  """Reads metrics.jsonl up to the first line that a crash has torn."""
  lines = []
  if path.exists():
    for text in path.read_text(errors='replace').splitlines():
      try:
        lines.append(json.loads(text))
      except ValueError:
        break
  return lines


def figures(line: Line) -> str:
  """Writes the figures of one line for a person."""
  skipped = ('step', 'split', 'seconds', 'baseline', 'stopped')
  parts = (
    f'{name.replace("_", " ")} {value:.4g}' if isinstance(value, float) else ''
    for name, value in line.items()
    if name not in skipped
  )
  return '  '.join(filter(None, parts))


class Clock:
  """The time a run takes: in all, resumed parts included, and per example."""

  def __init__(self, batch_size: int):
    self._began, self._before, self._batch_size = time.monotonic(), 0.0, batch_size
    self._running: tuple[float, int] | None = None  # when and at which step it began
    self._first = True

  def start(self, before: float) -> None:
    """Says how many seconds the run had taken when it was interrupted."""
    self._before = before

  def run(self, step: int, sums: Any, say: Callable[[str], None]) -> None:
    """Begins to count with the first step after a pause, which may have compiled."""
    if self._running is None:
      jax.block_until_ready(sums)
      self._running = (time.monotonic(), step)
      if self._first:
        say(f'first step after {time.monotonic() - self._began:.1f} s, with compiling')
      self._first = False

  def pause(self) -> None:
    """Stops counting, for an evaluation or a checkpoint."""
    self._running = None

  def rate(self, step: int) -> dict[str, float]:
    """Returns the examples a second since the last pause."""
    if self._running is None or step <= self._running[1]:
      return {}
    examples = (step - self._running[1]) * self._batch_size
    rate = examples / (time.monotonic() - self._running[0])
    return {'examples_per_second': round(rate, 1)}

  def seconds(self) -> dict[str, float]:
    return {'seconds': round(self._before + time.monotonic() - self._began, 3)}

  def late(self, most: float) -> bool:
    return 0 < most < time.monotonic() - self._began


class Progress:
  """One live line on a terminal; in a pipe one plain line per report."""

  def __init__(self, steps: int, quiet: bool = False):
    self._out = sys.stdout
    self._quiet, self._live = quiet, self._out.isatty() and not quiet
    self._steps, self._next, self._width = steps, 0.0, 0
    self._rate: tuple[float, int] | None = None  # time and step of the first tick

  def say(self, text: str) -> None:
    """Prints a line that stays."""
    if not self._quiet:
      self._clear()
      print(text, file=self._out, flush=True)

  def report(self, lines: Sequence[Line]) -> None:
    """Prints the lines of one moment side by side."""
    text = ' | '.join(f'{line["split"]}: {figures(line)}' for line in lines)
    self.say(f'step {lines[0]["step"]:>{len(str(self._steps))}}/{self._steps}  {text}')

  def tick(self, step: int, sums: Metrics) -> None:
    """Renews the live line, at most five times a second.

    Args:
      step: updates dispatched.
      sums: metrics since the last report, of the call before: reading them does not
        keep the device waiting.
    """
    now = time.monotonic()
    if not self._live or now < self._next:
      return
    self._next = now + 0.2
    self._rate = self._rate or (now, step)
    began, first = self._rate
    rate = (step - first) / (now - began) if now > began else 0.0
    left = f'{(self._steps - step) / rate:.0f} s left' if rate else ''
    loss = metrics.mean(sums).get('loss', math.nan)  # nan just after a report
    shown = f'  loss {loss:.4f}' if math.isfinite(loss) else ''
    columns = shutil.get_terminal_size().columns
    bar = '█' * (20 * step // max(1, self._steps))
    text = f'{bar:░<20} {step}/{self._steps}{shown}  {rate:.0f} steps/s  {left}'
    self._clear()
    text = text[: columns - 1]
    self._out.write(text)
    self._out.flush()
    self._width = len(text)

  def _clear(self) -> None:
    if self._width:
      self._out.write('\r' + ' ' * self._width + '\r')
      self._width = 0
