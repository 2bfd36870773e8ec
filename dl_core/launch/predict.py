"""`--predict=FILE...`: a trained model classifies one's own files."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import config, train
from dl_core.config import Config
from dl_core.data import stored as declared
from dl_core.runtime import compilation, multihost
from dl_core.train import compiled, evaluate, initial, workdir
from dl_core.types import Experiment, UserError, Variables

SHOWN = 3  # classes shown for each file
STATE = ('state',)  # prefix of the names of the arrays that are read


class Trained(NamedTuple):
  """A trained model: the experiment it was built from, and its workdir."""

  experiment: Experiment
  folder: Path

  def variables(self, say: Callable[[str], None] = print) -> Variables:
    """Reads its variables. Raises UserError where there is no good checkpoint."""
    init, key = functools.partial(train.init_state, self.experiment), jax.random.key(0)
    # A checkpoint that several processes saved is read by all of them together.
    shardings = compiled.layout_of(self.experiment)(jax.eval_shape(init, key))
    make = jax.jit(init, out_shardings=shardings, compiler_options=compilation.ONCE)
    state = make(key)
    state = initial.read(self.folder, state, say, STATE)
    return multihost.local(evaluate.variables(self.experiment, state))


def trained(module: ModuleType, name: str, c: Config) -> Trained:
  """Returns the model of --workdir, with the settings stored there, or of the settings.

  Raises:
    UserError: there is no run of this experiment, or it has other settings than given.
  """
  if not hasattr(module, 'build'):
    raise UserError(
      f'{name} is a study and has no model of its own; use the experiment and the '
      'workdir of one of its runs'
    )
  if c.workdir:
    stored = workdir.read_config(Path(c.workdir).expanduser())
    if stored['experiment'] != name:
      raise UserError(
        f'{c.workdir} is a run of {stored["experiment"]}, not of {name}; use '
        f'python -m experiments.{stored["experiment"]}'
      )
    settings, identity = stored['settings'], stored['identity']
    if identity.get('runs'):
      raise initial.without(Path(c.workdir).expanduser())
    kept = declared.declaration(settings['dataset'], c.workdir)
    place = c.workdir if kept else settings['data_dir']
    own = {'workdir': c.workdir, 'data_dir': c.data_dir or place}
    before = config.restored(module.Config, settings | own)
    for entry in dataclasses.fields(c):
      given, there = getattr(c, entry.name), getattr(before, entry.name)
      matters = entry.name in identity and entry.name != 'seed'
      if matters and given not in (there, entry.default):
        raise UserError(
          f'--{entry.name}={config.stored(given)} was given, but {c.workdir} was '
          f'trained with --{entry.name}={config.stored(there)}; drop it'
        )
    c = before
  experiment = module.build(c)
  spec = experiment.data.spec
  return Trained(experiment, workdir.find(workdir.Owner(name, name, c, spec.source)))


def main(module: ModuleType, name: str, c: Config, files: list[str]) -> int:
  """Prints the likeliest classes of each file, with probabilities; returns 0.

  Raises:
    UserError: there is no trained model, or a file cannot be read.
  """
  model = trained(module, name, c)
  data, task = model.experiment.data, model.experiment.task
  spec = data.spec
  if data.read is None or task.outputs is None or not spec.classes or spec.tokens:
    raise UserError(f'{name} on {spec.source} does not classify files; drop --predict')
  x = np.stack([data.read(file) for file in files])
  classes = workdir.read_config(model.folder)['classes']  # those it was trained on
  chances = jax.nn.softmax(task.outputs(model.variables(), jnp.asarray(x)))
  for file, row in zip(files, np.asarray(chances), strict=True):
    best = np.argsort(-row)[:SHOWN]
    words = (f'{classes[k]} {row[k]:.1%}' for k in best)
    print(f'{file}: {", ".join(words)}')
  return 0
