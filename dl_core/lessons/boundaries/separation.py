"""The perceptron: its boundary step by step, both forms of its rule, Novikoff's bound.

Shapes: N examples, F = 2 features, T steps.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import splits
from dl_core.report import draw
from dl_core.types import Data, Key, Picture, Variables

PANELS = 8  # steps drawn at most


def observe(variables: Variables, data: Data, key: Key) -> dict[str, Any]:
  """Returns the weights [F] and the bias [] of a `Perceptron`."""
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
    trained = np.stack([np.append(seen['w'], seen['b']) for seen in observed.values()])
    off = np.abs(rule[list(observed)] - trained).max()
    return [steps_picture(x, y, rule), forms_picture(x, y, rule, corrected, off)]

  return pictures


def training_set(data: Data) -> tuple[np.ndarray, np.ndarray]:
  """Returns the training inputs [N, F] and labels [N], without padding."""
  return splits.examples(data, 'train')


def replay(
  x: np.ndarray, y: np.ndarray, order: np.ndarray, rate: float
) -> tuple[np.ndarray, np.ndarray]:
  """Trains in NumPy by both forms of the perceptron rule on the same examples.

  The first adds η·y·x where y·f ≤ 0. The second adds η·(t - t̂)·x with targets t and
  predictions t̂ of 0 and 1; an activation of 0 is a wrong prediction.

  Args:
    x, y: inputs [N, F], labels [N] of ±1.
    order: indices [T] of the examples in the order of training.
    rate: learning rate η.

  Returns:
    Weights and bias [T + 1, F + 1] before the first step and after each, by both forms.
  """
  x = np.concatenate([x, np.ones((len(x), 1), x.dtype)], axis=1)
  target = (y + 1) / 2
  rule, corrected = [np.zeros(x.shape[1])], [np.zeros(x.shape[1])]
  for i in order:
    v, w = rule[-1], corrected[-1]
    rule.append(v + rate * y[i] * x[i] * (y[i] * (v @ x[i]) <= 0))
    f = w @ x[i]
    predicted = f > 0 if f else 1 - target[i]
    corrected.append(w + rate * (target[i] - predicted) * x[i])
  return np.stack(rule), np.stack(corrected)


def novikoff(x: np.ndarray, y: np.ndarray) -> float | None:
  """Returns (R/γ)², the bound on the mistakes of the perceptron; None if not separable.

  R is the norm of the longest input with its constant 1 for the bias, γ the margin of a
  separating unit vector (Novikoff 1962), here of a support vector machine.
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


def steps_picture(x: np.ndarray, y: np.ndarray, path: np.ndarray) -> Picture:
  """Draws the boundary before the first step and after each step that moved it.

  Args:
    x, y: inputs [N, F], labels [N] of ±1.
    path: weights and bias [T + 1, F + 1] over the steps.
  """
  moved = [0, *(1 + np.flatnonzero(np.any(np.diff(path, axis=0) != 0, axis=1)))]
  shown = [*moved[: PANELS - 1], moved[-1]] if len(moved) > PANELS else moved

  def show():
    wrong = [y * (x @ path[step, :-1] + path[step, -1]) <= 0 for step in shown]
    titles = [
      f'step {n}: {each.sum()} wrong' for n, each in zip(shown, wrong, strict=True)
    ]
    across = min(4, len(shown))
    size = 2.2 * across, 2.4 * -(-len(shown) // across)
    figure, panels = draw.panels(*size, len(shown), across, titles)
    low, high = x.min() - 0.5, x.max() + 0.5
    grid = np.stack(np.meshgrid(*[np.linspace(low, high, 120)] * 2), axis=-1)
    for axes, step, mistaken in zip(panels, shown, wrong, strict=True):
      f = grid @ path[step, :-1] + path[step, -1]
      classes = np.where(f == 0, -1, f > 0)
      draw.regions(axes, classes, ((low, low), (high, high)), ink=0.3)
      for label, colour in ((-1, draw.BLUE), (1, draw.ORANGE)):
        axes.scatter(*x[y == label].T, c=colour, s=24, zorder=2)
      ring = {'facecolors': 'none', 'edgecolors': draw.GREY, 'lw': 1.5}
      axes.scatter(*x[mistaken].T, s=90, **ring)
      ticks = [round(x.min()), round(x.max())]
      axes.set(xticks=ticks, yticks=ticks)
    return figure

  return Picture(
    'The boundary, step by step',
    'Regions in which the perceptron predicts +1 (orange) and -1 (blue); rings mark '
    f'mistakes. {len(moved) - 1} of {len(path) - 1} steps moved the boundary'
    + ('.' if shown == moved else '; the first of them and the last are drawn.'),
    show,
  )


def forms_picture(
  x: np.ndarray, y: np.ndarray, rule: np.ndarray, corrected: np.ndarray, off: float
) -> Picture:
  """Draws the weights by both forms of the rule, and counts the mistakes.

  Args:
    x, y: inputs [N, F], labels [N] of ±1.
    rule, corrected: the result of `replay`.
    off: largest difference between trained and replayed weights.
  """
  mistakes = np.any(np.diff(rule, axis=0) != 0, axis=1).sum()
  apart = np.abs(rule - corrected).max()
  bound = novikoff(x, y)
  if bound is None:
    counted = (
      f'It made {mistakes} mistakes and never converges: no line separates the rows. '
      'For XOR, (0,1) and (1,0) require w₁ + b > 0 and w₂ + b > 0, so w₁ + w₂ + 2b > '
      '0; (0,0) and (1,1) require b < 0 and w₁ + w₂ + b < 0, so the opposite. A line '
      'classifies at most three of the four rows correctly, two layers all four.'
    )
  else:
    counted = (
      f"It made {mistakes} mistakes; Novikoff's bound on these examples, in any order, "
      f'is (R/γ)² = {bound:.0f}.'
    )

  def show():
    figure, axes = draw.panel(7, 3, xlabel='step', ylabel='weight')
    names = [f'w{n + 1}' for n in range(rule.shape[1] - 1)] + ['b']
    for n, (name, colour) in enumerate(zip(names, draw.COLOURS, strict=False)):
      look: Any = {'where': 'post', 'color': colour}
      axes.step(range(len(rule)), rule[:, n], label=name, lw=3, alpha=0.4, **look)
      axes.step(range(len(rule)), corrected[:, n], ls=':', lw=1.5, **look)
    draw.legend(axes)
    return figure

  return Picture(
    'Both forms of the rule',
    'Wide lines: w += η·y·x on a mistake. Dotted: w += η·(t - t̂)·x with targets of 0 '
    f'and 1. They differ by at most {apart:g}, and from the trained weights by '
    f'{off:g}. {counted}',
    show,
  )
