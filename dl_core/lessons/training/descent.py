"""Measures how fast optimizers descend into a quadratic bowl, and on which path.

The curvature of the bowl ½(x² + κy²) is 1 along x and κ along y; κ is its condition
number. Near its minimum every smooth loss is such a bowl in some coordinates.

Shapes: N starts, D = 2 coordinates, T steps, K condition numbers, C bowls.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dl_core.report import draw
from dl_core.tasks import optimizers
from dl_core.types import Array, Claim, Picture

# The name of each optimizer, and its learning rate in the bowl that is drawn.
NAMES = {
  'sgd': ('gradient descent', 0.09),
  'momentum': ('momentum', 0.02),
  'adagrad': ('AdaGrad', 0.2),
  'rmsprop': ('RMSProp', 0.05),
  'adadelta': ('Adadelta', 1.0),
  'adam': ('Adam', 0.1),
}
DRAWN, STEPS = 20, 60  # κ of that bowl, and the steps of its paths
KAPPAS = (3, 10, 30, 100, 300, 1_000)


def path(
  optimizer: optax.GradientTransformation, start: Array, curvature: Array, steps: int
) -> Array:
  """Returns the points [T + 1, D] of a descent, beginning with `start` [D].

  Args:
    optimizer: any optimizer.
    start: the first point.
    curvature: A [D, D] of the bowl ½ wᵀAw.
    steps: T.
  """

  def step(carry, _):
    w, state = carry
    updates, state = optimizer.update(curvature @ w, state, w)
    w = w + updates
    return (w, state), w

  _, points = jax.lax.scan(step, (start, optimizer.init(start)), length=steps)
  return jnp.concatenate([start[None], points])


def bowl(kappa: float | Array, turn: float = 0.0) -> Array:
  """Returns the curvature [D, D] of ½(x² + κy²), turned by an angle."""
  cos, sin = np.cos(turn), np.sin(turn)
  axes = jnp.array([[cos, -sin], [sin, cos]], jnp.float32)
  return axes @ jnp.diag(jnp.stack([jnp.float32(1), jnp.float32(kappa)])) @ axes.T


def paths(
  name: str, rate: float, begin: Array, curvatures: Array, steps: int
) -> np.ndarray:
  """Returns the paths of an optimizer in C bowls from N starts.

  Args:
    name: a name of `NAMES`.
    rate: η.
    begin: [N, D].
    curvatures: [C, D, D] of the bowls.
    steps: T.

  Returns:
    Points [C, N, T + 1, D].
  """
  optimizer = optimizers.make(name, rate)
  one = lambda curvature, start: path(optimizer, start, curvature, steps)
  every = jax.jit(jax.vmap(jax.vmap(one, (None, 0)), (0, None)))
  return np.asarray(every(curvatures, begin), np.float64)


def starts(seed: int, count: int) -> Array:
  """Draws starts [N, D] on the unit circle, away from its axes."""
  angle_key, quarter_key = jax.random.split(jax.random.key(seed))
  angle = jax.random.uniform(angle_key, (count,), minval=0.1, maxval=0.4) * jnp.pi
  angle += jax.random.randint(quarter_key, (count,), 0, 4) * jnp.pi / 2
  return jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=-1)


class Rates(NamedTuple):
  """The factor by which a step shortens the distance, at the best learning rates.

  Attributes:
    kappa: [K] condition numbers.
    plain, heavy: [K, N] of gradient descent and of the heavy ball, as measured.
  """

  kappa: np.ndarray
  plain: np.ndarray
  heavy: np.ndarray

  @property
  def plain_theory(self) -> np.ndarray:  # [K]
    return (self.kappa - 1) / (self.kappa + 1)

  @property
  def heavy_theory(self) -> np.ndarray:  # [K]
    return (np.sqrt(self.kappa) - 1) / (np.sqrt(self.kappa) + 1)


def measure(kappas: Sequence[float], begin: Array, steps: int = 1_000) -> Rates:
  """Measures how fast descents from starts [N, D] converge.

  Gradient descent is best at η = 2/(1 + κ), the heavy ball v ← βv + g, w ← w - ηv at
  η = 4/(1 + √κ)² and √β = (√κ - 1)/(√κ + 1) (Polyak 1964,
  https://doi.org/10.1016/0041-5553(64)90137-5, section 3).
  """

  def plain(kappa):
    return optax.sgd(2 / (1 + kappa))

  def heavy(kappa):
    root = jnp.sqrt(kappa)
    momentum = ((root - 1) / (root + 1)) ** 2
    return optax.sgd(4 / (1 + root) ** 2, momentum)

  found = []
  for method in (plain, heavy):
    one = lambda kappa, start: path(method(kappa), start, bowl(kappa), steps)  # noqa: B023
    every = jax.jit(jax.vmap(jax.vmap(one, (None, 0)), (0, None)))
    points = np.float64(every(jnp.float32(kappas), begin))
    found.append(shortened(np.linalg.norm(points, axis=-1)))
  return Rates(np.array(kappas, float), *found)


def shortened(distance: np.ndarray) -> np.ndarray:
  """Returns the factor per step in distances [..., T + 1], over their last half.

  It ends where float32 is about to underflow. At its best rates the heavy ball's two
  roots are one, so its distance falls as t·ρᵗ and the factor lies above ρ by 2^(2/T).
  """
  last = np.sum((distance > 1e-30).cumprod(axis=-1), axis=-1) - 1
  middle = last // 2
  at = lambda step: np.take_along_axis(distance, step[..., None], -1)[..., 0]
  return (at(last) / at(middle)) ** (1 / (last - middle))


def speed(found: Rates) -> Picture:
  """Shows the steps that a condition number costs, with and without momentum."""
  tenfold = lambda factor: np.log(10) / -np.log(factor)
  off = {
    'plain': np.abs(found.plain / found.plain_theory[:, None] - 1).max(),
    'heavy': np.abs(found.heavy / found.heavy_theory[:, None] - 1).max(),
  }
  saved = tenfold(found.plain) / tenfold(found.heavy)  # [K, N]
  span = f'κ from {found.kappa.min():g} to {found.kappa.max():g}'
  at = int(np.argmin(np.abs(found.kappa - 100)))

  def show():
    look = {'xscale': 'log', 'yscale': 'log', 'xlabel': 'condition number κ'}
    figure, axes = draw.panel(6, 3.6, **look)
    for measured, theory, colour, label in (
      (found.plain, found.plain_theory, draw.ORANGE, 'gradient descent: (κ−1)/(κ+1)'),
      (found.heavy, found.heavy_theory, draw.BLUE, 'momentum: (√κ−1)/(√κ+1)'),
    ):
      axes.plot(found.kappa, tenfold(theory), color=colour, label=label)
      axes.plot(found.kappa, tenfold(measured.mean(axis=1)), 'o', color=colour)
    axes.set_ylabel('steps to a tenth of the distance')
    draw.legend(axes)
    return figure

  return Picture(
    'What a narrow valley costs',
    'Gradient descent needs steps in proportion to κ, momentum to √κ, each at its best '
    f'rates. Lines: theory. Dots: means of {found.plain.shape[1]} starts in the bowl '
    '½(x² + κy²).',
    show,
    (
      Claim(
        'At its best rate each step of gradient descent multiplies the distance to the '
        'minimum by (κ−1)/(κ+1)',
        off['plain'] < 0.01,
        f'within {off["plain"]:.1g} of it, {span}',
      ),
      Claim(
        'At its best rates each step of momentum multiplies the distance by '
        '(√κ−1)/(√κ+1)',
        off['heavy'] < 0.05,
        f'within {off["heavy"]:.1%} of it, {span}',
      ),
      Claim(
        'Momentum needs fewer steps than gradient descent, from every start',
        saved.min() > 1,
        f'{saved[at].mean():.1f} times fewer at κ = {found.kappa[at]:g}, at least '
        f'{saved.min():.1f} times at any κ',
      ),
    ),
  )


def map_of_paths() -> Picture:
  """Shows the path of every optimizer on a map of the bowl."""
  corner = jnp.array([[-0.95, 0.3]])
  found = {
    name: paths(name, rate, corner, bowl(DRAWN)[None], STEPS)[0, 0]
    for name, (_, rate) in NAMES.items()
  }

  def show():
    x, y = np.meshgrid(np.linspace(-1.1, 0.5, 150), np.linspace(-0.5, 0.5, 150))
    height = (x**2 + DRAWN * y**2) / 2
    levels = np.geomspace(0.003, height.max(), 9)
    titles = ['{}, η = {:g}'.format(*NAMES[name]) for name in found]
    figure, panels = draw.panels(
      9, 4, len(found), 3, titles=titles, sharex=True, sharey=True
    )
    for axes, points in zip(panels, found.values(), strict=True):
      axes.contour(x, y, height, levels, colors=draw.GREY, linewidths=0.6, alpha=0.6)
      axes.plot(*points.T, '.-', color=draw.BLUE, lw=1.2, ms=4)
      axes.plot(*points[0], 'o', color=draw.ORANGE, ms=6)
      axes.plot(0, 0, '*', color=draw.ORANGE, ms=10)
      axes.set(xlim=(-1.1, 0.5), ylim=(-0.5, 0.5))
    return figure

  return Picture(
    'The way down',
    f'{STEPS} steps in ½(x² + {DRAWN}y²), from the dot to the star. Gradient descent '
    'crosses the valley back and forth, momentum swings through it; the adaptive ones, '
    "which divide each coordinate's gradient by its own size, descend equally fast "
    'along both.',
    show,
  )
