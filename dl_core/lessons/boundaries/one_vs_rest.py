"""One-vs-rest classifiers compared with softmax.

Shapes: n examples, F features, K classes, S seeds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons.boundaries import linear, regions
from dl_core.report import draw
from dl_core.types import Claim, Picture

LOSSES = ('softmax', 'one_vs_rest')


def pictures(runs: Mapping[str, Mapping[str, Sequence[Any]]], l2: float):
  """Draws {data set: {loss: its finished run for each seed}}.

  The regions are those of the first set, if it has two features.
  """
  first = next(iter(runs))
  fits = {
    name: {loss: [linear.of(run) for run in same] for loss, same in pair.items()}
    for name, pair in runs.items()
  }
  c = runs[first]['softmax'][0].experiment.config
  spec = runs[first]['softmax'][0].experiment.data.spec
  found = [errors_picture(fits, l2)]
  if spec.batch.x.shape[-1] == 2:
    pair = {loss: same[0] for loss, same in fits[first].items()}
    found.insert(0, claimed_picture(pair, spec.classes, c.columns))
  return found


def claims_of(logits: np.ndarray) -> np.ndarray:
  """Returns the number of the K classifiers with g > 0, which claim a place.

  Args:
    logits: [..., K] of one-vs-rest.
  """
  return np.sum(logits > 0, axis=-1)


def claimed_picture(
  fits: Mapping[str, linear.Fitted], classes: Sequence[str], columns: Sequence[str]
) -> Picture:
  """Draws the regions of softmax and the regions that one classifier claims."""
  softmax, rest = (fits[loss] for loss in LOSSES)
  count = claims_of(rest.logits(rest.test.x))
  none, several = float(np.mean(count == 0)), float(np.mean(count > 1))

  def show():
    titles = [
      f'{title}: {fit.test.error:.1%} test errors'
      for title, fit in (('softmax', softmax), ('each against the rest', rest))
    ]
    share = {'sharex': True, 'sharey': True}
    figure, (left, right) = draw.panels(8.4, 3.9, 2, titles=titles, **share)
    box = regions.around(softmax.train.x)
    regions.shade(left, softmax.logits, box)
    points = regions.grid(box)
    g = rest.logits(points.reshape(-1, 2)).reshape(*points.shape[:2], -1)
    claimed = claims_of(g)
    draw.regions(right, np.where(claimed == 1, g.argmax(axis=-1), -1), box)
    for k in range(len(classes)):
      draw.outline(right, g[..., k], box, colors=f'C{k}', linewidths=2)
    for here, word in ((claimed == 0, 'none'), (claimed > 1, 'several')):
      name_parts(right, here, rest.train.x, box, word)
    for axes, fit in ((left, softmax), (right, rest)):
      regions.scatter(axes, fit.train.x, fit.train.y, classes)
      axes.set_xlabel(columns[0])
    left.set_ylabel(columns[1])
    figure.legend(
      *left.get_legend_handles_labels(), loc='outside lower center', ncols=len(classes)
    )
    return figure

  return Picture(
    'One against the rest',
    'Left: softmax predicts one class everywhere. Right: one line for each class, '
    'whose classifier claims one side. Places claimed by none or by several '
    'classifiers are blank; the highest g decides there, although training never '
    'compares the g of different classifiers.',
    show,
    (
      Claim(
        'Some examples are claimed by none of the classifiers, or by several',
        none + several > 0,
        f'{none:.1%} of the test examples by none, {several:.1%} by several',
      ),
    ),
  )


def name_parts(
  axes: Any, here: np.ndarray, x: np.ndarray, box: regions.Box, word: str
) -> None:
  """Writes a word into each connected part of a region, clear of examples.

  Args:
    axes: of the plane.
    here: mask [GRID, GRID] of the region.
    x: examples [n, 2].
    box: corners of the plane.
    word: name of the region.
  """
  from scipy import ndimage

  low, high = box
  cells = np.round((x - low) / (high - low) * (regions.GRID - 1)).astype(int)
  free = here.copy()
  free[cells[:, 1], cells[:, 0]] = False
  room = ndimage.distance_transform_edt(np.pad(free, 1))[1:-1, 1:-1]  # in cells
  parts, count = ndimage.label(here)
  for part in range(1, count + 1):
    own = np.where(parts == part, room, 0)
    row, column = np.unravel_index(np.argmax(own), own.shape)
    if own.max() > regions.GRID / 25:
      place = low + np.array([column, row]) / (regions.GRID - 1) * (high - low)
      axes.text(*place, word, ha='center', va='center', fontsize=10, style='italic')


def errors_picture(
  fits: Mapping[str, Mapping[str, Sequence[linear.Fitted]]], l2: float
) -> Picture:
  """Draws the test errors of both classifiers on every data set."""
  errors = {
    name: {loss: np.array([fit.test.error for fit in pair[loss]]) for loss in LOSSES}
    for name, pair in fits.items()
  }  # [S] each

  def show():
    figure, axes = draw.panel(1.6 + 1.5 * len(errors), 3.2, ylabel='test errors, %')
    for n, (loss, label) in enumerate(
      zip(LOSSES, ('softmax', 'each against the rest'), strict=True)
    ):
      values = [100 * pair[loss] for pair in errors.values()]
      bars = axes.bar(
        np.arange(len(values)) + 0.4 * (n - 0.5),
        [each.mean() for each in values],
        0.36,
        yerr=[linear.spread(each) for each in values],
        capsize=3,
        label=label,
        color=f'C{n}',
      )
      axes.bar_label(bars, fmt='%.1f', padding=3, fontsize=9)
    axes.set_xticks(range(len(errors)), list(errors))
    axes.margins(y=0.2)
    draw.legend(axes)
    return figure

  first = next(iter(errors))
  more = errors[first]['one_vs_rest'] - errors[first]['softmax']
  return Picture(
    'What it costs',
    'Mean and standard deviation of the test error over draws of the training '
    'examples.',
    show,
    (
      agreement(fits, l2),
      Claim(
        f'With one class between the others, as in {first}, softmax has a lower error '
        'than one-vs-rest, by more than twice the standard error',
        np.mean(more) > 2 * linear.doubt(more),
        f'{errors[first]["softmax"].mean():.1%} against '
        f'{errors[first]["one_vs_rest"].mean():.1%}',
      ),
    ),
  )


def agreement(
  fits: Mapping[str, Mapping[str, Sequence[linear.Fitted]]], l2: float
) -> Claim:
  """Compares predictions of the first seed with scikit-learn's OneVsRestClassifier."""
  differ, allowed = {}, {}
  for name, pair in fits.items():
    fit = pair['one_vs_rest'][0]
    theirs = linear.reference(fit.train, 'one_vs_rest', l2)
    n = len(fit.test.y)
    differ[name] = int(np.sum(theirs.predict(fit.test.x) != fit.test.said))
    allowed[name] = max(2, linear.CLOSE * n)
  return Claim(
    "The predictions are those of scikit-learn's OneVsRestClassifier, except for two "
    f'examples or {linear.CLOSE:.1%}',
    all(differ[name] <= allowed[name] for name in fits),
    ', '.join(
      f'{differ[name]} of {len(pair["one_vs_rest"][0].test.y):,} differ on {name}'
      for name, pair in fits.items()
    ),
  )
