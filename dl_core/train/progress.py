"""The progress of a run on the terminal: its clock, its lines, its live line."""

import math
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax

from dl_core import metrics
from dl_core.runtime import streams
from dl_core.train import history
from dl_core.train.log import Line
from dl_core.types import Metrics


class Clock:
  """The time a run takes: in all, resumed parts included, and per example."""

  def __init__(self, batch_size: int, tokens: int = 0, busy: float = 0.0):
    """Counts steps.

    Args:
      batch_size: examples of a step.
      tokens: tokens of an example, if it is text.
      busy: seconds that a step takes of devices at their peak, if that is known: the
        share of time that they would have been busy is `mfu`.
    """
    self._began, self._before = time.monotonic(), 0.0
    self._counted: dict[str, float] = {'examples_per_second': batch_size}
    if tokens:
      self._counted['tokens_per_second'] = batch_size * tokens
    if busy:
      self._counted['mfu'] = busy
    self._running: tuple[float, int] | None = None  # when and at which step it began
    self._first = True

  def start(self, before: float) -> None:
    """Sets the seconds that the run had taken before it was interrupted."""
    self._before = before

  def run(self, step: int, sums: Any, say: Callable[[str], None]) -> None:
    """Starts counting after the first step that follows a pause, which may compile."""
    if self._running is None:
      jax.block_until_ready(sums)
      self._running = (time.monotonic(), step)
      if self._first:
        say(f'first step after {time.monotonic() - self._began:.1f} s, with compiling')
      self._first = False

  def pause(self) -> None:
    """Stops counting, for an evaluation or a checkpoint."""
    self._running = None

  def rate(self, step: int, labelled: float = 1.0) -> dict[str, float]:
    """Returns the examples, and the tokens of text, a second since the last pause.

    Args:
      step: the present one.
      labelled: share of the tokens that are counted; the others are padding.
    """
    if self._running is None or step <= self._running[1]:
      return {}
    rate = (step - self._running[1]) / (time.monotonic() - self._running[0])
    share = {'tokens_per_second': labelled}
    return {
      name: round(count * rate * share.get(name, 1.0), 4 if name == 'mfu' else 1)
      for name, count in self._counted.items()
    }

  def seconds(self) -> dict[str, float]:
    return {'seconds': round(self._before + time.monotonic() - self._began, 3)}

  def late(self, most: float) -> bool:
    """Returns whether the time limit is over; at least one step is made."""
    return not self._first and 0 < most < time.monotonic() - self._began


class Progress:
  """One live line on a terminal; in a pipe one plain line per report."""

  def __init__(self, quiet: bool = False):
    self._out = sys.stdout  # None where it was closed before the start
    self._quiet = quiet or self._out is None
    self._live = not self._quiet and self._out.isatty()
    self._steps, self._next, self._width = 0, 0.0, 0
    self._rate: tuple[float, int] | None = None  # time and step of the first tick

  def begin(self, steps: int) -> None:
    """Begins a run of so many steps: the runs of a study may differ in them."""
    self._steps, self._rate = steps, None

  def say(self, text: str) -> None:
    """Prints a line that stays."""
    self._clear()
    self._write(text + '\n')

  def report(self, lines: Sequence[Line]) -> None:
    """Prints the lines of one moment, if there are any, side by side."""
    if not lines:
      return
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
    self._write(text)
    self._width = len(text)

  def _clear(self) -> None:
    if self._width:
      self._write('\r' + ' ' * self._width + '\r')
      self._width = 0

  def _write(self, text: str) -> None:
    """Writes; once nobody can read it any more, the run goes on silently."""
    if not self._quiet and not streams.write(self._out, text):
      self._quiet, self._live = True, False


def figures(line: Line) -> str:
  """Writes the figures of one line for a person; the rate comes last."""
  parts = [
    f'{name.replace("_", " ")} {value:.4g}'
    for name, value in line.items()
    if isinstance(value, float) and name != 'seconds' and name not in history.RATES
  ]
  speed = history.rate([line])
  return '  '.join([*parts, speed] if speed else parts)
