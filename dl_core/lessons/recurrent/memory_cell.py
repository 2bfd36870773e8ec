"""What the gates of an LSTM do to its cell: keep, forget, and pass gradients on.

The cell c_t = f c_t-1 + i g is all that is carried on, so ∂c_T/∂c_t along it is the
product of the forget gates f. (A lecture has gradients flow along the cell without any
weights or losses: there are no weights, but there is this product.) Through h there are
other ways, by the recurrent kernel; they are cut here.

Shapes: T steps, D inputs, H hidden units; one sequence.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.layers import recurrent
from dl_core.lessons.recurrent import vanishing
from dl_core.report import draw
from dl_core.types import Array, Claim, Picture

STEPS, INPUTS, HIDDEN = 100, 3, 8
SURE = 200.0  # a bias at which float32's σ is exactly 1, and at its negative exactly 0
CLOSE = 1e-6
BIASES = {'f shut (bias -2)': -2.0, 'as it starts (1)': 1.0, 'f open (6)': 6.0}


class Gates(NamedTuple):
  """Gates and cells of a sequence, [T, H] each."""

  i: Array
  f: Array
  g: Array
  o: Array
  c: Array


def weights(seed: int, **biases: float) -> dict[str, Array]:
  """Draws the parameters of an LSTM, with given biases of the gates i, f, g, o."""
  keys = jax.random.split(jax.random.key(seed))
  draw_one = lambda key, rows: jax.random.normal(key, (rows, 4 * HIDDEN)) / rows**0.5
  each = jnp.array([biases.get(gate, 0.0) for gate in 'ifgo'])
  return {
    'input_kernel': draw_one(keys[0], INPUTS),
    'recurrent_kernel': draw_one(keys[1], HIDDEN),
    'bias': each.repeat(HIDDEN),
  }


def gates(params: Any, x: Array, c: Array, added: Array | None = None) -> Gates:
  """Runs the equations of `recurrent.LSTM` on x [T, D], from a cell c [H].

  Args:
    params: of the layer.
    x: the inputs.
    c: the first cell; h is 0.
    added: [T, H], to the cell before each step; no derivative goes through h then.
  """

  def step(state, at):
    (c, h), (x, more) = state, at
    if more is not None:
      c, h = c + more, jax.lax.stop_gradient(h)
    a = x @ params['input_kernel'] + h @ params['recurrent_kernel'] + params['bias']
    i, f, g, o = jnp.split(a, 4)
    i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
    c = f * c + i * g
    return (c, o * jnp.tanh(c)), Gates(i, f, g, o, c)

  return jax.lax.scan(step, (c, jnp.zeros_like(c)), (x, added))[1]


def last_cell(params: Any, x: Array, c: Array) -> Array:
  """Returns the cell [H] of the layer itself after x [T, D], from a cell c."""
  start = recurrent.Memory(c[None], jnp.zeros((1, HIDDEN)))
  state, _ = recurrent.LSTM(HIDDEN).apply({'params': params}, x[None], start)
  return state.c[0]


def kept(seed: int) -> Picture:
  """Draws cells whose forget gate is 1, between, and 0, with the input gate shut."""
  x = jax.random.normal(jax.random.key(seed), (STEPS, INPUTS))
  c = jax.random.normal(jax.random.key(seed + 1), (HIDDEN,))
  cells = {
    'f = 1, i = 0': weights(seed, f=SURE, i=-SURE),
    'f between': weights(seed, f=3.0, i=-SURE),
    'f = 0, i = 0': weights(seed, f=-SURE, i=-SURE),
  }
  after = {name: last_cell(params, x, c) for name, params in cells.items()}
  seen = gates(weights(seed), x, c)
  bounds = {
    gate: (float(getattr(seen, gate).min()), float(getattr(seen, gate).max()))
    for gate in 'ifog'
  }
  inside = all(bounds[gate][0] > 0 and bounds[gate][1] < 1 for gate in 'ifo')
  copied = bool(jnp.all(after['f = 1, i = 0'] == c))
  dropped = bool(jnp.all(after['f = 0, i = 0'] == 0))

  def show():
    figure, panels = draw.panels(7.5, 2.8, 3, titles=tuple(cells), sharey=True)
    for axes, params in zip(panels, cells.values(), strict=True):
      path = np.concatenate([c[None], gates(params, x, c).c])
      axes.plot(path, lw=1)
      axes.set_xlabel('step')
    panels[0].set_ylabel('cell')
    return figure

  return Picture(
    'Keep and forget',
    f'The {HIDDEN} cells of an LSTM that reads noise, its input gate shut.',
    show,
    (
      Claim(
        f'f = 1 and i = 0 copy the cell exactly over {STEPS} steps, and f = 0 drops it',
        copied and dropped,
        f'largest change {float(jnp.abs(after["f = 1, i = 0"] - c).max()):g}, '
        f'largest rest {float(jnp.abs(after["f = 0, i = 0"]).max()):g}',
      ),
      Claim(
        'The gates i, f and o of random networks are between 0 and 1, and g between -1 '
        'and 1',
        inside and bounds['g'][0] > -1 and bounds['g'][1] < 1,
        ', '.join(f'{g} {low:.3f} to {high:.3f}' for g, (low, high) in bounds.items()),
      ),
    ),
  )


def path(seed: int) -> Picture:
  """Draws the derivative along the cell and along a tanh RNN, by distance."""
  x = jax.random.normal(jax.random.key(seed), (STEPS, INPUTS))
  c = jax.random.normal(jax.random.key(seed + 1), (HIDDEN,))
  curves, apart = {}, 0.0
  for name, bias in BIASES.items():
    params = weights(seed, f=bias)
    f = np.asarray(gates(params, x, c).f, np.float64)
    products = np.cumprod(f[::-1], axis=0)  # [T, H]: by distance 1 ... T
    found = np.asarray(jax.jit(along)(params, x, c))[::-1]
    apart = max(apart, float(np.abs(found - products).max()))
    curves[name] = products.mean(axis=1)
  plain = vanishing.norms(np.random.default_rng(seed), 1.0, linear=False)
  far = len(plain) - 1
  kept_by = {name: values[far] for name, values in curves.items()}
  last = list(BIASES)[-1]

  def show():
    look = {'xlabel': 'distance T - t', 'ylabel': 'derivative', 'yscale': 'log'}
    figure, axes = draw.panel(7, 3.2, **look, ylim=(1e-12, 3))
    for (name, values), colour in zip(curves.items(), draw.COLOURS, strict=False):
      axes.plot(np.arange(1, STEPS + 1), values, color=colour, label=f'LSTM, {name}')
    across = np.arange(1, len(plain) + 1)
    axes.plot(across, plain, color=draw.GREY, label='tanh RNN, ρ = 1')
    draw.legend(axes)
    return figure

  return Picture(
    'The way along the cell',
    '∂c_T/∂c_t along the cell, mean over its units, for three biases of the forget '
    'gate; beside it the norm of ∂h_T/∂h_t of an RNN.',
    show,
    (
      Claim(
        'Along the cell the derivative is the product of the forget gates',
        apart <= CLOSE,
        f'{apart:.1g} apart at most, over up to {STEPS} steps',
      ),
      Claim(
        'So it vanishes unless the forget gates are open; if they are, more arrives '
        'than in an RNN',
        kept_by[last] > plain[-1] > kept_by[next(iter(BIASES))] and kept_by[last] > 0.5,
        ', '.join(f'{name}: {value:.2g}' for name, value in kept_by.items())
        + f'; RNN {plain[-1]:.2g}, over {far + 1} steps',
      ),
    ),
  )


def along(params: Any, x: Array, c: Array) -> Array:
  """Returns ∂c_T/∂c_t [T, H] along the cell, for t = 0 ... T - 1, with h cut.

  What is added to a cell changes no other unit's then, so the derivatives of the sum of
  the last cells are those of each.
  """
  total = lambda added: jnp.sum(gates(params, x, c, added).c[-1])
  return jax.grad(total)(jnp.zeros((len(x), len(c))))
