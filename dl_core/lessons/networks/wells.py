"""Descends on a loss with a poor and a good minimum, with batches of any size.

Example i has the loss (w² - 1)² + (TILT + ε_i)·w, tilted by its own noise ε_i, so that
it pulls to the left or to the right. The noise has mean 0 over the examples: the mean
loss is exactly (w² - 1)² + TILT·w, with a poor minimum on the right and a good one on
the left, and a batch is pulled aside by the noise of the examples in it.

Shapes: S paths, T steps, N examples.
"""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.report import draw
from dl_core.types import Array, Claim, Key, Picture

TILT = 0.5
COLOURS = draw.BLUE, draw.GREEN, draw.ORANGE  # full batch, mini-batch, one example
NOISE = 6.0  # standard deviation of ε over the examples
NEAR = 0.01  # the good minimum
SHOWN, CURVES, POINTS = 3, 8, 400  # of paths, losses of examples, steps: drawn


class Places(NamedTuple):
  """The points at which the gradient of the mean loss is 0."""

  good: float
  barrier: float
  poor: float


def places() -> Places:
  """Solves 4w³ - 4w + TILT = 0."""
  return Places(*(float(w) for w in sorted(np.roots([4, 0, -4, TILT]).real)))


def noise(random: np.random.Generator, examples: int) -> np.ndarray:
  """Draws ε [N] of mean 0 and standard deviation NOISE."""
  drawn = random.standard_normal(examples, np.float32)
  return NOISE * (drawn - drawn.mean()) / drawn.std()


def loss(w: Any, noise: Any) -> Any:
  """Returns the loss of an example at w; of the mean, where the noise is 0."""
  return (w**2 - 1) ** 2 + (TILT + noise) * w


def batch_gradient(w: Array, noise: Array) -> Array:
  """Returns the gradient at w of the mean loss of examples with noise [B]."""
  return jax.grad(lambda w: jax.vmap(loss, in_axes=(None, 0))(w, noise).mean())(w)


def pick(key: Key, noise: Array, batch: int) -> Array:
  """Returns the noise of all N examples, or of B < N examples drawn independently."""
  if batch == len(noise):
    return noise
  return noise[jax.random.randint(key, (batch,), 0, len(noise))]


@functools.partial(jax.jit, static_argnames=('batch', 'paths', 'steps'))
def descend(
  key: Key, noise: Array, rate: float, *, batch: int, paths: int, steps: int
) -> Array:
  """Descends from starts around the poor minimum.

  A start lies nearer to the minimum than half the distance to the barrier.


  Args:
    key: of the starts, which are the same for every batch size, and of the batches.
    noise: ε [N] of the examples.
    rate: η.
    batch, paths, steps: B, S, T; a batch of N is all of them, any other is drawn.

  Returns:
    w [S, T + 1].
  """
  poor, half = places().poor, (places().poor - places().barrier) / 2
  start_key, walk_key = jax.random.split(key)
  starts = jax.random.uniform(start_key, (paths,), minval=-half, maxval=half) + poor

  def walk(w, key):
    def step(w, t):
      chosen = pick(jax.random.fold_in(key, t), noise, batch)
      return w - rate * batch_gradient(w, chosen), w

    return jax.lax.scan(step, w, jnp.arange(steps + 1))[1]

  return jax.vmap(walk)(starts, jax.random.split(walk_key, paths))


def escaped(w: np.ndarray) -> np.ndarray:
  """Returns, for each step of paths [S, T + 1], whether the good minimum was reached.

  A path reaches the good minimum when it comes as near as `NEAR`; crossing the barrier
  does not count. A path that diverges has reached nothing.
  """
  near = np.isfinite(w[:, -1:]) & (w <= places().good + NEAR)
  return np.logical_or.accumulate(near, axis=1)


def unrest(w: np.ndarray) -> float:
  """Returns how far paths [S, T + 1] end from the nearer minimum, on average."""
  good, barrier, poor = places()
  last = w[:, -1]
  return float(np.abs(last - np.where(last < barrier, good, poor)).mean())


