"""Optimizers by name, and optax transformations that optax itself lacks.

The lectures file momentum and its kin under regularisation; they are optimizers.
"""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from dl_core import trees
from dl_core.models.weights import parts
from dl_core.types import Array, Params, UserError

# Directions of descent; a step is the learning rate times the direction. Textbook forms
# of a gradient g, all element by element:
DIRECTIONS: dict[str, Callable[[], optax.GradientTransformation]] = {
  'sgd': optax.identity,  # g
  # v ← 0.9 v + g (Polyak 1964)
  'momentum': lambda: optax.trace(0.9),
  # g + 0.9 v, looking ahead (Nesterov 1983, rewritten in what it looks ahead to, as
  # by Bengio et al. 2013, https://arxiv.org/abs/1212.0901)
  'nesterov': lambda: optax.trace(0.9, nesterov=True),
  # s ← s + g²; g / √(s + ε) (Duchi et al. 2011)
  'adagrad': lambda: optax.scale_by_rss(0.0, 1e-7),
  # s ← 0.9 s + 0.1 g²; g / √(s + ε) (Tieleman & Hinton 2012)
  'rmsprop': lambda: optax.scale_by_rms(0.9, 1e-8),
  # s ← 0.9 s + 0.1 g²; d = g √(u + ε) / √(s + ε); u ← 0.9 u + 0.1 d² (Zeiler 2012)
  'adadelta': lambda: optax.scale_by_adadelta(0.9, 1e-6),
  # m ← 0.9 m + 0.1 g; s ← 0.999 s + 0.001 g²; m̂ / (√ŝ + ε), where m̂ = m / (1 - 0.9ᵗ)
  # and ŝ = s / (1 - 0.999ᵗ) (Kingma & Ba 2015)
  'adam': optax.scale_by_adam,
}


# How far one gradient moves a parameter in all, in steps of plain descent.
REACH = {'sgd': 1.0, 'momentum': 1 / (1 - 0.9), 'nesterov': 1 / (1 - 0.9)}


def make(
  name: str,
  learning_rate: optax.ScalarOrSchedule,
  *,
  l1: float = 0.0,
  l2: float = 0.0,
  decay: float = 0.0,
  max_norm: float = 0.0,
) -> optax.GradientTransformation:
  """Makes an optimizer with penalties on the weights; biases are left free.

  Args:
    name: of `DIRECTIONS`.
    learning_rate: a number, or a function of the step.
    l1: adds l1 · Σ|w| to what is minimised, by `soft_threshold`; for directions that
      are multiples of gradients, those of `REACH`.
    l2: adds l2/2 · Σw² to it; its gradient, l2 · w, goes the way of the loss's own, so
      an adaptive method rescales it.
    decay: takes this share of the weights, times the rate, beside the step ("decoupled"
      decay, Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101); for 'sgd' the
      same as l2.
    max_norm: the greatest length of a unit's incoming weights; see `limit_norm`.

  Raises:
    UserError: `l1` with another direction.
  """
  if l1 and name not in REACH:
    raise UserError(
      f'--l1={l1} was given with --optimizer={name}, whose steps are no multiples of '
      f'gradients; take one of {", ".join(REACH)}'
    )
  steps = [
    l2 and optax.add_decayed_weights(l2, mask=weights),
    DIRECTIONS[name](),
    decay and optax.add_decayed_weights(decay, mask=weights),
    optax.scale_by_learning_rate(learning_rate),
    l1 and soft_threshold(learning_rate, l1 * REACH[name]),
    max_norm and limit_norm(max_norm),
  ]
  return optax.chain(*filter(None, steps))


def slowed(
  optimizer: optax.GradientTransformation, taken: Collection[str], share: float
) -> optax.GradientTransformation:
  """Multiplies the learning rate of some parts of a model by a factor.

  Args:
    optimizer: its updates are multiples of the learning rate.
    taken: paths of the parts, see `models.weights.parts`.
    share: the factor.
  """
  inside = lambda params: trees.marked(params, lambda path: parts.inside(path, taken))
  return optax.chain(optimizer, optax.masked(optax.scale(share), inside))


