"""Softmax: numbers become a distribution, the sharper the lower the temperature.

Shapes: N draws, K classes, T temperatures.
"""

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.networks import activations
from dl_core.tasks import information
from dl_core.types import Array, Claim, Picture

BLUE, ORANGE, GREEN = '#2f7fb8', '#cf7a24', '#3f9c74'  # for light and dark pages
TEMPERATURES = (0.25, 1.0, 4.0)
CLASSES, SHOWN = 4, 10


def jacobian(p: Array) -> Array:
  """Returns ∂p/∂z [K, K] of p = softmax(z) [K]: p_i·(1 if i = j else 0) - p_i·p_j."""
  return jnp.diag(p) - jnp.outer(p, p)


@jax.jit
def measure(logits: Array, shift: Array, temperatures: Array):
  """Measures what is claimed of softmax.

  Args:
    logits: [N, K].
    shift: [N, 1], added to them.
    temperatures: [T].

  Returns:
    How far the sum is from 1, the shifted from the unshifted, the softmax of two
    logits from a sigmoid, its derivative from that of jax.jacfwd, at most; the entropy
    [T, N] at each temperature, in nats: the lower, the sharper.
  """
  p, two = jax.nn.softmax(logits), logits[:, :2]
  single = jax.nn.sigmoid(two[:, 0] - two[:, 1])
  return (
    jnp.abs(p.sum(axis=-1) - 1).max(),
    jnp.abs(jax.nn.softmax(logits + shift) - p).max(),
    jnp.abs(jax.nn.softmax(two)[:, 0] - single).max(),
    jnp.abs(jax.vmap(jax.jacfwd(jax.nn.softmax))(logits) - jax.vmap(jacobian)(p)).max(),
    information.entropy(jax.nn.softmax(logits[None] / temperatures[:, None, None])),
  )


def picture(random: np.random.Generator, draws: int) -> Picture:
  """Draws one set of logits at three temperatures, and how sharp any are."""
  drawn = random.standard_normal((draws, CLASSES + 1), np.float32)
  logits, shift = 2 * drawn[:, 1:], 5 * drawn[:, :1]
  tried = np.geomspace(0.1, 10, 41, dtype=np.float32)
  found = jax.device_get(measure(logits, shift, tried))
  total, moved, two, slope, spread = found
  rises = float(np.mean(np.all(np.diff(spread, axis=0) > -activations.CLOSE, axis=0)))
  claims = (
    Claim(
      'Softmax sums to one',
      bool(total <= activations.CLOSE),
      f'{total:.1g} off at most',
    ),
    Claim(
      'Adding the same number to all logits changes nothing',
      bool(moved <= activations.CLOSE),
      f'{moved:.1g} off at most, shifted by up to {float(abs(shift).max()):.0f}',
    ),
    Claim(
      'The lower the temperature, the sharper the answer: its entropy falls',
      rises == 1,
      f'for {rises:.0%} of {draws:,} draws, from T = {tried[-1]:g} to {tried[0]:.1g}',
    ),
    Claim(
      'The derivative p_i·(1 if i = j else 0) − p_i·p_j of softmax is that of JAX',
      bool(slope <= activations.CLOSE),
      f'{slope:.1g} apart at most, at {draws:,} draws of {CLASSES} logits',
    ),
    Claim(
      'Of two classes, softmax is the sigmoid of the difference of the logits',
      bool(two <= activations.CLOSE),
      f'{two:.1g} off at most',
    ),
  )
  shown = np.array([2.0, 1.0, 0.5, -1.0])

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 2.9), layout='constrained')
    bars, curves = figure.subplots(1, 2)
    for n, (t, colour) in enumerate(
      zip(TEMPERATURES, (ORANGE, BLUE, GREEN), strict=True)
    ):
      place = np.arange(CLASSES) + 0.27 * (n - 1)
      bars.bar(
        place,
        np.exp(shown / t) / np.exp(shown / t).sum(),
        0.25,
        color=colour,
        label=f'T = {t:g}',
      )
    bars.set_xticks(range(CLASSES), [f'{z:g}'.replace('-', '−') for z in shown])
    bars.set_xlabel('logit z')
    bars.set_ylabel('softmax(z / T)')
    bars.legend(fontsize=8)
    curves.semilogx(tried, spread[:, :SHOWN], color=BLUE, alpha=0.5, lw=1)
    curves.axhline(np.log(CLASSES), color=ORANGE, ls=':')
    curves.text(tried[0], np.log(CLASSES) + 0.02, 'log 4: all alike', fontsize=8)
    curves.set_ylim(-0.05, 1.1 * np.log(CLASSES))
    curves.set_xlabel('temperature T')
    curves.set_ylabel('entropy, nats')
    return figure

  return Picture(
    'Softmax and its temperature',
    'Left: the same four logits at three temperatures. Right: the entropy of the '
    'answer as the temperature rises, for ten draws of logits.',
    draw,
    claims,
  )
