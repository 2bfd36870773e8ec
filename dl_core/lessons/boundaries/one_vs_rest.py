"""One classifier for each class against the rest, beside one softmax for all.

Shapes: n examples, F features, K classes, S seeds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons.boundaries import linear, regions
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
  """Returns how many of the K classifiers claim each place: those with g > 0.

  Args:
    logits: [..., K] of one-vs-rest.
  """
  return np.sum(logits > 0, axis=-1)


def claimed_picture(
  fits: Mapping[str, linear.Fitted], classes: Sequence[str], columns: Sequence[str]
) -> Picture:
  """Draws the regions of softmax, and those that one, none or several claim."""
  softmax, rest = (fits[loss] for loss in LOSSES)
  count = claims_of(rest.logits(rest.test.x))
  none, several = float(np.mean(count == 0)), float(np.mean(count > 1))

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 3.9), layout='constrained')
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    box = regions.around(softmax.train.x)
    regions.shade(left, softmax.logits, box)
    points = regions.grid(box)
    g = rest.logits(points.reshape(-1, 2)).reshape(*points.shape[:2], -1)
    claimed = claims_of(g)
    regions.paint(right, np.where(claimed == 1, g.argmax(axis=-1), -1), box)
    for k in range(len(classes)):
      regions.outline(right, points, g[..., k], colors=f'C{k}', linewidths=2)
    for here, word in ((claimed == 0, 'none'), (claimed > 1, 'several')):
      name_parts(right, here, rest.train.x, box, word)
    for axes, fit, title in (
      (left, softmax, 'softmax'),
      (right, rest, 'each against the rest'),
    ):
      regions.scatter(axes, fit.train.x, fit.train.y, classes)
      axes.set_title(f'{title}: {fit.test.error:.1%} test errors', fontsize=10)
      axes.set_xlabel(columns[0])
    left.set_ylabel(columns[1])
    figure.legend(
      *left.get_legend_handles_labels(), loc='outside lower center', ncols=len(classes)
    )
    return figure

  return Picture(
    'One against the rest',
    'Left: softmax names one class everywhere. Right: a line for each class, which '
    'claims what is on its side; places that none claims, or several do, are left '
    'blank. There the highest g decides, though the g of different classifiers were '
    'never compared in training.',
    draw,
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
    here: [GRID, GRID], where the region is.
    x: examples [n, 2].
    box: corners of the plane.
    word: its name.
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
  """Draws the test errors of both on every data set, and holds both against others."""
  errors = {
    name: {loss: np.array([fit.test.error for fit in pair[loss]]) for loss in LOSSES}
    for name, pair in fits.items()
  }  # [S] each

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 + 1.5 * len(errors), 3.2), layout='constrained')
    axes = figure.subplots()
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
    axes.set_ylabel('test examples read wrong, %')
    axes.margins(y=0.2)
    axes.legend()
    return figure

  first = next(iter(errors))
  more = errors[first]['one_vs_rest'] - errors[first]['softmax']
  return Picture(
    'What it costs',
    'Mean test error, and its standard deviation over the draws of the training '
    'examples.',
    draw,
    (
      agreement(fits, l2),
      Claim(
        f'Where one class lies between the others, as in {first}, softmax errs less '
        'often than each against the rest, by more than twice the standard error',
        bool(np.mean(more) > 2 * linear.doubt(more)),
        f'{errors[first]["softmax"].mean():.1%} against '
        f'{errors[first]["one_vs_rest"].mean():.1%}',
      ),
    ),
  )


def agreement(
  fits: Mapping[str, Mapping[str, Sequence[linear.Fitted]]], l2: float
) -> Claim:
  """Holds the first seed's answers against OneVsRestClassifier of scikit-learn."""
  differ, allowed = {}, {}
  for name, pair in fits.items():
    fit = pair['one_vs_rest'][0]
    theirs = linear.reference(fit.train, 'one_vs_rest', l2)
    n = len(fit.test.y)
    differ[name] = int(np.sum(theirs.predict(fit.test.x) != fit.test.said))
    allowed[name] = max(2, linear.CLOSE * n)
  return Claim(
    "The K classifiers answer as scikit-learn's OneVsRestClassifier does, but for two "
    f'examples or {linear.CLOSE:.1%}',
    all(differ[name] <= allowed[name] for name in fits),
    ', '.join(
      f'{differ[name]} of {len(pair["one_vs_rest"][0].test.y):,} differ on {name}'
      for name, pair in fits.items()
    ),
  )
