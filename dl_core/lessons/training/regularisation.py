"""How far a net learns its examples by heart, and what each regulariser does to that.

Runs are `studies.Finished` of one net, one per seed, which observe what
`weights.observe` keeps.

Shapes: N runs, L layers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.interpret import weights
from dl_core.lessons import curves
from dl_core.train import stopping
from dl_core.types import Claim, Picture

BLUE, ORANGE, GREY = '#2f7fb8', '#cf7a24', '#808080'  # for light and dark pages
Runs = Sequence[Any]


def chosen(run: Any) -> int:
  """Returns the step of the state that a run was tested in."""
  judged = [line for line in run.lines if line['split'] == 'validation']
  best = stopping.best_step(judged) if run.experiment.config.keep_best else None
  return max(run.observed) if best is None else best


def losses(runs: Runs) -> tuple[np.ndarray, np.ndarray]:
  """Returns the losses [N] on train and on test of the states that were tested."""
  train = [float(run.observed[chosen(run)]['fitted']) for run in runs]
  return np.array(train), curves.ends(runs, 'loss')


def zeros(runs: Runs) -> np.ndarray:
  """Returns the share of weights that are exactly 0, [N, L]."""
  return np.stack([run.observed[chosen(run)]['zeros'] for run in runs])


def diagnosis(runs: Runs, stopped: Runs = ()) -> Picture:
  """Shows losses on train and validation over the steps, and where to stop.

  Args:
    runs: trained to the end.
    stopped: the same, stopped early.
  """
  steps, judged = curves.over(runs, 'validation', 'loss')
  fitted = np.array([[r.observed[s]['fitted'] for r in runs] for s in steps.tolist()])
  best = judged.min(axis=0)
  at = steps[judged.argmin(axis=0)]
  fell = bool(np.all(fitted[-1] < fitted[judged.argmin(axis=0), range(len(runs))]))
  claims = [
    Claim(
      'Validation loss turns and rises while the loss on train goes on falling',
      bool(np.all(judged[-1] > 1.05 * best)) and fell,
      f'lowest at steps {", ".join(map(str, sorted(at)))}, {curves.spread(best)}; in '
      f'the end {curves.spread(judged[-1])}',
    )
  ]
  if stopped:
    early, late = curves.ends(stopped, 'loss'), curves.ends(runs, 'loss')
    right = [curves.ends(each, 'accuracy') for each in (stopped, runs)]
    claims.append(
      Claim(
        'Stopped early, the net has a lower loss on test than at its last step, with '
        'every seed',
        bool(np.all(early < late)),
        f'{curves.spread(early)} against {curves.spread(late)}; accuracy '
        f'{curves.spread(right[0], ".1%")} against {curves.spread(right[1], ".1%")}',
      )
    )

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 3.4), layout='constrained')
    axes = figure.subplots()
    curves.band(axes, steps, fitted, 'train', BLUE)
    curves.band(axes, steps, judged, 'validation', ORANGE)
    axes.axvline(np.median(at), color=GREY, ls='--', lw=1)
    axes.text(np.median(at), judged.max(), ' stop here', va='top')
    axes.set(xlabel='step', ylabel='loss, nats', ylim=(0, 1.15 * judged.max()))
    axes.legend(loc='center right')
    return figure

  return Picture(
    'When to stop',
    'The loss of the net at rest, without any regulariser; bands from the lowest to '
    f'the highest of {len(runs)} seeds. What it learns after the dashed line holds for '
    f'its examples alone.{noise(runs)}',
    draw,
    tuple(claims),
  )


def gaps(results: Mapping[str, Runs], plain: str) -> Picture:
  """Shows the losses on train and test of every method, and the gap between them.

  Args:
    results: {method: runs}, the plain net among them.
    plain: its name.
  """
  found = {name: losses(runs) for name, runs in results.items()}
  gap = {name: test - train for name, (train, test) in found.items()}
  test_of_plain = found[plain][1]
  claims = [
    Claim(
      f'{capital(named(name))} lowers the loss on test and narrows its gap to that on '
      'train, with every seed' + (' (a side effect)' if name == 'batch_norm' else ''),
      bool(
        np.all(np.abs(gap[name]) < np.abs(gap[plain]))
        and np.all(found[name][1] < test_of_plain)
      ),
      f'{curves.spread(found[name][1])} nats against {curves.spread(test_of_plain)}, '
      f'gap {curves.spread(gap[name])} against {curves.spread(gap[plain])}; accuracy '
      f'{curves.spread(curves.ends(runs, "accuracy"), ".1%")} against '
      f'{curves.spread(curves.ends(results[plain], "accuracy"), ".1%")}',
    )
    for name, runs in results.items()
    if name != plain
  ]

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.45 * len(found) + 0.9), layout='constrained')
    left, right = figure.subplots(1, 2, sharey=True)
    for row, (name, (train, test)) in enumerate(found.items()):
      left.plot([train.mean(), test.mean()], [row, row], color=GREY, lw=1, zorder=0)
      for values, colour in ((train, BLUE), (test, ORANGE)):
        left.scatter(values, [row] * len(values), color=colour, s=22)
      accuracy = 100 * curves.ends(results[name], 'accuracy')
      right.scatter(accuracy, [row] * len(accuracy), color=ORANGE, s=22)
    left.scatter([], [], color=BLUE, label='train')
    left.scatter([], [], color=ORANGE, label='test')
    left.set_yticks(range(len(found)), list(map(named, found)))
    left.invert_yaxis()
    left.set_xlabel('loss, nats')
    left.legend(loc='lower center', bbox_to_anchor=(0.5, 1), ncols=2)
    right.set_xlabel('test accuracy, %')
    return figure

  return Picture(
    'What each one brings',
    'Losses on train and test of the net at rest, and accuracy on test; a dot for each '
    f'seed. The grey line is the gap.{noise(results[plain])}',
    draw,
    tuple(claims),
  )


def sparsity(results: Mapping[str, Runs]) -> Picture:
  """Shows how the weights of the first layer are spread, and how many are exactly 0."""
  shares = {name: zeros(runs) for name, runs in results.items()}
  claims = []
  if {'l1', 'l2'} <= set(results):
    one, two = (shares[name].mean(axis=1) for name in ('l1', 'l2'))
    claims.append(
      Claim(
        'The L1 penalty makes weights exactly 0, the L2 penalty makes none, with every '
        'seed',
        bool(np.all(one > 0.05) and np.all(two == 0)),
        f'{curves.spread(one, ".0%")} of all weights against '
        f'{curves.spread(two, ".0%")}, mean over layers',
      )
    )

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout='constrained')
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    layers = next(iter(shares.values())).shape[1]
    width = 0.8 / len(shares)
    for place, (name, runs) in enumerate(results.items()):
      colour = curves.COLOURS[place]
      weights.stairs(left, runs[0].observed[chosen(runs[0])], 0, colour, named(name))
      where = np.arange(layers) + (place - (len(shares) - 1) / 2) * width
      right.bar(where, 100 * shares[name].mean(axis=0), width, color=colour)
    left.set(xlabel='weight of the first layer', ylabel='density', yscale='log')
    left.legend()
    right.set_xticks(range(layers), [f'layer {n + 1}' for n in range(layers)])
    right.set_ylabel('exactly 0, %')
    return figure

  return Picture(
    'What a penalty does to weights',
    'How the weights of the first layer lie in the end (first seed), and how many of '
    'each layer are exactly 0 (mean of the seeds). L1 is applied by its proximal step; '
    'descent along ±λ would step over 0 for ever.',
    draw,
    tuple(claims),
  )


def noise(runs: Runs) -> str:
  """Says against which labels the losses are, where those of train are not all right.

  The gap is then one between labels too: a net that learns none of the wrong ones has
  the higher loss on train.
  """
  share = runs[0].experiment.config.label_noise
  if not share:
    return ''
  return (
    f' Train: against the labels it learns from, {share:.0%} of them drawn anew. '
    'Validation and test: against the right ones. So a net that learns no wrong label '
    'has the higher loss on train.'
  )


def named(method: str) -> str:
  """Writes a method as a person does: 'L1', 'batch norm'."""
  return method.upper() if method in ('l1', 'l2') else method.replace('_', ' ')


def capital(words: str) -> str:
  return words[0].upper() + words[1:]