def claims(walks: Mapping[int, np.ndarray]) -> tuple[Claim, ...]:
  """Returns the claims on paths {B: [S, T + 1]} of full, mini- and single batches."""
  full, some, one = (walks[batch] for batch in sorted(walks, reverse=True))
  left = [int(escaped(w)[:, -1].sum()) for w in (full, some, one)]
  rest = [unrest(w) for w in (full, some, one)]
  paths = len(one)
  return (
    Claim(
      'The full batch never escapes from the poor minimum',
      left[0] == 0,
      f'{left[0]} of {paths} seeds',
    ),
    Claim(
      'One example at a time escapes in most cases',
      left[2] > paths / 2,
      f'{left[2]} of {paths} seeds',
    ),
    Claim(
      'Mini-batches escape more often than the full batch, less often than singles',
      left[0] < left[1] < left[2],
      f'{left[1]} of {paths} seeds',
    ),
    Claim(
      'The smaller the batch, the less a path comes to rest',
      rest[0] < rest[1] < rest[2],
      f'{", ".join(f"{each:.2g}" for each in rest)} from a minimum in the end',
    ),
  )


def pictures(walks: Mapping[int, np.ndarray], noise: np.ndarray) -> list[Picture]:
  """Draws paths {B: [S, T + 1]} on the loss, and the share of those that escaped."""
  order = sorted(walks, reverse=True)
  names = dict(
    zip(order, ('full batch', f'{order[1]} at a time', 'one at a time'), strict=True)
  )
  home = {
    batch: float((w[:, -1] < places().barrier).mean()) for batch, w in walks.items()
  }

  def draw_paths():
    count = len(order)
    look = {'sharex': True, 'sharey': 'row', 'height_ratios': (1, 1.2)}
    titles = [names[batch] for batch in order]
    figure, panels = draw.panels(8, 5, 2 * count, count, titles=titles, **look)
    grid = np.linspace(-1.7, 1.7, 201)
    for column, (batch, colour) in enumerate(zip(order, COLOURS, strict=True)):
      w, upper, lower = walks[batch], panels[column], panels[count + column]
      for each in noise[:CURVES]:
        upper.plot(grid, loss(grid, each), color=draw.GREY, lw=0.6, alpha=0.6)
      upper.plot(grid, loss(grid, 0.0), color=draw.GREY, lw=2)
      upper.plot(w[:, -1], loss(w[:, -1], 0.0), 'o', color=colour, ms=4, alpha=0.3)
      upper.set_ylim(-1.2, 3)
      steps = np.arange(0, w.shape[1], -(-w.shape[1] // POINTS))
      lower.plot(w[:SHOWN, steps].T, steps, color=colour, lw=0.6, alpha=0.7)
      for place in (places().good, places().poor):
        draw.guide(lower, x=place)
      lower.set_xlabel('w')
    lower.invert_yaxis()  # all three share it
    panels[0].set_ylabel('loss')
    panels[count].set_ylabel('step')
    return figure

  def draw_share():
    look = {'xlabel': 'step', 'ylabel': 'seeds escaped, %', 'ylim': (-4, 104)}
    figure, axes = draw.panel(7, 3, **look)
    for batch, colour in zip(order, COLOURS, strict=True):
      share = escaped(walks[batch]).mean(axis=0)
      axes.plot(100 * share, color=colour, lw=2, label=names[batch])
    draw.legend(axes)
    return figure

  return [
    Picture(
      'Paths on a loss with two minima',
      'Above, the mean loss, wide, the losses of single examples, thin, and where '
      f'every path ends. Below, {SHOWN} paths from around the poor minimum, on the '
      'right, the steps going down; dotted, both minima.',
      draw_paths,
    ),
    Picture(
      'Escaping from the poor minimum',
      'The share of seeds that have reached the good minimum at least once. The noise '
      'that throws them out of the poor minimum throws them out of the good one, too: '
      f'in the end {home[order[2]]:.0%} of the paths of one at a time are on its side.',
      draw_share,
      claims(walks),
    ),
  ]
