"""Weights of a linear fit under l1 and l2 penalties.

Shapes: N examples, F columns, K strengths of a penalty, T steps.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
import optax

from dl_core.data import splits
from dl_core.lessons.boundaries import separation
from dl_core.lessons.regression import exact, quadratic, sparsity
from dl_core.lessons.regression.exact import Fit
from dl_core.report import claims, draw
from dl_core.tasks import optimizers
from dl_core.types import Array, Claim, Data, Key, Picture, Variables

CLOSE = {'squared': 1e-4, 'absolute': 1e-2}  # in standard deviations
STRENGTHS = np.geomspace(1e-3, 1.0, 40)
STEPS = 10_000  # of gradient descent for each strength


def r2(variables: Variables, data: Data, key: Key) -> Mapping[str, float]:
  """Returns R², the share of the variance that a fit explains, on the test split."""
  del key
  x, y = splits.examples(data, 'test')
  neuron = jax.device_get(variables['params']['neuron'])
  left = y - Fit(neuron['kernel'][:, 0], neuron['bias'][0])(x)
  return {'r2': float(1 - np.sum(left**2) / np.sum((y - y.mean()) ** 2))}


def report(loss: str, l1: float, l2: float, names: Sequence[str]):
  """Makes the report of a linear fit of many columns.

  Args:
    loss, l1, l2: see `exact`.
    names: of the columns [F].
  """

  def pictures(variables, observed, data, key) -> list[Picture]:
    del variables, key
    x, y = separation.training_set(data)
    last = observed[max(observed)]
    found = Fit(last['w'], float(last['b']))
    return [
      weights_picture(loss, found, exact.scikit_learn(loss, x, y, l1, l2), names),
      path_picture(x, y, names),
      sparsity.picture(x, y, names),
    ]

  return pictures


def fitted(x: Any, y: Any, l1: Any, l2: Any) -> Array:
  """Returns the weights [F] after descent from w = 0 on penalised squared errors.

  Args:
    x, y: standardised inputs [N, F] and numbers [N].
    l1, l2: strengths.
  """

  def make(rate):
    penalty = optax.add_decayed_weights(l2)
    return optax.chain(penalty, optax.sgd(rate), optimizers.soft_threshold(rate, l1))

  start, step = quadratic.descent(x, y, make)
  return jax.lax.fori_loop(0, STEPS, lambda _, carried: step(carried), start)[0][:, 0]


def weights_picture(
  loss: str, found: Fit, wanted: tuple[str, Fit] | None, names: Sequence[str]
) -> Picture:
  """Draws the weights of a fit, beside scikit-learn's if there are any."""
  title = 'The weights'
  checked: list[Claim] = []
  if wanted:
    name, own = wanted
    title = f"The weights beside those of scikit-learn's {name}"
    sentence = f"Gradient descent ends at scikit-learn's {name}"
    checked = [claims.identity(sentence, found.off(own), 0, CLOSE[loss])]

  def show():
    figure, axes = draw.panel(7, 0.9 + 0.27 * len(names))
    places = np.arange(len(names))
    axes.barh(places, found.w, color=draw.BLUE, height=0.6, label='descent')
    if wanted:
      axes.plot(wanted[1].w, places, 'D', color=draw.ORANGE, ms=5, label=wanted[0])
    draw.guide(axes, x=0, color='black', ls='-', lw=0.8, zorder=2)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel('weight, in standard deviations of the target and the column')
    draw.legend(axes)
    return figure

  zeros = int(np.sum(found.w == 0))
  return Picture(
    title,
    f'Of {len(names)} weights {zeros or "none"} {"are" if zeros > 1 else "is"} exactly '
    '0.',
    show,
    tuple(checked),
  )


def path_picture(x: np.ndarray, y: np.ndarray, names: Sequence[str]) -> Picture:
  """Draws the weights of squared errors over the strength of both penalties."""
  none = np.zeros_like(STRENGTHS)
  penalties = {'l1': (STRENGTHS, none), 'l2': (none, STRENGTHS)}
  every = jax.jit(jax.vmap(fitted, (None, None, 0, 0)))
  found = {name: np.array(every(x, y, *of)) for name, of in penalties.items()}
  fits = [
    exact.scikit_learn('squared', x, y, *each)
    for of in penalties.values()
    for each in zip(*of, strict=True)
  ]
  zeros = {name: np.sum(w == 0, axis=1) for name, w in found.items()}
  largest = np.argsort(-np.abs(found['l2'][0]))[:4]
  named = {
    column: {'color': colour, 'lw': 1.8, 'label': names[column]}
    for column, colour in zip(largest, draw.COLOURS, strict=False)
  }

  def show():
    titles = 'l1·Σ|w| (Lasso)', '½·l2·Σw² (Ridge)'
    figure, panels = draw.panels(8.5, 3.6, 2, titles=titles, sharey=True)
    for axes, (name, w) in zip(panels, found.items(), strict=True):
      for column in np.argsort(np.abs(found['l2'][0])):  # the largest come last
        line = {'color': draw.GREY, 'lw': 1} | named.get(column, {})
        axes.plot(STRENGTHS, w[:, column], **line)
      axes.set_xscale('log')
      axes.set_xlabel(f'{name}, strength of the penalty')
    panels[0].set_ylabel('weight')
    draw.legend(panels[1])
    return figure

  return Picture(
    'Weights over the strength of a penalty',
    'With l1 one weight after another becomes exactly 0; with l2 all weights shrink '
    'and none becomes 0. The four largest weights are named.',
    show,
    (
      Claim(
        'An l1 penalty makes weights exactly 0, all of them in the end',
        np.median(zeros['l1']) > 0 and zeros['l1'][-1] == len(names),
        f'{zeros["l1"][0]} to {zeros["l1"][-1]} of {len(names)} zeros from '
        f'l1 = {STRENGTHS[0]:g} to {STRENGTHS[-1]:g}',
      ),
      Claim(
        'An l2 penalty makes no weight 0, at any strength',
        np.all(zeros['l2'] == 0),
        f'{int(zeros["l2"].sum())} zeros in {zeros["l2"].size} fits',
      ),
      claims.identity(
        "The weights are scikit-learn's, of Lasso(alpha=l1) and Ridge(alpha=N·l2)",
        np.concatenate([*found.values()]),
        np.stack([fit[1].w for fit in fits if fit]),
        CLOSE['squared'],
      ),
    ),
  )
