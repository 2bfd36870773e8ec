"""A trained model that a study judges without a run of its own: `--init_from`."""

import dataclasses
import functools
from pathlib import Path
from types import ModuleType
from typing import Any

import jax

from dl_core.launch import predict
from dl_core.launch.studies import Finished
from dl_core.models.weights import files
from dl_core.runtime import compilation
from dl_core.train import initial, update
from dl_core.types import Experiment, UserError, Variables


def model(module: ModuleType, c: Any) -> Finished:
  """Returns the model that `--init_from` names, as if it were a finished run.

  Its variables are read when they are asked for, once. A workdir brings the settings,
  the data and the vocabulary of its run; a file of weights has those of `c`.

  Args:
    module: of the experiment that trains such models.
    c: settings of that experiment.

  Raises:
    UserError: there is no such model, or it has other settings than `c`.
  """
  if files.sibling(c.init_from):
    raise UserError(
      f'--init_from={c.init_from} was given, which only a run of a study can start '
      'from; give a workdir or a file of weights'
    )
  if files.named(c.init_from):
    experiment = module.build(c)
    initial.check(experiment, Path())
    read = functools.partial(loaded, experiment)
  else:
    there = {'workdir': c.init_from, 'init_from': '', 'data_dir': ''}
    own = dataclasses.replace(c, dataset=module.Config.dataset, **there)
    trained = predict.trained(module, module.__name__.rpartition('.')[2], own)
    experiment = trained.experiment
    read = functools.partial(trained.variables, lambda text: None)
  return Finished(experiment, [], {}, functools.cache(read))


def loaded(experiment: Experiment) -> Variables:
  """Reads the variables that the `--init_from` of an experiment names."""
  init = functools.partial(update.init_state, experiment)
  state = jax.jit(init, compiler_options=compilation.ONCE)(jax.random.key(0))
  return initial.begin(experiment, state, lambda text: None).variables
