"""A linear classifier of points in the plane: its boundary and its path, drawn.

Shapes: N examples, F = 2 features, T steps.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import splits
from dl_core.types import Data, Key, Picture, Variables

PANELS = 8
BLUE, RED, GREEN, GREY = COLOURS = ('#4477aa', '#ee6677', '#228833', '#888888')


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


def steps_picture(x: np.ndarray, y: np.ndarray, path: np.ndarray) -> Picture:
  """Draws the boundary before the first step and after each one that moved it.

  Args:
    x, y: inputs [N, F], labels [N] of ±1.
    path: weights and bias [T + 1, F + 1] over the steps.
  """
  moved = [0, *(1 + np.flatnonzero(np.any(np.diff(path, axis=0) != 0, axis=1)))]
  # The first ones, where most happens, and the last.
  shown = [*moved[: PANELS - 1], moved[-1]] if len(moved) > PANELS else moved

  def draw():
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

    columns = min(4, len(shown))
    height = -(-len(shown) // columns)
    figure = Figure(figsize=(2.2 * columns, 2.4 * height), layout='constrained')
    low, high = x.min() - 0.5, x.max() + 0.5
    grid = np.stack(np.meshgrid(*[np.linspace(low, high, 120)] * 2), axis=-1)
    colours = ListedColormap([BLUE, 'none', RED])
    for place, step in enumerate(shown):
      w, b = path[step, :-1], path[step, -1]
      axes = figure.add_subplot(height, columns, place + 1)
      axes.imshow(
        np.sign(grid @ w + b),
        origin='lower',
        extent=(low, high, low, high),
        cmap=colours,
        vmin=-1,
        vmax=1,
        alpha=0.3,
      )
      wrong = y * (x @ w + b) <= 0
      for label, colour in ((-1, BLUE), (1, RED)):
        mine = y == label
        axes.scatter(x[mine, 0], x[mine, 1], c=colour, s=24, zorder=2)
      axes.scatter(
        x[wrong, 0], x[wrong, 1], s=90, facecolors='none', edgecolors=GREY, lw=1.5
      )
      axes.set_title(f'step {step}: {int(wrong.sum())} wrong', fontsize=10)
      axes.set_xticks([round(x.min()), round(x.max())])
      axes.set_yticks([round(x.min()), round(x.max())])
    return figure

  return Picture(
    'The boundary, step by step',
    'Where the perceptron answers +1 (red) and -1 (blue); rings mark mistakes. It '
    f'moved in {len(moved) - 1} of {len(path) - 1} steps'
    + ('.' if shown == moved else '; the first ones and the last are drawn.'),
    draw,
  )


def forms_picture(
  x: np.ndarray, y: np.ndarray, rule: np.ndarray, corrected: np.ndarray, off: float
) -> Picture:
  """Draws the weights that both forms of the rule give, and counts the mistakes.

  Args:
    x, y: inputs [N, F], labels [N] of ±1.
    rule, corrected: what `replay` returned.
    off: how far the trained weights are from the replayed ones.
  """
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
    f'and 1. They differ by at most {apart:g}, and by {off:g} from the trained '
    f'weights. {counted}',
    draw,
  )
