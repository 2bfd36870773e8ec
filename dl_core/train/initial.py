"""Initial parameters for training or prediction, from another run or from a file."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import jax

from dl_core import trees
from dl_core.models.weights import exchange, files
from dl_core.train import checkpoint, log, stopping, update, workdir
from dl_core.types import Experiment, UserError

MODEL = ('state.params', 'state.extra')


def check(experiment: Experiment, target: Path) -> None:
  """Raises UserError where `--init_from` cannot serve a run in the folder `target`."""
  given = experiment.config.init_from
  path = Path(given).expanduser()
  if files.named(given):
    like = trees.flatten(update.shapes(experiment).variables)
    exchange.load(path, experiment.names, like)
    return
  workdir.read_config(path)
  if path.resolve() == target.resolve():
    raise UserError(
      f'--init_from={path} was given, which is the workdir of this run itself; name '
      'another --workdir'
    )


def begin(experiment: Experiment, state: Any, say: Callable[[str], None]) -> Any:
  """Returns a `TrainState` with the parameters that `--init_from` names.

  Raises:
    UserError: they cannot be read, or are of another model.
  """
  given = experiment.config.init_from
  path = Path(given).expanduser()
  if not files.named(given):
    names = experiment.names
    return read(path, state, say, heads=names.heads if names else ())
  own = trees.flatten(state.variables)
  taken = exchange.load(path, experiment.names, own)
  say('; '.join([f'parameters of {path}', *taken.notes]))
  found = {
    name: jax.device_put(array, own[name].sharding)
    for name, array in taken.leaves.items()
  }
  variables = trees.unflatten(state.variables, own | found)
  params = variables.pop('params')
  return state.replace(params=params, extra=variables)


def read(
  folder: Path,
  state: Any,
  say: Callable[[str], None],
  parts: tuple[str, ...] = MODEL,
  heads: Collection[str] = (),
) -> Any:
  """Returns a `TrainState` with the parameters and statistics of another workdir.

  They are those of its best step if it ran with --keep_best, else of its newest good
  checkpoint. Everything else stays as it is in `state`.

  Args:
    folder: the other workdir.
    state: a `TrainState`.
    say: told what was read.
    parts: how the names of the leaves begin that are read.
    heads: layers that stay as in `state` where those there are of other shapes.

  Raises:
    UserError: there is no checkpoint, none is whole, they are of another model, or it
      is a folder of several runs.
  """
  like = trees.flatten({'state': state})
  free = [f'state.params.{layer}' for layer in heads]
  settings = workdir.read_config(folder)['settings']
  lines = log.read(folder / 'metrics.jsonl')
  best = stopping.best_step([line for line in lines if line['split'] == 'validation'])
  try:
    store = checkpoint.Checkpoints(folder / 'checkpoints', say, read_only=True)
  except (OSError, ValueError):
    raise without(folder) from None
  with store:
    if settings['keep_best'] and best in store.steps():
      step, named = best, store.read_best(best, like, parts, free)
    else:
      found = store.newest(like, parts, free)
      if found is None:
        raise without(folder)
      step, named = found
  head = lambda name: name.rpartition('.')[0] in free
  chosen = {name: leaf for name, leaf in named.items() if name.startswith(parts)}
  said = f'parameters of {folder}, step {step}'
  shapes = {name: leaf.shape for name, leaf in chosen.items()}
  if any(shapes.get(name) != leaf.shape for name, leaf in like.items() if head(name)):
    # A head is taken whole or not at all.
    chosen = {name: leaf for name, leaf in chosen.items() if not head(name)}
    said += '; the head begins anew: it is of other classes there'
  say(said)
  return trees.unflatten({'state': state}, like | chosen)['state']


def without(folder: Path) -> UserError:
  """Returns the error for a workdir without checkpoints."""
  if inner := workdir.inside(folder):
    return UserError(
      f'{folder} holds {len(inner)} runs and no model of its own; name one of them, as '
      f'{inner[0]}'
    )
  return UserError(f'{folder} holds no checkpoint yet; let its run save one')
