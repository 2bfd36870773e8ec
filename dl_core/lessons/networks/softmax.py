"""Measures and draws softmax: the lower the temperature, the sharper it is.

Shapes: N draws, K classes, T temperatures.
"""

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.networks import activations
from dl_core.report import draw
from dl_core.tasks import information
from dl_core.types import Array, Claim, Picture

TEMPERATURES = (0.25, 1.0, 4.0)
CLASSES, SHOWN = 4, 10


@jax.jit
def measure(logits: Array, shift: Array, temperatures: Array):
  """Measures the properties of softmax that `picture` claims.

  Args:
    logits: [N, K].
    shift: [N, 1], added to them.
    temperatures: [T].

  Returns:
    The largest distances of the shifted from the unshifted softmax, and of the softmax
    of two logits from a sigmoid; the entropy [T, N] at each temperature, in nats: the
    lower, the sharper.
  """
  p, two = jax.nn.softmax(logits), logits[:, :2]
  single = jax.nn.sigmoid(two[:, 0] - two[:, 1])
  return (
    jnp.abs(jax.nn.softmax(logits + shift) - p).max(),
    jnp.abs(jax.nn.softmax(two)[:, 0] - single).max(),
    information.entropy(jax.nn.softmax(logits[None] / temperatures[:, None, None])),
  )


def picture(random: np.random.Generator, draws: int) -> Picture:
  """Draws one set of logits at three temperatures, and the entropy of many sets."""
  drawn = random.standard_normal((draws, CLASSES + 1), np.float32)
  logits, shift = 2 * drawn[:, 1:], 5 * drawn[:, :1]
  tried = np.geomspace(0.1, 10, 41, dtype=np.float32)
  moved, two, spread = jax.device_get(measure(logits, shift, tried))
  rises = float(np.mean(np.all(np.diff(spread, axis=0) > -activations.CLOSE, axis=0)))
  claims = (
    Claim(
      'Adding the same number to all logits changes nothing',
      moved <= activations.CLOSE,
      f'{moved:.1g} off at most, shifted by up to {float(abs(shift).max()):.0f}',
    ),
    Claim(
      'The lower the temperature, the sharper the softmax: its entropy falls',
      rises == 1,
      f'for {rises:.0%} of {draws:,} draws, from T = {tried[-1]:g} to {tried[0]:.1g}',
    ),
    Claim(
      'Of two classes, softmax is the sigmoid of the difference of the logits',
      two <= activations.CLOSE,
      f'{two:.1g} off at most',
    ),
  )
  shown = np.array([2.0, 1.0, 0.5, -1.0])

  def show():
    figure, (bars, curves) = draw.panels(7.5, 2.9, 2)
    sharp = {f'T = {t:g}': np.exp(shown / t) for t in TEMPERATURES}
    answers = {label: each / each.sum() for label, each in sharp.items()}
    names = [f'{z:g}'.replace('-', '−') for z in shown]
    draw.bars(bars, answers, names, (draw.ORANGE, draw.BLUE, draw.GREEN))
    bars.set(xlabel='logit z', ylabel='softmax(z / T)')
    draw.legend(bars)
    curves.semilogx(tried, spread[:, :SHOWN], color=draw.BLUE, alpha=0.5, lw=1)
    draw.guide(curves, y=np.log(CLASSES), color=draw.ORANGE)
    curves.text(tried[0], np.log(CLASSES) + 0.02, 'log 4: all alike', fontsize=8)
    curves.set_ylim(-0.05, 1.1 * np.log(CLASSES))
    curves.set(xlabel='temperature T', ylabel='entropy, nats')
    return figure

  return Picture(
    'Softmax and its temperature',
    'Left: the softmax of the same four logits at three temperatures. Right: its '
    'entropy as the temperature rises, for ten draws of logits.',
    show,
    claims,
  )
