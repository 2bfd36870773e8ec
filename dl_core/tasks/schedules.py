"""Learning-rate schedules: each returns the learning rate of a step.

Fractions of the training are pairs of whole numbers, (1, 3) for a third: the step at
which a rate drops is `steps * 1 // 3`, without rounding.
"""

import jax.numpy as jnp
import optax


def cosine(rate: float, steps: int) -> optax.Schedule:
  """Falls from `rate` to 0 over all steps, along half a cosine."""
  return optax.cosine_decay_schedule(rate, max(steps, 1))


def linear(rate: float, steps: int) -> optax.Schedule:
  """Falls from `rate` to 0 over all steps, along a line."""
  return optax.linear_schedule(rate, 0.0, max(steps, 1))


def late(rate: float, steps: int) -> optax.Schedule:
  """Stays at `rate` for half of the steps, then falls to 0 along a line."""
  half = steps // 2
  return optax.linear_schedule(rate, 0.0, max(steps - half, 1), half)


def poly(rate: float, steps: int, power: float = 0.9) -> optax.Schedule:
  """Falls from `rate` to 0 over all steps as (1 - t / T) to a power, 0.9 in PSPNet.

  Section 4 of Zhao et al. 2017, https://arxiv.org/abs/1612.01105.
  """
  return optax.polynomial_schedule(rate, 0.0, power, max(steps, 1))


def tenth(rate: float, steps: int) -> optax.Schedule:
  """Falls from `rate` to a tenth of it over all steps, along half a cosine."""
  return optax.cosine_decay_schedule(rate, max(steps, 1), alpha=0.1)


def drops(rate: float, steps: int, *parts: tuple[int, int]) -> optax.Schedule:
  """Divides the rate by 10 at each of these fractions of the steps."""
  scales = {steps * part // whole: 0.1 for part, whole in parts}
  return optax.piecewise_constant_schedule(rate, scales)


def staircase(
  rate: float, steps: int, part: tuple[int, int], factor: float
) -> optax.Schedule:
  """Multiplies the rate by `factor` each time this fraction of the steps is over."""
  every = max(1, steps * part[0] // part[1])
  return optax.exponential_decay(rate, every, factor, staircase=True)


def warmed(schedule: optax.Schedule, steps: int) -> optax.Schedule:
  """Multiplies a schedule by a factor that rises linearly to 1 over its first steps.

  Section 2.2 of Goyal et al. 2017, https://arxiv.org/abs/1706.02677.
  """
  if not steps:
    return schedule
  rise = optax.linear_schedule(0.0, 1.0, steps)
  return lambda step: rise(step + 1) * schedule(step)


def inverse_root(peak: float, warmup: int) -> optax.Schedule:
  """Rises linearly over the first w steps, then falls as 1 / √step.

  Equation 3 of Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, D^-½ · min(s^-½,
  s · w^-3/2), whose highest value is (D · w)^-½.

  Args:
    peak: the learning rate at step w.
    warmup: w.
  """
  over = max(warmup, 1)

  def rate(step):
    number = jnp.asarray(step + 1, jnp.float32)
    return peak * jnp.minimum(number / over, jnp.sqrt(over / number))

  return rate
