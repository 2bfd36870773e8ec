"""Measures why a generator is not trained with the minimax loss of its game.

Early on the discriminator detects fakes easily. Then log(1 - D(G(z))) is flat, and a
generator that minimises it hardly moves; -log D(G(z)), which has the same fixed point,
is steepest there (Goodfellow et al. 2014, section 3; Arjovsky & Bottou 2017,
https://arxiv.org/abs/1701.04862, figure 2, measure it as it is measured here).

Shapes: T steps.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dl_core import tasks, train
from dl_core.models.gan import GAN
from dl_core.report import draw
from dl_core.types import Batch, Experiment, Key, Picture

REPLAYED = 100  # steps


class Norms(NamedTuple):
  """The generator's gradient under two losses, at the same points.

  Attributes:
    minimax: [T] its norm under E[log(1 - D(G(z)))].
    nonsaturating: [T] its norm under -E[log D(G(z))].
    believed: [T] exp(E[log D(G(z))]), how real a fake looks to the discriminator.
  """

  minimax: Any
  nonsaturating: Any
  believed: Any

  @property
  def ratio(self) -> np.ndarray:
    return self.nonsaturating / np.maximum(np.float64(self.minimax), 1e-30)


def measure(
  model: GAN, params: Any, extra: Any, batch: Batch, key: Key, noise: float = 0.0
) -> Norms:
  """Measures the generator's gradient under both losses at one point: no axis T."""

  def turn(loss):
    play = tasks.gan(model, loss, noise).losses[1]
    return jax.value_and_grad(
      lambda own: play(params | {'generator': own}, extra, batch, key)[0]
    )(params['generator'])

  _, down = turn('minimax')
  doubt, up = turn('nonsaturating')
  return Norms(optax.tree.norm(down), optax.tree.norm(up), jnp.exp(-doubt))


def replay(
  played: Experiment, model: GAN, noise: float = 0.0
) -> Callable[[train.TrainState], tuple[Norms, Norms]]:
  """Makes a function that runs the first steps of a run and measures before each.

  Args:
    played: the experiment.
    model: its players.
    noise: see `tasks.gan`.

  Returns:
    (state before the first step) -> the norms, and the norms if the generator does not
    move, so that the discriminator gets further and further ahead.
  """
  update = train.make_update(played.task, played.optimizers)

  @jax.jit
  def advance(state, arrays, alone):
    batch = played.data.take(arrays, train.data_key(state), state.step)
    key = jax.random.fold_in(state.key, state.step)
    found = measure(model, state.params, state.extra, batch, key, noise)
    new, _ = update(state, batch)
    own = jax.tree.map(
      lambda old, moved: jnp.where(alone, old, moved),
      state.params['generator'],
      new.params['generator'],
    )
    return new.replace(params=new.params | {'generator': own}), found

  def play(start, alone):
    state, found = start, []
    for step in range(max(1, min(REPLAYED, played.config.steps))):
      arrays = played.data.feed(train.data_key(state), step)
      state, here = advance(state, arrays, alone)
      found.append(here)
    return Norms(*map(np.asarray, zip(*jax.device_get(found), strict=True)))

  return lambda start: (play(start, False), play(start, True))


def picture(both: Norms, alone: Norms) -> Picture:
  """Makes the picture of the norms, in the run and with the discriminator ahead."""
  steps = len(both.ratio)
  mean = np.exp(np.log(np.maximum(both.ratio, 1e-30)).mean())  # of ratios

  def show():
    titles = 'both learn', 'the discriminator alone learns'
    figure, panels = draw.panels(7.5, 2.8, 2, titles=titles, sharey=True)
    for axes, found in zip(panels, (both, alone), strict=True):
      axes.semilogy(found.nonsaturating, color=draw.BLUE, label='−log D(G(z))')
      axes.semilogy(found.minimax, color=draw.ORANGE, label='log(1 − D(G(z)))')
      axes.set_xlabel('step')
    panels[0].set_ylabel("norm of the generator's gradient")
    draw.legend(panels[0])
    return figure

  return Picture(
    'Why the loss does not saturate',
    "The norm of the generator's gradient under both of its losses, at the same points "
    f'of the first {steps} steps, run again. There the gradient of −log D(G(z)) is '
    f'{words(mean)} times the gradient of log(1 − D(G(z))) (geometric mean), '
    f'{words(both.ratio.max())} times at most. Where the discriminator alone learns, '
    f'until D(G(z)) is {alone.believed[-1]:.2g}, it is {words(alone.ratio[-1])} times '
    'as large in the end.',
    show,
  )


def words(ratio: float) -> str:
  """Returns a ratio with three digits: 0.67, 12, 75,300."""
  return f'{float(f"{ratio:.3g}"):,.10g}'
