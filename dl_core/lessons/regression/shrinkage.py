"""What penalties do to the weights of a linear fit, and to its errors.

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
from dl_core.tasks import optimizers
from dl_core.types import Array, Claim, Data, Key, Picture, Variables

CLOSE = {'squared': 1e-4, 'absolute': 1e-2}  # in deviations
STRENGTHS = np.geomspace(1e-3, 1.0, 40)
STEPS = 10_000  # of the fits for a path


def r2(variables: Variables, data: Data, key: Key) -> Mapping[str, float]:
  """Returns the share of the test split's variance that a fit explains, at most 1."""
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
  """Descends on squared errors under penalties, from w = 0: weights [F].

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
  """Draws the weights of a fit beside scikit-learn's, if it has such a fit."""
  title, claims = 'The weights', []
  if wanted:
    name, own = wanted
    title = f"The weights beside those of scikit-learn's {name}"
    claims = [
      Claim(
        f"Descent ends at scikit-learn's {name}",
        found.off(own) < CLOSE[loss],
        f'weights differ by at most {found.off(own):.1e} deviations',
      )
    ]

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 0.9 + 0.27 * len(names)), layout='constrained')
    axes, places = figure.subplots(), np.arange(len(names))
    axes.barh(places, found.w, color='C0', height=0.6, label='descent')
    if wanted:
      axes.plot(wanted[1].w, places, 'D', color='C1', ms=5, label=wanted[0])
    axes.axvline(0, color='black', lw=0.8)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel('deviations of the target for one deviation of the column')
    axes.legend()
    return figure

  zeros = int(np.sum(found.w == 0))
  return Picture(
    title,
    f'Of {len(names)} weights {zeros or "none"} {"are" if zeros > 1 else "is"} exactly '
    '0.',
    draw,
    tuple(claims),
  )


def path_picture(x: np.ndarray, y: np.ndarray, names: Sequence[str]) -> Picture:
  """Draws the weights of squared errors over the strength of either penalty."""
  none = np.zeros_like(STRENGTHS)
  penalties = {'l1': (STRENGTHS, none), 'l2': (none, STRENGTHS)}
  every = jax.jit(jax.vmap(fitted, (None, None, 0, 0)))
  found = {name: np.array(every(x, y, *of)) for name, of in penalties.items()}
  off = {}
  for name, of in penalties.items():
    fits = (
      exact.scikit_learn('squared', x, y, *each) for each in zip(*of, strict=True)
    )
    own = np.stack([fit[1].w for fit in fits if fit])
    off[name] = np.abs(own - found[name]).max()
  zeros = {name: np.sum(w == 0, axis=1) for name, w in found.items()}
  largest = np.argsort(-np.abs(found['l2'][0]))[:4]
  named = {
    column: {'color': f'C{place}', 'lw': 1.8, 'label': names[column]}
    for place, column in enumerate(largest)
  }

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 3.6), layout='constrained')
    panels = zip(figure.subplots(1, 2, sharey=True), found.items(), strict=True)
    for axes, (name, w) in panels:
      for column in np.argsort(np.abs(found['l2'][0])):  # the largest come last
        line = {'color': 'gray', 'lw': 1} | named.get(column, {})
        axes.plot(STRENGTHS, w[:, column], **line)
      axes.set_xscale('log')
      axes.set_xlabel(f'{name}, strength of the penalty')
    figure.axes[0].set_ylabel('weight')
    figure.axes[0].set_title('l1·Σ|w| (Lasso)', fontsize=10)
    figure.axes[1].set_title('½·l2·Σw² (Ridge)', fontsize=10)
    figure.axes[1].legend()
    return figure

  return Picture(
    'Weights over the strength of a penalty',
    'Under l1 one weight after another becomes exactly 0; under l2 they shrink '
    'together and none does. The four largest are named.',
    draw,
    (
      Claim(
        'The absolute values make weights exactly 0, all of them in the end',
        bool(np.median(zeros['l1']) > 0 and zeros['l1'][-1] == len(names)),
        f'{zeros["l1"][0]} to {zeros["l1"][-1]} of {len(names)} zeros from '
        f'l1 = {STRENGTHS[0]:g} to {STRENGTHS[-1]:g}',
      ),
      Claim(
        'The squares make none 0, at any strength',
        bool(np.all(zeros['l2'] == 0)),
        f'{int(zeros["l2"].sum())} zeros in {zeros["l2"].size} fits',
      ),
      Claim(
        "Every fit is scikit-learn's, Lasso(alpha=l1) or Ridge(alpha=N·l2)",
        bool(max(off.values()) < CLOSE['squared']),
        f'weights differ by at most {off["l1"]:.0e} and {off["l2"]:.0e}',
      ),
    ),
  )
