"""Judges translations between two domains, whose test images may have partners.

Training never sees a pair. Where a test image has a partner in the other domain, the
distance of its translation to the partner shows whether the generator learnt the
relation or only the appearance. Images without classes, such as a user's own, are taken
to have no partners, and only a classifier of the domains judges their translations.

Shapes: N images, S pixels of a side, C channels.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from dl_core import metrics
from dl_core.data import unpaired
from dl_core.interpret import judge
from dl_core.models.cyclegan import Cycle
from dl_core.tasks import cycle
from dl_core.types import Data, Key, Variables

WAYS = {'there': ('first', 'second'), 'back': ('second', 'first')}  # from, to

for _way in WAYS:
  for _score in (
    'class_kept',
    'class_before',
    'class_truth',
    'fooled',
    'fooled_before',
  ):
    metrics.declare(f'{_score}_{_way}', fraction=True)
  for _score in ('error', 'inverted'):
    metrics.declare(f'{_score}_{_way}', rising=False, fraction=True)


class Judges(NamedTuple):
  """Classifiers of real images, each trained at its first call.

  Attributes:
    classes: {domain: of the classes of its images}; {} if they have no classes.
    domains: tells the first domain, class 0, from the second.
  """

  classes: Mapping[str, judge.Judge]
  domains: judge.Judge


def judges(data: Data, steps: int) -> Judges:
  """Makes the judges of two domains; see `judge.make`."""
  each = {
    side: judge.make(unpaired.alone(data, side), steps)
    for side in unpaired.SIDES
    if data.spec.classes
  }
  return Judges(each, judge.make(unpaired.domain_labelled(data), steps))


class Translated(NamedTuple):
  """Test images of one domain, float32 [N, S, S, C] in [-1, 1].

  Attributes:
    given: the images.
    made: their translations.
    truth: their partners in the other domain; any of its images where there are none.
    labels: int [N], the class of each; 0 where there are none.
  """

  given: np.ndarray
  made: np.ndarray
  truth: np.ndarray
  labels: np.ndarray


def translated(
  translate: Callable[[Variables, Any], Any], variables: Variables, data: Data, way: str
) -> Translated:
  """Translates the test images one way, of `WAYS`."""
  source, target = WAYS[way]
  parts = []
  for batch in data.splits['test']():
    there = np.asarray(batch.weight[source]) > 0
    made = translate(variables, batch.x[source])
    columns = batch.x[source], made, batch.x[target], batch.y[source]
    parts.append([np.asarray(column)[there] for column in columns])
  return Translated(*map(np.concatenate, zip(*parts, strict=True)))


def figures(found: Translated, by: Judges, way: str) -> dict[str, float]:
  """Scores translations one way.

  Returns:
    Where the images have classes and partners:

    class_kept: the share whose class a classifier of the other domain recognises.
    class_before: the same of the untranslated images: the control.
    class_truth: the same of the true partners: as much as the classifier can tell.
    error: mean absolute difference between translation and partner, divided by that
      between untranslated image and partner.
    inverted: the share that is nearer to the negative of its partner than to the
      partner; a generator and its inverse may agree on negatives.

    Of all images:

    fooled, fooled_before: the share of the translations, and of the untranslated
      images, that is taken for images of the other domain.
  """
  target = WAYS[way][1]
  number = unpaired.SIDES.index(target)
  taken = lambda images: float(np.mean(by.domains.name(images).said == number))
  scored: dict[str, float] = {}
  if by.classes:  # first, as the first score is the headline of the report
    name = by.classes[target].name
    right = lambda images: float(np.mean(name(images).said == found.labels))
    off = lambda a, b: np.abs(a - b).mean(axis=(1, 2, 3))
    scored |= {
      'class_kept': right(found.made),
      'class_before': right(found.given),
      'class_truth': right(found.truth),
      'error': float(
        off(found.made, found.truth).mean() / off(found.given, found.truth).mean()
      ),
      'inverted': float(
        np.mean(off(found.made, -found.truth) < off(found.made, found.truth))
      ),
    }
  scored |= {'fooled': taken(found.made), 'fooled_before': taken(found.given)}
  return {f'{score}_{way}': value for score, value in scored.items()}


def scores(
  model: Cycle, by: Judges
) -> Callable[[Variables, Data, Key], Mapping[str, float]]:
  """Makes `Experiment.scores`: the `figures` of both ways."""
  ways = {way: cycle.translator(model, way) for way in WAYS}

  def scored(variables, data, key):
    del key
    return {
      name: value
      for way, translate in ways.items()
      for name, value in figures(
        translated(translate, variables, data, way), by, way
      ).items()
    }

  return scored


def both_ways(model: Cycle) -> Callable[[Variables, Any], dict[str, np.ndarray]]:
  """Makes `Experiment.translate`: one image [S, S, C] as either domain would show it.

  An image of a domain should stay as it is in that domain.
  """
  ways = {WAYS[way][1]: cycle.translator(model, way) for way in WAYS}

  def translate(variables, x):
    made = {
      side: np.asarray(run(variables, np.asarray(x)[None]))[0]
      for side, run in ways.items()
    }
    return {side: (image + 1) / 2 for side, image in made.items()}

  return translate
