"""Parameters that another run ended with, for `--init_from` and `--predict`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dl_core import checkpoint, leaves, log, stopping, workdir
from dl_core.types import UserError


def check(folder: Path, target: Path) -> None:
  """Raises UserError where `--init_from=folder` cannot serve a run in `target`."""
  workdir.read_config(folder)
  if folder.resolve() == target.resolve():
    raise UserError(
      f'--init_from={folder} was given, which is the workdir of this run itself; name '
      'another --workdir'
    )


MODEL = ('state.params', 'state.extra')


def read(
  folder: Path,
  state: Any,
  say: Callable[[str], None],
  parts: tuple[str, ...] = MODEL,
) -> Any:
  """Returns a `TrainState` with the parameters and statistics of another workdir.

  They are those of its best step if it ran with --keep_best, else of its newest good
  checkpoint. Everything else stays as it is in `state`. `parts` says how the names of
  the leaves begin that are read.

  Raises:
    UserError: there is no checkpoint, none is whole, or they are of another model.
  """
  like = {'state': state}
  settings = workdir.read_config(folder)['settings']
  lines = log.read(folder / 'metrics.jsonl')
  best = stopping.best_step([line for line in lines if line['split'] == 'validation'])
  try:
    store = checkpoint.Checkpoints(folder / 'checkpoints', say, read_only=True)
  except (OSError, ValueError):
    raise UserError(f'{folder} holds no checkpoints; let its run save one') from None
  with store:
    if settings['keep_best'] and best in store.steps():
      step, named = best, store.read_best(best, like, parts)
    else:
      found = store.newest(like, parts)
      if found is None:
        raise UserError(f'{folder} holds no checkpoint yet; let its run save one')
      step, named = found
  say(f'parameters of {folder}, step {step}')
  chosen = {name: leaf for name, leaf in named.items() if name.startswith(parts)}
  return leaves.unflatten(like, leaves.flatten(like) | chosen)['state']
