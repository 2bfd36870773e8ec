"""Gradients that explode, and what clipping does about them.

Pascanu, Mikolov & Bengio 2013 (https://arxiv.org/abs/1211.5063), section 3.2, scale a
gradient whose norm is above a limit; min-char-rnn clips each of its elements. The
network is linear with a spectral radius of W above 1, on the adding problem.

Shapes: N networks.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dl_core.data import adding
from dl_core.layers import recurrent
from dl_core.report import draw
from dl_core.types import Claim, Picture

LENGTH, HIDDEN, BATCH = 30, 16, 16
RADIUS, RATE, LIMIT, ELEMENT = 1.1, 0.02, 1.0, 0.1
WAYS = {
  'no clipping': optax.identity(),
  'clipped by norm': optax.clip_by_global_norm(LIMIT),
  'clipped by element': optax.clip(ELEMENT),
}


class Run(NamedTuple):
  """Losses and norms of the gradient of every step, [N, steps]."""

  losses: np.ndarray
  norms: np.ndarray


def learn(seed: int, networks: int, steps: int) -> dict[str, Run]:
  """Trains N networks by plain gradient descent, with each way of clipping."""
  layer = recurrent.RNN(HIDDEN, activation='identity')

  def loss(params, x, y):
    h, _ = layer.apply({'params': params['layer']}, x)
    return jnp.mean((h @ params['output'] - y) ** 2)

  def train(clip, key):
    start_key, data_key = jax.random.split(key)
    optimizer = optax.chain(clip, optax.sgd(RATE))
    drawn = layer.init(start_key, jnp.zeros((1, 1, 2)))['params']
    drawn['recurrent_kernel'] = RADIUS * drawn['recurrent_kernel']
    params = {'layer': drawn, 'output': jnp.full(HIDDEN, 0.1)}

    def step(carry, number):
      params, state = carry
      x, y = adding.examples(jax.random.fold_in(data_key, number), BATCH, LENGTH)
      value, gradient = jax.value_and_grad(loss)(params, x, y)
      norm = optax.tree.norm(gradient)
      change, state = optimizer.update(gradient, state, params)
      return (optax.apply_updates(params, change), state), (value, norm)

    carry = params, optimizer.init(params)
    return jax.lax.scan(step, carry, jnp.arange(steps))[1]

  keys = jax.random.split(jax.random.key(seed), networks)
  run = lambda clip: jax.jit(jax.vmap(functools.partial(train, clip)))(keys)
  return {way: Run(*jax.device_get(run(clip))) for way, clip in WAYS.items()}


def picture(found: dict[str, Run]) -> Picture:
  """Draws the losses of every way, and the norms of the gradients."""
  broken = {way: ~np.isfinite(run.losses).all(axis=1) for way, run in found.items()}
  start = found['no clipping'].losses[:, 0]
  end = {way: run.losses[:, -20:].mean(axis=1) for way, run in found.items()}
  better = {way: end[way] < 0.1 * start for way in found}
  over = {
    way: np.mean(run.norms[np.isfinite(run.norms)] > LIMIT)
    for way, run in found.items()
  }
  many = len(start)
  clipped = [way for way in found if way != 'no clipping']

  def show():
    titles = ('loss', 'norm of the gradient, before clipping')
    figure, panels = draw.panels(7.5, 3.2, 2, titles=titles)
    for axes, part in zip(panels, Run._fields, strict=True):
      for (way, run), colour in zip(found.items(), draw.COLOURS, strict=False):
        values = np.where(np.isfinite(getattr(run, part)), getattr(run, part), np.inf)
        middle = np.median(np.clip(values, 0, 1e30), axis=0)
        axes.plot(middle, color=colour, label=way)
      axes.set(yscale='log', xlabel='step')
      axes.set_ylim(top=1e12)
    draw.guide(panels[1], y=LIMIT)
    draw.legend(panels[0])
    return figure

  return Picture(
    'Clipping',
    f'A linear network with ρ = {RADIUS:g} learns the adding problem of {LENGTH} steps '
    f'by gradient descent; median of {many} networks. The dotted line is the limit.',
    show,
    (
      Claim(
        'Without clipping, training ends in numbers that are not finite, more often '
        'than not',
        broken['no clipping'].mean() > 0.5,
        f'{broken["no clipping"].sum()} of {many} networks; '
        f'{over["no clipping"]:.0%} of the finite gradients are over {LIMIT:g}',
      ),
      Claim(
        'With clipping every network stays finite, and nearly all improve tenfold',
        all(not broken[way].any() and better[way].mean() >= 0.9 for way in clipped),
        ', '.join(
          f'{way}: {better[way].sum()} of {many} improve, '
          f'{over[way]:.0%} of the gradients over {LIMIT:g}'
          for way in clipped
        ),
      ),
    ),
  )
