"""Measures how far a net overfits, and what each regulariser does about it.

Runs are `studies.Finished` of one net, one per seed, with `weights.observe` as their
`observe`.

Shapes: N runs, L layers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.interpret import weights
from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.train import stopping
from dl_core.types import Claim, Picture

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
  fell = np.all(fitted[-1] < fitted[judged.argmin(axis=0), range(len(runs))])
  claims = [
    Claim(
      'Validation loss turns and rises while the loss on train goes on falling',
      np.all(judged[-1] > 1.05 * best) and fell,
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
        np.all(early < late),
        f'{curves.spread(early)} against {curves.spread(late)}; accuracy '
        f'{curves.spread(right[0], ".1%")} against {curves.spread(right[1], ".1%")}',
      )
    )

  def show():
    figure, axes = draw.panel(6.5, 3.4, xlabel='step', ylabel='loss, nats')
    draw.band(axes, steps, fitted, 'train', draw.BLUE)
    draw.band(axes, steps, judged, 'validation', draw.ORANGE)
    draw.guide(axes, x=np.median(at), ls='--')
    axes.text(np.median(at), judged.max(), ' stop here', va='top')
    axes.set_ylim(0, 1.15 * judged.max())
    draw.legend(axes, loc='center right')
    return figure

  return Picture(
    'When to stop',
    'The loss of the net in evaluation mode, without any regulariser; bands: the range '
    f'over {len(runs)} seeds. After the dashed line the net learns only what holds for '
    f'its training examples.{noise(runs)}',
    show,
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
      np.all(np.abs(gap[name]) < np.abs(gap[plain]))
      and np.all(found[name][1] < test_of_plain),
      f'{curves.spread(found[name][1])} nats against {curves.spread(test_of_plain)}, '
      f'gap {curves.spread(gap[name])} against {curves.spread(gap[plain])}; accuracy '
      f'{curves.spread(curves.ends(runs, "accuracy"), ".1%")} against '
      f'{curves.spread(curves.ends(results[plain], "accuracy"), ".1%")}',
    )
    for name, runs in results.items()
    if name != plain
  ]

  def show():
    figure, (left, right) = draw.panels(8, 0.45 * len(found) + 0.9, 2, sharey=True)
    for row, (name, (train, test)) in enumerate(found.items()):
      left.plot(
        [train.mean(), test.mean()], [row, row], color=draw.GREY, lw=1, zorder=0
      )
      for values, colour in ((train, draw.BLUE), (test, draw.ORANGE)):
        left.scatter(values, [row] * len(values), color=colour, s=22)
      accuracy = 100 * curves.ends(results[name], 'accuracy')
      right.scatter(accuracy, [row] * len(accuracy), color=draw.ORANGE, s=22)
    left.set_yticks(range(len(found)), list(map(named, found)))
    left.invert_yaxis()
    left.set_xlabel('loss, nats')
    places = {'loc': 'lower center', 'bbox_to_anchor': (0.5, 1), 'ncols': 2}
    draw.legend(left, {'train': draw.BLUE, 'test': draw.ORANGE}, **places)
    right.set_xlabel('test accuracy, %')
    return figure

  return Picture(
    'What each one brings',
    'Losses on train and test of the net in evaluation mode, and accuracy on test; a '
    f'dot for each seed. The grey line is the gap.{noise(results[plain])}',
    show,
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
        'The L1 penalty makes weights exactly 0, the L2 penalty makes none, with '
        'every seed',
        np.all(one > 0.05) and np.all(two == 0),
        f'{curves.spread(one, ".0%")} of all weights against '
        f'{curves.spread(two, ".0%")}, mean over layers',
      )
    )

  def show():
    figure, (left, right) = draw.panels(9, 3, 2, width_ratios=(3, 2))
    layers = next(iter(shares.values())).shape[1]
    for place, (name, runs) in enumerate(results.items()):
      colour = draw.COLOURS[place]
      weights.stairs(left, runs[0].observed[chosen(runs[0])], 0, colour, named(name))
    left.set(xlabel='weight of the first layer', ylabel='density', yscale='log')
    draw.legend(left)
    zero = {named(name): 100 * share.mean(axis=0) for name, share in shares.items()}
    draw.bars(right, zero, [f'layer {n + 1}' for n in range(layers)])
    right.set_ylabel('exactly 0, %')
    return figure

  return Picture(
    'What a penalty does to weights',
    'The distribution of the final weights of the first layer (first seed), and the '
    'share of weights that are exactly 0 (mean over seeds). L1 is applied by its '
    'proximal step; a gradient step along ±λ would never stop at 0.',
    show,
    tuple(claims),
  )


def noise(runs: Runs) -> str:
  """Returns a sentence on the labels of the losses, if some on train are wrong.

  The gap then depends on the labels too: a net that learns none of the wrong labels has
  a higher loss on train.
  """
  share = runs[0].experiment.config.label_noise
  if not share:
    return ''
  return (
    f' The loss on train uses the training labels after {share:.0%} of them were '
    'redrawn at random; validation and test have the true labels. So a net that '
    'learns no wrong label has a higher loss on train.'
  )


def named(method: str) -> str:
  """Returns the name of a method in words: 'L1', 'batch norm'."""
  return method.upper() if method in ('l1', 'l2') else method.replace('_', ' ')


def capital(words: str) -> str:
  return words[0].upper() + words[1:]
