"""Measures the memory that one training step takes for each batch size.

The step is compiled and never run; the bytes are those that XLA plans for its
temporaries: activations kept for the backward pass, and gradients. Up to some hundred
examples most of it is the gradient of the weights, which does not grow with the batch.
"""

import functools
import itertools
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.networks import backprop
from dl_core.report import draw
from dl_core.train import compiled
from dl_core.types import Array, Claim, Picture

SIZES = (784, 256, 10)  # inputs, and units of each layer
SMALL, LARGE = (16, 64, 256), (512, 2_048, 8_192, 60_000)


def loss(layers: Sequence[backprop.Layer], x: Array, y: Array) -> Array:
  """Returns the mean cross-entropy of labels y [B, 10], one-hot, for x [B, 784]."""
  first, second = layers
  hidden = jax.nn.relu(x @ first.w.T + first.b[None])
  logits = hidden @ second.w.T + second.b[None]
  return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(logits), axis=-1))


def measure(batches: Sequence[int] = SMALL + LARGE) -> dict[int, int]:
  """Returns {B: bytes of temporaries} of a step of gradient descent."""

  def step(layers, x, y):
    return backprop.descend(layers, jax.grad(loss)(layers, x, y), 0.1)

  shaped = functools.partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
  layers = [
    backprop.Layer(shaped((m, n)), shaped((m,))) for n, m in itertools.pairwise(SIZES)
  ]
  jitted = jax.jit(step, donate_argnums=0)
  found = {}
  for batch in batches:
    x, y = (shaped((batch, width)) for width in (SIZES[0], SIZES[-1]))
    program = jitted.lower(layers, x, y).compile()
    found[batch] = compiled.held(program)['temporaries']
  return found


def line(found: Mapping[int, float]) -> tuple[float, float, float]:
  """Fits bytes a·B + b to the batch sizes that are not in `SMALL`.

  Returns:
    a, b, and the largest relative distance of a measured number from the line.
  """
  batches = np.array([batch for batch in found if batch not in SMALL], float)
  taken = np.array([found[int(batch)] for batch in batches], float)
  # Weighted by relative errors; otherwise the largest value alone would count.
  a, b = np.polyfit(batches, taken, 1, w=1 / taken)
  return float(a), float(b), float(np.abs((a * batches + b) / taken - 1).max())


def picture(found: Mapping[int, int]) -> Picture:
  """Draws the bytes by batch size."""
  a, b, off = line(found)
  largest = max(found)
  parameters = sum(m * (n + 1) for n, m in itertools.pairwise(SIZES))

  def show():
    batches = np.array(list(found))
    large = batches[batches >= min(LARGE)]
    figure, axes = draw.panel(6, 3, xlabel='batch size B', ylabel='temporaries, MB')
    draw.guide(axes, y=4 * parameters / 1e6, label='gradient of the weights')
    axes.loglog(
      large, (a * large + b) / 1e6, color=draw.GREY, ls='--', label='line fitted'
    )
    axes.loglog(batches, np.array(list(found.values())) / 1e6, 'o', color=draw.BLUE)
    draw.legend(axes)
    return figure

  return Picture(
    'The memory of a batch',
    f'The memory that one step of a {"-".join(map(str, SIZES))} network needs beside '
    'its parameters and the batch itself, as compiled for this device: '
    f'{found[largest] / 1e6:,.0f} MB for {largest:,} examples, as many as MNIST has.',
    show,
    (
      Claim(
        f'From {min(LARGE)} examples on, memory rises linearly with the batch',
        a > 0 and off < 0.05,
        f'{a / 1e3:.2f} kB an example, within {off:.2%} of a line up to {largest:,}',
      ),
    ),
  )
