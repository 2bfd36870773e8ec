"""`--predict=FILE...`: what a trained model says of one's own files."""

import dataclasses
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import pretrained, train, workdir
from dl_core.config import Config
from dl_core.types import UserError

SHOWN = 3  # classes shown for each file


def main(module: ModuleType, name: str, c: Config, files: list[str]) -> int:
  """Prints the likeliest classes of each file, with probabilities; returns 0.

  The model is the one of the workdir: given, its own settings are read from it.

  Raises:
    UserError: there is no trained model, or a file cannot be read.
  """
  if c.workdir:
    stored = workdir.read_config(Path(c.workdir).expanduser())
    if stored['experiment'] != name:
      raise UserError(
        f'{c.workdir} is a run of {stored["experiment"]}, not of {name}; use '
        f'python -m experiments.{stored["experiment"]}'
      )
    known = {entry.name for entry in dataclasses.fields(c)}
    settings = {k: v for k, v in stored['settings'].items() if k in known}
    own = {'workdir': c.workdir, 'data_dir': c.data_dir or settings['data_dir']}
    c = module.Config(**settings | own)
  experiment = module.build(c)
  data, spec = experiment.data, experiment.data.spec
  if data.read is None or experiment.task.outputs is None or not spec.classes:
    raise UserError(f'{name} on {c.dataset} does not classify files; drop --predict')
  x = np.stack([data.read(file) for file in files])
  folder = workdir.find(c, name, spec.source)
  classes = workdir.read_config(folder)['classes']  # those it was trained on
  state = jax.jit(lambda key: train.init_state(experiment, key))(jax.random.key(0))
  variables = pretrained.read(folder, state, print).variables
  chances = jax.nn.softmax(experiment.task.outputs(variables, jnp.asarray(x)))
  for file, row in zip(files, np.asarray(chances), strict=True):
    best = np.argsort(-row)[:SHOWN]
    words = (f'{classes[k]} {row[k]:.1%}' for k in best)
    print(f'{file}: {", ".join(words)}')
  return 0
