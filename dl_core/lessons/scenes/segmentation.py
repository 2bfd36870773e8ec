"""What makes a segmentation exact: skips, places of maxima, means over regions.

Shapes: R runs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.interpret import segments
from dl_core.lessons import curves
from dl_core.lessons.scenes import instances
from dl_core.report import draw
from dl_core.types import Claim, Picture

Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}
SMALL = 20  # pixels of height; digits below are small
SHOWN = 5  # images
FAMILIES = {
  'fcn': ('fcn-32s', 'fcn-16s', 'fcn-8s'),
  'unet': ('unet', 'unet-without-skips'),
  'deconvnet': ('deconvnet', 'deconvnet-corner'),
  'pspnet': ('pspnet', 'pspnet-without-pyramid'),
}
NAMES = {'iou': 'mean IoU', 'boundary_iou': 'boundary IoU'}


def pictures(results: Runs) -> list[Picture]:
  """Draws the runs of the families that were compared."""
  found = {
    name: {label: 100 * curves.ends(runs, name) for label, runs in results.items()}
    for name in NAMES
  }
  views = {
    label: instances.seen(runs[0].experiment, runs[0].variables())
    for label, runs in results.items()
  }
  sizes = {label: instances.by_size(view, [SMALL])[0] for label, view in views.items()}
  place = {label: 100 * np.array([instances.where(v)]) for label, v in views.items()}
  there = lambda family: FAMILIES[family][0] in results

  def ordered(name: str) -> Claim:
    coarse, middle, fine = (found[name][label] for label in FAMILIES['fcn'])
    means = [values.mean() for values in (fine, middle, coarse)]
    return Claim(
      f'The finer the scored maps, the higher the {NAMES[name]}',
      means[0] > means[1] > means[2],
      ' > '.join(f'{curves.spread(each)} %' for each in (fine, middle, coarse)),
    )

  def better(family: str, sentence: str, values: Mapping[str, Any]) -> Claim:
    one, other = (values[label] for label in FAMILIES[family])
    words = f'{curves.spread(one)} % against {curves.spread(other)} %'
    return Claim(sentence, float(np.mean(one)) > float(np.mean(other)), words)

  edges = found['boundary_iou']
  kept, small, spots = [], [], []
  if there('unet'):
    kept.append(better('unet', 'Skips raise the boundary IoU of U-Net', edges))
    sentence = 'Whatever the class, skips raise the boundary IoU of U-Net'
    spots.append(better('unet', sentence, place))
  if there('deconvnet'):
    sentence = 'Unpooling to the place of the maximum raises the boundary IoU'
    kept.append(better('deconvnet', sentence, edges))
    sentence = 'Whatever the class, stored places raise the boundary IoU of DeconvNet'
    spots.append(better('deconvnet', sentence, place))
  if there('pspnet'):
    low = {label: 100 * values[:1] for label, values in sizes.items()}
    sentence = f'The pyramid raises the IoU of digits below {SMALL} pixels of height'
    small.append(better('pspnet', sentence, low))
  return [
    Picture(
      'Exactness',
      'Of each network on the test scenes. The boundary IoU counts only pixels within '
      f'{instances.REACH} of another class. All networks were trained for the same '
      'number of steps.',
      lambda: draw_bars(found),
      (ordered('iou'), ordered('boundary_iou')) if there('fcn') else (),
    ),
    Picture(
      'The same scenes, segmented',
      'Test images, their true classes (void pixels in grey) and the predicted ones.',
      lambda: draw_masks(views, results),
      tuple(kept),
    ),
    Picture(
      'Where, not what',
      'Boundary IoU of two classes, any digit and background: which digit it is does '
      'not count.',
      lambda: bars(list(place), {'boundary IoU': np.concatenate([*place.values()])}),
      tuple(spots),
    ),
    Picture(
      'Small digits and large ones',
      f'Mean IoU of single digits, below {SMALL} pixels of height and from there on.',
      lambda: draw_sizes(sizes),
      tuple(small),
    ),
  ]


def draw_bars(found: Mapping[str, Mapping[str, np.ndarray]]) -> Any:
  """Draws mean IoU and boundary IoU of each network beside each other."""
  labels = list(next(iter(found.values())))
  means = {NAMES[k]: [v.mean() for v in each.values()] for k, each in found.items()}
  return bars(labels, means)


def draw_sizes(sizes: Mapping[str, np.ndarray]) -> Any:
  """Draws the IoU of small and of large digits for each network."""
  rows = 100 * np.stack(list(sizes.values()), axis=1)
  return bars(list(sizes), dict(zip(('small', 'large'), rows, strict=True)))


def bars(labels: Sequence[str], values: Mapping[str, Any]) -> Any:
  """Draws groups of bars, one for each label."""
  figure, axes = draw.panel(6.8, 3.4, ylabel='IoU, %')
  draw.bars(
    axes,
    values,
    [label.replace('-', '\n', 1) for label in labels],
    [draw.BLUE, draw.ORANGE],
  )
  draw.legend(axes, loc='upper left', ncols=2)
  axes.set(ylim=(0, 112))
  axes.tick_params(axis='x', labelsize=7)
  return figure


def draw_masks(views: Mapping[str, instances.Seen], results: Runs) -> Any:
  """Draws images, true maps and those that each network predicts, row by row."""
  first = next(iter(views.values()))
  count = len(next(iter(results.values()))[0].experiment.data.spec.classes)
  labels = ['image', 'true', *views]
  across = min(SHOWN, len(first.y))
  figure, panels = draw.panels(
    1.1 * across + 1.2, 1.1 * len(labels), across * len(labels), across
  )
  for number, axes in enumerate(panels):
    label, n = labels[number // across], number % across
    if label == 'image':
      draw.image(axes, segments.shown(first.x[n], first.y[n].shape))
    elif label == 'true':
      segments.mask(axes, first.y[n], count, first.weight[n])
    else:
      segments.mask(axes, views[label].said[n], count)
    if not n:
      axes.set_ylabel(label.replace('-', '\n', 1), fontsize=7)
  return figure
