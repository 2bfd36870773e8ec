"""What the gates of an LSTM do after it has learned to add marked numbers.

Shapes: N sequences, T steps, H hidden units.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dl_core.data import adding
from dl_core.layers import recurrent
from dl_core.lessons.recurrent import memory_cell
from dl_core.report import draw
from dl_core.types import Claim, Picture

LENGTH, HIDDEN, BATCH, RATE = 30, 16, 64, 0.01
SHOWN = 200  # sequences


def learn(seed: int, steps: int) -> tuple[Any, Any, float]:
  """Trains an LSTM on the adding problem.

  Returns:
    The layer's first parameters and its last, and the mean squared error at the end.
  """
  layer = recurrent.LSTM(HIDDEN)
  start_key, data_key, test_key = jax.random.split(jax.random.key(seed), 3)
  optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(RATE))

  def loss(params, x, y):
    state, _ = layer.apply({'params': params['layer']}, x)
    return jnp.mean((state.h @ params['output'] + params['bias'] - y) ** 2)

  def step(carry, number):
    params, state = carry
    x, y = adding.examples(jax.random.fold_in(data_key, number), BATCH, LENGTH)
    change, state = optimizer.update(jax.grad(loss)(params, x, y), state, params)
    return (optax.apply_updates(params, change), state), None

  first = {
    'layer': layer.init(start_key, jnp.zeros((1, 1, 2)))['params'],
    'output': jnp.zeros(HIDDEN),
    'bias': jnp.zeros(()),
  }
  carry = first, optimizer.init(first)
  (last, _), _ = jax.jit(lambda c: jax.lax.scan(step, c, jnp.arange(steps)))(carry)
  error = loss(last, *adding.examples(test_key, SHOWN, LENGTH))
  return first['layer'], last['layer'], float(error)


def picture(seed: int, steps: int) -> Picture:
  """Draws the gates over one sequence, and their distribution over many."""
  first, last, error = learn(seed, steps)
  x, _ = adding.examples(jax.random.key(seed + 1), SHOWN, LENGTH)
  zero = jnp.zeros(HIDDEN)
  run = jax.jit(jax.vmap(memory_cell.gates, (None, 0, None)))
  before, after = (jax.device_get(run(params, x, zero)) for params in (first, last))
  return of_gates(before, after, np.asarray(x)[..., 1] > 0, error)


def of_gates(
  before: memory_cell.Gates, seen: memory_cell.Gates, marked: np.ndarray, error: float
) -> Picture:
  """Makes the picture of gates [N, T, H] before and after training, marks [N, T]."""
  before, seen = jax.tree.map(np.asarray, (before, seen))
  said = np.abs(seen.o * np.tanh(seen.c))
  whole = np.abs(np.tanh(seen.c))
  parts = [getattr(seen, gate).ravel() for gate in 'ifo']
  sure = {
    gate: float(np.mean((part < 0.1) | (part > 0.9)))
    for gate, part in zip('ifo', parts, strict=True)
  }

  def show():
    figure, panels = draw.panels(
      7.5, 5.2, 4, 2, titles=('forget gates f', 'cells', 'gates', 'g')
    )
    forget, cells, gates, candidate = panels
    forget.imshow(seen.f[0].T, aspect='auto', cmap='viridis', vmin=0, vmax=1)
    most = float(np.abs(seen.c[0]).max())
    cells.imshow(draw.tinted(np.asarray(seen.c)[0].T, most), aspect='auto')
    for axes in (forget, cells):
      axes.set(xlabel='step', ylabel='unit')
      for place in np.flatnonzero(marked[0]):
        axes.axvline(place, color=draw.ORANGE, lw=1)
    for gate, part, colour in zip('ifo', parts, draw.COLOURS, strict=False):
      look: Any = {'bins': 40, 'range': (0, 1), 'density': True, 'histtype': 'step'}
      gates.hist(part, color=colour, label=gate, **look)
    draw.legend(gates)
    candidate.hist(seen.g.ravel(), bins=40, range=(-1, 1), density=True)
    for axes in (gates, candidate):
      axes.set(xlabel='value', ylabel='density')
    return figure

  return Picture(
    'The gates of a trained LSTM',
    f'An LSTM that has learned the adding problem of {LENGTH} steps, to a mean squared '
    f'error of {error:.4f}. Above: one sequence, its marked numbers at the lines. '
    f'Below: the values of all gates over {len(marked)} sequences.',
    show,
    (
      Claim(
        'Training opens the forget gates: their mean is higher than at the start',
        bool(seen.f.mean() > before.f.mean()),
        f'mean f {before.f.mean():.3f} at the start, {seen.f.mean():.3f} trained',
      ),
      Claim(
        'g is bounded by 1, and o decides how much of the cell the next step sees',
        bool(np.abs(seen.g).max() <= 1 and np.all(said <= whole)),
        f'|g| {np.abs(seen.g).max():.3f} at most; o lets through '
        f'{said.sum() / whole.sum():.0%} of tanh(c), from {seen.o.min():.2f} to '
        f'{seen.o.max():.2f}; below 0.1 or above 0.9: '
        + ', '.join(f'{gate} {share:.0%}' for gate, share in sure.items()),
      ),
    ),
  )
