"""Transfer learning: trains a head on a frozen, pretrained backbone.

Donahue et al., "DeCAF: A deep convolutional activation feature for generic visual
recognition", 2014, https://arxiv.org/abs/1310.1531. What is frozen computes in training
what it does in evaluation: its statistics stay too, and nothing of it is dropped out.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from dl_core import trees
from dl_core.models.weights import parts
from dl_core.types import Experiment, Params, Task, UserError


def frozen(experiment: Experiment) -> Experiment:
  """Returns the experiment that `--freeze` of its config asks for.

  Its `taken` says which parts are frozen, or else its `names` which layers are heads
  and are not.

  Raises:
    UserError: it has neither, or nothing to begin from.
  """
  if experiment.config.freeze == 'nothing':
    return experiment
  if not experiment.config.init_from:
    raise UserError(
      f'--freeze={experiment.config.freeze} was given without --init_from, so the '
      'frozen layers would stay random; add --init_from, or leave --freeze out'
    )
  if experiment.taken:
    moves = lambda path: not parts.inside(path, experiment.taken)
  elif experiment.names is not None:
    heads = experiment.names.heads
    moves = lambda path: parts.inside(path, heads)
  else:
    raise UserError(
      f'--freeze={experiment.config.freeze} was given, but no table says which layers '
      'of this model are its head; leave it out, or the flag that changes the model'
    )
  return experiment._replace(
    task=evaluated(experiment.task),
    optimizers=tuple(only(moves, one) for one in experiment.optimizers),
    averaged=experiment.averaged and filled(experiment.averaged),
  )


def evaluated(task: Task) -> Task:
  """Makes the task with one loss, that of evaluation: no statistics move."""

  def loss(params, extra, batch, key):
    sums = task.metrics({'params': params, **extra}, batch, key)
    total, weight = sums['loss']
    return total / jnp.where(weight > 0, weight, 1), (extra, sums)

  return task._replace(losses=(loss,))


def filled(averaged: Callable[[Any], Params]) -> Callable[[Any], Params]:
  """Takes the parameters themselves where an optimizer of `only` has no average."""

  def whole(state):
    masked = lambda leaf: isinstance(leaf, optax.MaskedNode)
    pick = lambda mean, own: own if masked(mean) else mean
    return jax.tree.map(pick, averaged(state), state.params, is_leaf=masked)

  return whole


def only(
  moves: Callable[[str], bool], optimizer: optax.GradientTransformation
) -> optax.GradientTransformation:
  """Restricts an optimizer to some parameters.

  Nothing reads the gradients of the others, so that XLA never computes them, and no
  decay reaches them.

  Args:
    moves: (path of a parameter, such as 'stage_1.output.bias') -> whether it is
      trained.
    optimizer: of these parameters.
  """

  label = lambda move: 'moves' if move else 'stays'
  return optax.partition(
    {'moves': optimizer, 'stays': optax.set_to_zero()},
    lambda params: jax.tree.map(label, trees.marked(params, moves)),
  )
