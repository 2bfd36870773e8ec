"""R-CNN, Fast R-CNN, Faster R-CNN: what each step saves, and what it costs in mAP.

Shapes: R runs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.data import proposals
from dl_core.lessons import curves
from dl_core.lessons.detecting import costs
from dl_core.lessons.detecting.costs import Cost
from dl_core.report import draw
from dl_core.types import Claim, Picture

LABELS = {'rcnn': 'R-CNN', 'fast_rcnn': 'Fast R-CNN', 'faster_rcnn': 'Faster R-CNN'}
OPERATIONS, NETWORK, TOTAL = 15, 5, 3  # times as many, or as fast, at least
CLOSE = {'faster_rcnn': 0.03, 'fast_rcnn': 0.05}  # largest loss of mAP
METRICS = {'map': 'overlap 0.5', 'map75': 'overlap 0.75', 'recall': 'recall of regions'}
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(results: Runs, searched: proposals.Searched) -> list[Picture]:
  """Draws how good the three systems are, and what an image costs.

  Args:
    results: runs of each of `LABELS`.
    searched: how regions are proposed to the first two.
  """
  found = {}
  for label in LABELS:
    run = results[label][0]
    how = None if label == 'faster_rcnn' else searched
    found[label] = costs.measured(run.experiment, run.variables(), how)
  scores = {
    label: {name: curves.ends(results[label], name) for name in METRICS}
    for label in LABELS
  }
  return [precision(scores), times(found), operations(found)]


def precision(scores: Mapping[str, Mapping[str, np.ndarray]]) -> Picture:
  """Draws the mean average precision [R] of each system, and the recall of regions."""
  of = lambda label: float(np.mean(scores[label]['map']))
  rcnn, fast, faster = map(of, LABELS)

  def show():
    figure, axes = draw.panel(6, 3.2, ylim=(0, 1.19))
    groups = {
      LABELS[label]: [float(np.mean(values)) for values in each.values()]
      for label, each in scores.items()
    }
    draw.bars(axes, groups, [*METRICS.values()])
    draw.legend(axes, ncols=3, loc='upper center')
    return figure

  behind = lambda one, other: f'{one:.1%} against {other:.1%}'
  return Picture(
    'Precision',
    "Mean average precision on the test scenes, VOC's area under the curve, at two "
    'overlaps; and the share of objects that some region overlaps by half, before any '
    'is judged. All saw the same scenes.',
    show,
    (
      Claim(
        f'Fast R-CNN is at most {CLOSE["fast_rcnn"]:.0%} behind R-CNN',
        fast >= rcnn - CLOSE['fast_rcnn'],
        behind(fast, rcnn),
      ),
      Claim(
        f'Faster R-CNN is at most {CLOSE["faster_rcnn"]:.0%} behind Fast R-CNN',
        faster >= fast - CLOSE['faster_rcnn'],
        behind(faster, fast),
      ),
    ),
  )


def times(found: Mapping[str, Cost]) -> Picture:
  """Draws the milliseconds of one image: of its proposals, and of the network."""
  rcnn, fast, faster = (found[label] for label in LABELS)

  def show():
    figure, axes = draw.panel(6, 2.4, xlabel='milliseconds an image')
    places = np.arange(len(LABELS))
    network = np.array([1e3 * found[label].network for label in LABELS])
    search = np.array([1e3 * found[label].proposals for label in LABELS])
    axes.barh(places, search, color=draw.ORANGE, label='selective search')
    axes.barh(places, network, left=search, color=draw.BLUE, label='network')
    axes.bar_label(
      axes.containers[-1], [f'{v:.1f}' for v in search + network], padding=3, fontsize=8
    )
    axes.set_yticks(places, [*LABELS.values()])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    draw.legend(axes, loc='lower right')
    return figure

  share = fast.proposals / fast.seconds
  ratio = lambda one, other: f'{one * 1e3:.1f} ms against {other * 1e3:.1f} ms'
  return Picture(
    'Time',
    'Median over single test images on the machine of this run, after a first image '
    'that is not counted. The figures of the papers, on a GPU with VGG16: 47 s, 2.3 s '
    'with 2 s of selective search, and 0.2 s an image.',
    show,
    (
      Claim(
        f"The network of R-CNN takes at least {NETWORK} times as long as Fast R-CNN's",
        rcnn.network >= NETWORK * fast.network,
        ratio(rcnn.network, fast.network),
      ),
      Claim(
        'Selective search takes more than half of the time of Fast R-CNN',
        share > 0.5,
        f'{share:.0%}',
      ),
      Claim(
        f'Faster R-CNN is at least {TOTAL} times as fast as Fast R-CNN in all',
        TOTAL * faster.seconds <= fast.seconds,
        ratio(faster.seconds, fast.seconds),
      ),
    ),
  )


def operations(found: Mapping[str, Cost]) -> Picture:
  """Draws the operations of the networks for one image."""
  rcnn, fast, _ = (found[label].operations for label in LABELS)

  def show():
    figure, axes = draw.panel(6, 2.2, xlabel='operations an image, in millions')
    values = [found[label].operations / 1e6 for label in LABELS]
    bars = axes.barh(range(len(values)), values, color=draw.BLUE)
    axes.bar_label(bars, [f'{v:,.0f}' for v in values], padding=3, fontsize=8)
    axes.set_yticks(range(len(values)), [*LABELS.values()])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    return figure

  return Picture(
    'Operations',
    'Multiplications and additions of the network for one image, counted in its '
    'program: R-CNN computes maps for each region, the others for the image.',
    show,
    (
      Claim(
        f'R-CNN needs at least {OPERATIONS} times the operations of Fast R-CNN',
        rcnn >= OPERATIONS * fast,
        f'{rcnn / fast:.1f} times',
      ),
    ),
  )
