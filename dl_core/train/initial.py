"""Initial parameters for training or prediction, from another run or from a file.

An experiment takes the whole model except heads of other classes, or only the parts
that its `taken` names. What is not taken keeps its random values.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import jax

from dl_core import config, trees
from dl_core.config import Config
from dl_core.data import vocabularies
from dl_core.models.weights import exchange, files, parts
from dl_core.train import checkpoint, log, siblings, stopping, update, workdir
from dl_core.types import Experiment, UserError

MODEL = ('state.params', 'state.extra')


def check(experiment: Experiment, target: Path, runs: Collection[str] = ()) -> None:
  """Checks that `--init_from` can serve a run, as far as its source exists already.

  Args:
    experiment: what the run trains.
    target: its workdir.
    runs: labels of the study that is being planned and that the run belongs to.

  Raises:
    UserError: the file or the workdir cannot serve, or the study has no such run.
  """
  c = experiment.config
  if files.sibling(c.init_from) and runs:
    siblings.find(target, c, runs)  # that run is made before this one begins
    return
  path = source(c, target)
  if files.named(c.init_from):
    like = trees.flatten(update.shapes(experiment).variables)
    exchange.load(path, experiment.names, like, experiment.taken)
    return
  workdir.read_config(path)
  if path.resolve() == target.resolve():
    raise UserError(
      f'--init_from={path} was given, which is the workdir of this run itself; name '
      'another --workdir'
    )


def source(c: Config, target: Path) -> Path:
  """Returns the path of what `--init_from` names.

  Args:
    c: settings of the run.
    target: its workdir.

  Raises:
    UserError: it names a run of a study that does not exist or is not finished.
  """
  if files.sibling(c.init_from):
    return siblings.finished(target, c)
  return config.path(c.init_from)


def begin(experiment: Experiment, state: Any, say: Callable[[str], None]) -> Any:
  """Returns a `TrainState` with the parameters that `--init_from` names.

  Raises:
    UserError: they cannot be read, or are of another model or another vocabulary.
  """
  c, names, taken = experiment.config, experiment.names, experiment.taken
  path = source(c, config.path(c.workdir))
  if not files.named(c.init_from):
    same_vocabulary(path, experiment.data.files())
    return read(path, state, say, heads=names.heads if names else (), taken=taken)
  own = trees.flatten(state.variables)
  loaded = exchange.load(path, names, own, taken)
  say('; '.join([f'parameters of {path}', *loaded.notes]))
  found = {
    name: jax.device_put(array, own[name].sharding)
    for name, array in loaded.leaves.items()
  }
  variables = trees.unflatten(state.variables, own | found)
  params = variables.pop('params')
  return state.replace(params=params, extra=variables)


def same_vocabulary(folder: Path, own: Mapping[str, str]) -> None:
  """Checks that the tokens of another run on text mean what they mean in this one.

  Args:
    folder: workdir of the other run; one without a vocabulary passes.
    own: of this run, see `Data.files`.

  Raises:
    UserError: a vocabulary differs.
  """
  for name, content in own.items():
    both = workdir.read_json(folder / vocabularies.FILE)
    there = workdir.read_json(folder / name) or both
    digest = json.loads(content)['digest']
    if there and there.get('digest') != digest:
      raise UserError(
        f'--init_from={folder} was given, a run with the vocabulary '
        f'{there.get("digest")}, but the {name} of this run has the digest {digest}; '
        f'give --vocabulary={folder / vocabularies.FILE}, or name a run with the same '
        'vocabulary'
      )


def read(
  folder: Path,
  state: Any,
  say: Callable[[str], None],
  prefixes: tuple[str, ...] = MODEL,
  heads: Collection[str] = (),
  taken: Collection[str] = (),
) -> Any:
  """Returns a `TrainState` with the parameters and statistics of another workdir.

  They are those of its best step if it ran with --keep_best, else of its newest good
  checkpoint. Everything else stays as it is in `state`.

  Args:
    folder: the other workdir.
    state: a `TrainState`.
    say: called with a sentence about what was read.
    prefixes: how the names of the leaves begin that are read.
    heads: layers that stay as in `state` where those there are of other shapes.
    taken: see `Experiment.taken`.

  Raises:
    UserError: there is no checkpoint, none is whole, they are of another model, or it
      is a folder of several runs.
  """
  like = trees.flatten({'state': state})
  head = lambda name: path_of(name).rpartition('.')[0] in heads
  other = lambda name: bool(taken) and not parts.inside(path_of(name), taken)
  free = lambda name: head(name) or other(name)
  settings = workdir.read_config(folder)['settings']
  lines = log.read(folder / 'metrics.jsonl')
  best = stopping.best_step([line for line in lines if line['split'] == 'validation'])
  try:
    store = checkpoint.Checkpoints(folder / 'checkpoints', say, read_only=True)
  except (OSError, ValueError):
    raise without(folder) from None
  with store:
    if settings['keep_best'] and best in store.steps():
      step, named = best, store.read_best(best, like, prefixes, free)
    else:
      found = store.newest(like, prefixes, free)
      if found is None:
        raise without(folder)
      step, named = found
  chosen = {
    name: leaf
    for name, leaf in named.items()
    if name.startswith(prefixes) and not other(name)
  }
  said = [f'parameters of {folder}, step {step}']
  own = [path for name in like if (path := path_of(name))]
  if taken:
    said.append(parts.described(own, taken))
  wanted = [name for name in like if head(name) and not other(name)]
  shapes = {name: leaf.shape for name, leaf in chosen.items()}
  if any(shapes.get(name) != like[name].shape for name in wanted):
    # A head is taken whole or not at all.
    chosen = {name: leaf for name, leaf in chosen.items() if not head(name)}
    there = 'of other classes' if shapes.keys() & set(wanted) else 'absent'
    said.append(f'the head begins anew: it is {there} there')
  more = sorted(path_of(name) for name in named.keys() - like if free(name))
  if more := [path for path in more if path]:
    said.append(parts.left_out(parts.beside(more, own)))
  say('; '.join(said))
  return trees.unflatten({'state': state}, like | chosen)['state']


def path_of(name: str) -> str:
  """Returns the path in a model of a leaf of its state; '' for any other leaf.

  It is 'encoder.norm.mean' for 'state.extra.batch_stats.encoder.norm.mean'.
  """
  match = re.match(r'state\.(?:params|extra\.[^.]+)\.', name)
  return name[match.end() :] if match else ''


def without(folder: Path) -> UserError:
  """Returns the error for a workdir without checkpoints."""
  if inner := workdir.inside(folder):
    return UserError(
      f'{folder} holds {len(inner)} runs and no model of its own; name one of them, as '
      f'{inner[0]}'
    )
  return UserError(f'{folder} holds no checkpoint yet; let its run save one')
