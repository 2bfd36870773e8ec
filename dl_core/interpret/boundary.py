"""A linear classifier of points in the plane: its boundary and its path, drawn.

Shapes: N examples, F = 2 features, T steps.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Data, Key, Picture, Variables

PANELS = 8


def observe(variables: Variables, data: Data, key: Key) -> dict[str, Any]:
  """Keeps the weights [F] and the bias [] of a `Perceptron`."""
  del data, key
  neuron = variables['params']['neuron']
  return {'w': neuron['kernel'][:, 0], 'b': neuron['bias'][0]}


def report(rate: float):
  """Makes the report of a perceptron trained with learning rate `rate`."""

  def pictures(variables, observed, data, key) -> list[Picture]:
    del variables
    x, y = training_set(data)
    order = np.asarray(jax.vmap(lambda t: data.rows(key, t))(jnp.arange(max(observed))))
    rule, corrected = replay(x, y, order[:, 0], rate)
    return [steps_picture(x, y, observed), forms_picture(x, y, rule, corrected)]

  return pictures


def training_set(data: Data) -> tuple[np.ndarray, np.ndarray]:
  """Returns the training inputs [N, F] and labels [N], without padding."""
  parts = [(b.x[b.weight > 0], b.y[b.weight > 0]) for b in data.splits['train']()]
  x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
  return x, y


def replay(
  x: np.ndarray, y: np.ndarray, order: np.ndarray, rate: float
) -> tuple[np.ndarray, np.ndarray]:
  """Trains in plain NumPy by both forms of the rule on the same examples.

  The first adds η·y·x where y·f ≤ 0. The second adds η·(t - t̂)·x with targets t and
  answers t̂ of 0 and 1, an activation of 0 counting as the wrong answer.

  Args:
    x, y: inputs [N, F], labels [N] of ±1.
    order: numbers [T] of the examples, in the order in which they are seen.
    rate: η.

  Returns:
    Weights and bias [T + 1, F + 1] before the first step and after each, twice.
  """
  x = np.concatenate([x, np.ones((len(x), 1), x.dtype)], axis=1)
  target = (y + 1) / 2
  rule, corrected = [np.zeros(x.shape[1])], [np.zeros(x.shape[1])]
  for i in order:
    v, w = rule[-1], corrected[-1]
    rule.append(v + rate * y[i] * x[i] * (y[i] * (v @ x[i]) <= 0))
    f = w @ x[i]
    answer = f > 0 if f else 1 - target[i]
    corrected.append(w + rate * (target[i] - answer) * x[i])
  return np.stack(rule), np.stack(corrected)


def novikoff(x: np.ndarray, y: np.ndarray) -> float | None:
  """Bounds the mistakes of the perceptron from w = 0 by (R/γ)²; None: not separable.

  R is the longest input, its constant 1 for the bias included; γ the margin of a
  separating unit vector (Novikoff 1962), here the support vector machine's.
  """
  from sklearn import svm

  machine = svm.SVC(kernel='linear', C=1e6).fit(x, y)
  u = np.append(machine.coef_[0], machine.intercept_[0])
  x = np.concatenate([x, np.ones((len(x), 1), x.dtype)], axis=1)
  nearest = np.min(y * (x @ u))
  if nearest <= 1e-6:
    return None
  longest = np.max(np.linalg.norm(x, axis=1))
  return float((longest * np.linalg.norm(u) / nearest) ** 2)


def steps_picture(
  x: np.ndarray, y: np.ndarray, observed: Mapping[int, Mapping[str, np.ndarray]]
) -> Picture:
  """Draws the boundary wherever it was seen to have moved, and at last."""
  moved, last = [], None
  for step, seen in sorted(observed.items()):
    now = (*seen['w'].tolist(), float(seen['b']))
    if now != last:
      moved.append(step)
    last = now
  shown = moved
  if len(moved) > PANELS:  # the first ones, where most happens, and the last
    shown = [*moved[: PANELS - 1], moved[-1]]

  def draw():
    from matplotlib.figure import Figure

    columns = min(4, len(shown))
    height = -(-len(shown) // columns)
    figure = Figure(figsize=(2.2 * columns, 2.4 * height), layout='constrained')
    low, high = x.min() - 0.5, x.max() + 0.5
    grid = np.stack(np.meshgrid(*[np.linspace(low, high, 200)] * 2), axis=-1)
    for place, step in enumerate(shown):
      w, b = observed[step]['w'], observed[step]['b']
      axes = figure.add_subplot(height, columns, place + 1)
      side = np.sign(grid @ w + b)
      axes.contourf(
        grid[..., 0],
        grid[..., 1],
        side,
        levels=[-1.5, -0.5, 0.5, 1.5],
        colors=['#4477aa', '#bbbbbb', '#ee6677'],
        alpha=0.3,
      )
      wrong = y * (x @ w + b) <= 0
      for label, colour in ((-1, '#4477aa'), (1, '#ee6677')):
        mine = y == label
        axes.scatter(x[mine, 0], x[mine, 1], c=colour, s=24, zorder=2)
      axes.scatter(
        x[wrong, 0],
        x[wrong, 1],
        s=90,
        facecolors='none',
        edgecolors='#888888',
        linewidths=1.5,
      )
      axes.set_title(f'step {step}: {int(wrong.sum())} wrong', fontsize=9)
      axes.set_aspect('equal')
      axes.tick_params(labelsize=7)
    return figure

  return Picture(
    'The boundary, step by step',
    'Where the perceptron answers +1 (red) and -1 (blue); rings mark mistakes. '
    + (
      f'The boundary moved {len(moved)} times between evaluations; '
      f'{len(shown)} of them are drawn.'
    ),
    draw,
  )


def forms_picture(
  x: np.ndarray, y: np.ndarray, rule: np.ndarray, corrected: np.ndarray
) -> Picture:
  """Draws the weights that both forms of the rule give, and counts the mistakes."""
  mistakes = np.any(np.diff(rule, axis=0) != 0, axis=1).sum()
  apart = np.abs(rule - corrected).max()
  bound = novikoff(x, y)
  if bound is None:
    counted = (
      f'It erred {mistakes} times and would for ever: no line separates the rows. For '
      'XOR, (0,1) and (1,0) ask for w₁ + b > 0 and w₂ + b > 0, together w₁ + w₂ + 2b > '
      '0; (0,0) and (1,1) ask for b < 0 and w₁ + w₂ + b < 0, together the opposite. '
      'Three rows of four is the best that any line gets right; two layers get all.'
    )
  else:
    counted = (
      f'It erred {mistakes} times; Novikoff allows at most (R/γ)² = {bound:.0f} on '
      'these examples, in whatever order they come.'
    )

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout='constrained')
    axes = figure.subplots()
    names = [f'w{n + 1}' for n in range(rule.shape[1] - 1)] + ['b']
    for n, (name, colour) in enumerate(zip(names, COLOURS, strict=False)):
      axes.step(
        range(len(rule)),
        rule[:, n],
        where='post',
        color=colour,
        label=name,
        lw=3,
        alpha=0.4,
      )
      axes.step(
        range(len(rule)), corrected[:, n], where='post', color=colour, ls=':', lw=1.5
      )
    axes.set_xlabel('step')
    axes.set_ylabel('weight')
    axes.legend(fontsize=8)
    return figure

  return Picture(
    'Both forms of the rule',
    'Wide lines: w += η·y·x on a mistake. Dotted: w += η·(t - t̂)·x with targets of 0 '
    f'and 1. They differ by at most {apart:g}. {counted}',
    draw,
  )


COLOURS = ('#4477aa', '#ee6677', '#228833')