def weights(params: Params) -> Any:
  """Marks the leaves of two dimensions or more, which are weights: a tree of bools."""
  return jax.tree.map(lambda leaf: leaf.ndim > 1, params)


def soft_threshold(
  learning_rate: optax.ScalarOrSchedule, strength: float
) -> optax.GradientTransformation:
  """Moves weights towards 0 by the rate times `strength`, and those that reach it to 0.

  The proximal step of strength · Σ|w| (Daubechies et al. 2004,
  https://doi.org/10.1002/cpa.20042): with gradient descent before it, "ISTA". Weights
  become exactly 0 and stay there. Descent along the subgradient ±strength, which the
  lecture writes down, steps over 0 and back for ever.

  It goes after the learning rate.

  Args:
    learning_rate: of the chain that it stands in.
    strength: λ >= 0.
  """

  def init(params):
    del params
    return optax.ScaleByScheduleState(jnp.int32(0))

  def update(updates, state, params=None):
    assert params is not None, 'a threshold of weights needs the weights'
    rate = learning_rate(state.count) if callable(learning_rate) else learning_rate
    shrink = lambda w: jnp.sign(w) * jnp.maximum(jnp.abs(w) - rate * strength, 0)
    updates = _moved(shrink, updates, params)
    return updates, optax.ScaleByScheduleState(optax.safe_increment(state.count))

  return optax.GradientTransformation(init, update)


def limit_norm(limit: float) -> optax.GradientTransformation:
  """Scales the incoming weights of a unit down to length `limit` where they exceed it.

  "Max-norm regularisation" (Srebro & Shraibman 2005; Srivastava et al. 2014, section
  5.1, who limit hidden units; here the last layer's are limited, too). The last axis of
  a kernel is that of the units. It goes last in a chain.
  """

  def shorten(w):
    length = jnp.sqrt(jnp.sum(w**2, axis=range(w.ndim - 1), keepdims=True))
    return w * jnp.minimum(1, limit / jnp.maximum(length, 1e-12))

  def update(updates, params=None):
    assert params is not None, 'a limit of weights needs the weights'
    return _moved(shorten, updates, params)

  return optax.stateless(update)


def _moved(rule: Callable[[Array], Array], updates: Any, params: Params) -> Any:
  """Returns the updates after which `rule` has been applied to the weights."""

  def one(update, w):
    return rule(w + update) - w if w.ndim > 1 else update

  return jax.tree.map(one, updates, params)


class Average(NamedTuple):
  """The state of `average`.

  Attributes:
    updates: how many there were.
    average: of the parameters after each of them.
  """

  updates: Array
  average: Params


def average(decay: float) -> optax.GradientTransformation:
  """Follows the parameters with an exponential moving average; changes no update.

  It goes last in a chain, so that it sees the updates as they are applied. Early on it
  forgets faster, at min(decay, (1 + t) / (10 + t)), so that the untrained parameters
  leave it soon.

  Args:
    decay: in [0, 1): the weight that the average before keeps.
  """

  def init(params):
    return Average(jnp.int32(0), jax.tree.map(jnp.array, params))

  def update(updates, state, params=None):
    assert params is not None, 'the average of parameters needs the parameters'
    t = state.updates
    kept = jnp.minimum(decay, (1 + t) / (10 + t))
    moved = optax.apply_updates(params, updates)
    mix = lambda old, new: kept * old + (1 - kept) * new
    return updates, Average(t + 1, jax.tree.map(mix, state.average, moved))

  return optax.GradientTransformation(init, update)


def averaged(state: Any) -> Params:
  """Returns the average that an `average` in the optimizers of a TrainState holds."""
  return optax.tree.get(state.opt_state, 'average')
