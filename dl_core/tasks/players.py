"""Players of a game: networks whose variables are apart, each moved in its own turns.

The variables of a game are {'params': {player: ...}, 'batch_stats': {player: ...}}. In
a player's turn its optimizer moves its parameters, and whoever plays returns its own
collections moved: running statistics, vectors of spectral norm, averages. A turn keeps
those of its own player alone.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import optax

from dl_core.tasks import optimizers
from dl_core.tasks.apply import apply
from dl_core.types import Extra, Key, Params


def begin(players: Any, key: Key, inputs: Mapping[str, Any]) -> dict[str, Any]:
  """Returns the variables of all players before training.

  Args:
    players: a NamedTuple of modules.
    key: split among the players, in the order of `inputs`.
    inputs: {player: what it reads}.
  """
  variables: dict[str, Any] = {}
  keys = jax.random.split(key, len(inputs))
  for (player, x), own_key in zip(inputs.items(), keys, strict=True):
    own = getattr(players, player).init(own_key, x, train=False)
    for name, tree in own.items():
      variables.setdefault(name, {})[player] = tree
  return variables


def play(
  players: Any,
  player: str,
  params: Params,
  extra: Extra,
  x: Any,
  key: Key | None = None,
) -> tuple[Any, Extra]:
  """Runs a player on x; returns its output and `extra`, the player's own part moved.

  Args:
    players: a NamedTuple of modules.
    player: the field of the one that runs.
    params, extra: variables of all players.
    x: what it reads.
    key: of its random streams in training; None: evaluation mode.
  """
  own = {name: tree[player] for name, tree in extra.items() if player in tree}
  output, moved = apply(getattr(players, player), params[player], own, x, key=key)
  return output, {
    **extra,
    **{name: {**extra[name], player: moved[name]} for name in own},
  }


def turn(
  optimizer: optax.GradientTransformation, *names: str
) -> optax.GradientTransformation:
  """Restricts an optimizer to the parameters of the players of these names."""
  movers = {True: optimizer, False: optax.set_to_zero()}
  return optax.partition(
    movers, lambda params: {name: name in names for name in params}
  )


def averaged(player: str) -> Callable[[Any], Params]:
  """Makes `Experiment.averaged`: the last parameters, but one player's average.

  That player's optimizer needs `optimizers.average` at its end.
  """

  def parameters(state: Any) -> Params:
    return {**state.params, player: optimizers.averaged(state)[player]}

  return parameters


def generator(
  optimizer: optax.GradientTransformation, average: float, critic_steps: int = 1
) -> optax.GradientTransformation:
  """Makes the optimizer of a generator, whose parameters are averaged.

  Args:
    optimizer: its schedule counts the updates of the generator alone.
    average: decay of the moving average.
    critic_steps: updates of the discriminator for each update of the generator.
  """
  moves = turn(optimizer, 'generator')
  if critic_steps > 1:
    last = lambda step: step % critic_steps == critic_steps - 1
    moves = optax.conditionally_mask(moves, last)
  mean = optax.masked(
    optimizers.average(average), {'generator': True, 'discriminator': False}
  )
  return optax.chain(moves, mean)
