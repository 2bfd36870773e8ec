"""From a command line to an exit code: flags, device, workdir, fit, report.

Exit codes: 0 done or out of time (saved) · 2 the user can mend it, one sentence says
how · 129, 130, 143 interrupted by SIGHUP, SIGINT, SIGTERM (saved) · 1 saved, tested and
reported, but a picture of the report could not be drawn · anything else is our bug.
"""

import functools
import io
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import jax

from dl_core import config
from dl_core.data import sources
from dl_core.launch import (
  errors,
  explain,
  export,
  flags,
  jobs,
  predict,
  prompt,
  sample,
  studies,
  translate,
)
from dl_core.report import page
from dl_core.runtime import compilation, devices, multihost, sharding, streams
from dl_core.runtime.signals import Interrupted, Signals, at_once
from dl_core.train import manifest, stopping
from dl_core.train.progress import Progress
from dl_core.types import UserError

HELP = {'-h', '-help', '--help', '--helpfull'}


def main(name: str) -> None:
  """Runs the experiment of the module `name` and exits the process."""
  streams.open_closed()
  for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
      stream.reconfigure(errors='replace')  # not every terminal has η or █
  module = sys.modules[name]
  assert module.__spec__ is not None, 'run it as python -m experiments.NAME'
  code = run(module, module.__spec__.name.rpartition('.')[2], sys.argv)
  if code == 2 and jax.distributed.is_initialized():
    multihost.leave(code)
  streams.settle()
  sys.exit(code)


def run(module: ModuleType, name: str, argv: Sequence[str]) -> int:
  """Runs one experiment with the flags of a command line.

  Args:
    module: has a docstring, `Config`, `build`, `study` or `draw`, and perhaps
      `RECIPES`.
    name: name of the experiment.
    argv: the command line, the program's name first.

  Returns:
    The exit code.
  """
  recipes = getattr(module, 'RECIPES', {})
  if HELP & set(argv[1:]):
    return shown(flags.help_text(module.__doc__ or name, module.Config, recipes))

  def work():
    with Signals() as signals:
      c, rest = flags.parse(module.Config, recipes, argv)
      return _run(module, name, c, rest, signals)

  return guarded(work)


def command(
  cls: type[flags.S], doc: str, argv: Sequence[str], work: Callable[[flags.S], int]
) -> int:
  """Runs a command that is no experiment; returns the exit code.

  Args:
    cls: class of its settings.
    doc: docstring of its module, for --help.
    argv: the command line, the program's name first.
    work: (settings) -> exit code; a signal ends it at once.
  """
  if HELP & set(argv[1:]):
    return shown(flags.help_text(doc, cls, {}))

  def parsed():
    settings, rest = flags.parse(cls, {}, argv)
    refuse_rest(rest)
    with at_once():
      return work(settings)

  return guarded(parsed)


def shown(text: str) -> int:
  """Prints a text to a reader who may stop reading, as `head` does; returns 0."""
  streams.write(sys.stdout, f'{text}\n')
  return 0


def guarded(work: Callable[[], int]) -> int:
  """Does some work; returns its exit code, or the one of what ended it early."""
  try:
    return work()
  except Interrupted as signal:
    streams.write(sys.stderr, f'stopped by {signal.name}\n')
    return signal.code
  except Exception as error:
    sentence = errors.mendable(error)
    if not sentence:
      raise
    streams.write(sys.stderr, f'error: {sentence}\n')
    return 2


def _run(
  module: ModuleType, name: str, c: config.Drawing, rest: list[str], signals: Signals
) -> int:
  if not config.trains(c):
    refuse_rest(rest)
    use(c.platform)
    return _made(module, name, c, Progress(), signals)
  if not (c.predict or c.explain or c.translate):
    refuse_rest(rest)
  if c.until:
    stopping.target(c.until)
  if c.plan:
    from dl_core.launch import plan

    return plan.main(module, name, c)
  use(c.platform, c.distributed)
  sharding.check(c.mesh, c.batch_size)
  if asked := config.asked(c):
    with at_once():
      return _answered(asked, module, name, c, rest)
  return _made(module, name, c, Progress(quiet=not multihost.first()), signals)


def _answered(
  asked: str, module: ModuleType, name: str, c: Any, rest: list[str]
) -> int:
  """Does what the flag `asked` wants of a trained model; returns the exit code."""
  if asked == 'predict':
    return predict.main(module, name, c, [c.predict, *rest])
  if asked == 'explain':
    return explain.main(module, name, c, [c.explain, *rest])
  if asked == 'translate':
    return translate.main(module, name, c, [c.translate, *rest])
  ways = {'export': export.main, 'prompt': prompt.main, 'sample': sample.main}
  return ways[asked](module, name, c)


def _made(
  module: ModuleType, name: str, c: Any, progress: Progress, signals: Signals
) -> int:
  """Makes the requested run or study, unless it is finished already."""
  study = studies.of(module, c)
  if study is not None:
    planned = studies.plan(module, name, c, study)
    owner, folder, finished = planned.owner, planned.folder, planned.finished
    built = [each.experiment for each in planned.jobs.values()]
    work = functools.partial(studies.perform, planned, study)
    summary = functools.partial(studies.summary, planned)
  else:
    job = jobs.plan(module, name, c)
    owner, folder, finished = job.owner, job.folder, job.finished
    built = [job.experiment]
    work = functools.partial(jobs.perform, [job])
    summary = functools.partial(page.summary, folder, job.experiment.published)
  if finished:
    progress.say(f'{folder} is finished already; --fresh starts over')
  else:
    on = f' on {owner.source}' if owner.source else ''
    progress.say(f'{name}{on}, {device()}, in {folder}')
    own = [each.data.notes for each in built if each.config.dataset in sources.USERS]
    for note in dict.fromkeys(note for notes in own for note in notes):
      progress.say(note)  # a user's own data may be read otherwise than intended
    if not work(signals.pending, progress):
      progress.say(f'saved; to go on: {manifest.resume_command()}')
      return signals.code()
  if multihost.first():
    progress.say(summary())
  progress.say(f'report: {folder / "report" / "index.html"}')
  folders = [folder, *(planned.folders.values() if study else ())]
  missing = [s for f in folders for s in page.undrawn(f)] if multihost.first() else []
  for sentence in missing:
    streams.write(sys.stderr, f'error: {sentence}\n')
  return 1 if missing else 0


def refuse_rest(words: Sequence[str]) -> None:
  if words:
    raise UserError(f'{words[0]} was given, but every flag begins with -- ; see --help')


def use(platform: str, distributed: str = '') -> None:
  """Joins the other processes of the run and selects the requested platform.

  Raises:
    UserError: JAX does not find the platform.
  """
  compilation.keep()
  if platform == 'cpu':
    jax.config.update('jax_platforms', 'cpu')
  multihost.join(distributed)
  devices.check()
  if platform in ('auto', 'cpu'):
    return
  try:
    jax.config.update('jax_default_device', jax.devices(platform)[0])
  except RuntimeError:
    extra = {'gpu': 'cuda', 'tpu': 'tpu'}[platform]
    raise UserError(
      f'--platform={platform} was given, but JAX finds only {device()}; install the '
      f"driver and the extra (pip install -e '.[{extra}]'), or take --platform=cpu"
    ) from None


def device() -> str:
  """Returns the name of the device that JAX computes on."""
  first = jax.devices()[0]
  return first.platform if first.platform == 'cpu' else first.device_kind
