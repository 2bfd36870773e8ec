"""What fits into the last state of an encoder: copies by length, and a linear probe.

Cho et al. 2014 (https://arxiv.org/abs/1409.1259) saw translations get worse with the
length of a sentence; Bahdanau, Cho & Bengio (2015, https://arxiv.org/abs/1409.0473)
mended that with attention.

Shapes: N examples, L lengths.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.data import copies
from dl_core.report import draw
from dl_core.tasks import translation
from dl_core.types import Claim, Picture

KINDS = {'none': draw.ORANGE, 'dot': draw.BLUE}
ENOUGH, FEW = 0.95, 0.5  # shares of exact copies
PROBED = 2_000  # examples that the probe is fitted to, and as many that it is tried on
PENALTY = 1e-3  # of the probe's weights
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(sizes: Sequence[int], results: Runs) -> list[Picture]:
  """Draws the share of exact copies by length, and what a probe reads from the state.

  Args:
    sizes: of the hidden states, rising.
    results: {'none-50': runs, 'dot-50': runs, ...}.
  """
  shares = {
    label: np.stack([exact(run) for run in runs], axis=1)
    for label, runs in results.items()
  }  # [L, seeds] each
  small, large = sizes[0], sizes[-1]
  count = len(shares[f'none-{large}'])
  lengths = np.arange(1, count + 1)
  mean = {label: values.mean(axis=1) for label, values in shares.items()}
  apart = (mean[f'none-{large}'] < FEW) & (mean[f'dot-{large}'] > ENOUGH)
  reach = {size: held(mean[f'none-{size}']) for size in sizes}
  runs = results[f'none-{large}']
  tried = sorted({max(1, count // 4), max(1, count // 2), count})
  read = {length: probe(runs[0], length) for length in tried}

  def show():
    titles = ['without attention', 'with attention']
    figure, panels = draw.panels(7.5, 3.2, 2, titles=titles, sharey=True)
    for axes, kind in zip(panels, KINDS, strict=True):
      for n, size in enumerate(sizes):
        look: Any = {'lw': 1 + n, 'ls': '-' if size == large else '--'}
        values = shares[f'{kind}-{size}']
        draw.band(axes, lengths, values, f'{size} units', KINDS[kind], **look)
      draw.guide(axes, y=FEW)
      axes.set_xlabel('letters')
      draw.legend(axes)
    panels[0].set(ylabel='exact copies', ylim=(-0.03, 1.03))
    return figure

  def probed():
    figure, axes = draw.panel(
      5.2, 3.2, xlabel='place of the letter', ylabel='letters read', ylim=(-0.03, 1.03)
    )
    for (length, values), colour in zip(read.items(), draw.COLOURS, strict=False):
      label = f'of {length} letters'
      axes.plot(np.arange(1, length + 1), values, marker='.', color=colour, label=label)
    draw.guide(axes, y=1 / 26)
    draw.legend(axes)
    return figure

  return [
    Picture(
      'Copies by length',
      'Share of texts of random letters that are written again without an error. '
      'Without attention all of a text has to fit into the last state of the encoder.',
      show,
      (
        Claim(
          f'With {large} units there is a length at which fewer than {FEW:.0%} of the '
          f'copies are exact without attention and more than {ENOUGH:.0%} with it',
          bool(apart.any()),
          f'at {listed(lengths[apart])} letters'
          if apart.any()
          else f'at {count} letters {mean[f"none-{large}"][-1]:.0%} and '
          f'{mean[f"dot-{large}"][-1]:.0%}',
        ),
        Claim(
          f'A state of {small} units instead of {large} holds fewer letters',
          reach[small] < reach[large],
          ', '.join(
            f'{size} units: half of the copies are exact up to {length} letters'
            for size, length in reach.items()
          ),
        ),
      ),
    ),
    Picture(
      'What the last state still has',
      'Share of letters that a linear probe reads from the last state of the encoder '
      f'of {large} units without attention, by their place. Dotted: chance.',
      probed,
      (
        Claim(
          'The more letters a text has, the fewer of them a probe can read',
          bool(np.all(np.diff([values.mean() for values in read.values()]) < 0)),
          ', '.join(f'{values.mean():.0%} of {n}' for n, values in read.items()),
        ),
      ),
    ),
  ]


def listed(lengths: np.ndarray) -> str:
  """Writes lengths as '9 to 24'."""
  return f'{lengths[0]} to {lengths[-1]}' if len(lengths) > 1 else f'{lengths[0]}'


def held(shares: np.ndarray) -> int:
  """Returns the length up to which half of the copies are exact."""
  below = np.flatnonzero(shares < FEW)
  return int(below[0]) if len(below) else len(shares)


def exact(run: Any) -> np.ndarray:
  """Returns the share of exact copies of each length [L] on the test split."""
  experiment = run.experiment
  x, y = translation.examples(experiment.data, 'test')
  logits = np.asarray(experiment.task.outputs(run.variables(), x))
  right = (logits.argmax(axis=-1) == y) | (y == copies.MARKS.pad)
  whole = right.all(axis=1)
  lengths = x['lengths'] - 1
  return np.array([whole[lengths == one].mean() for one in np.unique(lengths)])


def probe(run: Any, length: int) -> np.ndarray:
  """Returns the share of right letters at each place of texts of a length.

  A ridge regression maps the first state of the decoder to the letter of each place.
  """
  import jax

  experiment = run.experiment
  longest = experiment.data.spec.batch.y.shape[1]
  counts = np.full(2 * PROBED, length, np.int32)
  x = jax.device_get(copies.copied(jax.random.key(17), counts, longest)).x
  writing = experiment.task.decode.start(run.variables(), x, longest)
  leaves = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(writing.state)]
  state = np.concatenate([*leaves, np.ones((2 * PROBED, 1))], axis=1)
  fitted, tried = state[:PROBED], state[PROBED:]
  inner = np.linalg.inv(fitted.T @ fitted + PENALTY * PROBED * np.eye(state.shape[1]))
  found = []
  for place in range(length):
    letters = x['source'][:, place]
    wanted = np.eye(copies.LETTERS.size)[letters[:PROBED]]
    said = (tried @ (inner @ (fitted.T @ wanted))).argmax(axis=1)
    found.append(np.mean(said == letters[PROBED:]))
  return np.array(found)
