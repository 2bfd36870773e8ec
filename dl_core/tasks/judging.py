"""Regions of a detector: how they are sampled, their losses, and detections.

Girshick 2015 (https://arxiv.org/abs/1504.08083), section 2.3; where the paper is
silent, as in rbgirshick/py-faster-rcnn. Everything here is about one image.

Shapes: R regions, N objects, S regions of a sample, K classes, of which 0 is
background, D detections.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from dl_core.layers import boxes
from dl_core.tasks import measures
from dl_core.tasks.proposals import Regions, Truth, overlaps, smooth
from dl_core.types import Array, Key


class Judging(NamedTuple):
  """Settings of samples, losses and detections.

  Attributes:
    sampled: S, regions of an image that the loss counts.
    share: largest share of the sample that are objects.
    least: overlap with an object from which a region counts as one.
    low: overlap below which a region is ignored, and no background either; 0.1 in Fast
      R-CNN.
    deviations: what changes of boxes are divided by.
    beta: where the smooth L1 loss becomes linear; 1 in the paper, 1/9 in torchvision.
    score: least probability of a detection.
    overlap: overlap above which the less probable of two detections of a class is
      dropped; 0.5 in torchvision.
    most: D.
  """

  sampled: int = 32
  share: float = 0.25
  least: float = 0.5
  low: float = 0.0
  deviations: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2)
  beta: float = 1.0
  score: float = 0.05
  overlap: float = 0.3
  most: int = 100


class Sample(NamedTuple):
  """Regions to learn from.

  Attributes:
    boxes: float32 [S, 4].
    labels: int32 [S], 0 background, k + 1 the class k.
    to: float32 [S, 4], the object that each overlaps most.
    weight: float32 [S], 0 in slots that are empty.
  """

  boxes: Array
  labels: Array
  to: Array
  weight: Array


class Detections(NamedTuple):
  """What is detected in an image, the surest first.

  Attributes:
    boxes: float32 [D, 4].
    labels: int32 [D], classes from 0, without the background.
    scores: float32 [D], probabilities; 0 where there is no detection.
  """

  boxes: Array
  labels: Array
  scores: Array


def sample(key: Key, regions: Regions, truth: Truth, settings: Judging) -> Sample:
  """Draws regions to learn from, among which are the objects themselves."""
  found = jnp.concatenate([regions.boxes, truth.boxes])
  real = jnp.concatenate([regions.real, truth.real])
  shared = overlaps(found, truth)
  best, which = jnp.max(shared, axis=1), jnp.argmax(shared, axis=1)
  is_object = real & (best >= settings.least)
  is_other = real & ~is_object & (jnp.maximum(best, 0) >= settings.low)
  object_key, other_key = jax.random.split(key)
  positive = boxes.sampled(
    object_key, is_object, round(settings.share * settings.sampled)
  )
  negative = boxes.sampled(other_key, is_other, settings.sampled - jnp.sum(positive))
  places, there = boxes.first(positive | negative, settings.sampled)
  labels = jnp.where(positive, truth.labels[which] + 1, 0)
  return Sample(
    found[places],
    labels[places],
    truth.boxes[which][places],
    there.astype(jnp.float32),
  )


def losses(
  logits: Array, changes: Array, chosen: Sample, settings: Judging
) -> tuple[Array, Array, Array]:
  """Returns two losses of an image as sums, of classes and of boxes, and their divisor.

  Args:
    logits: [S, K].
    changes: [S, K, 4], of which those of the true class count.
    chosen: the regions.
    settings: see above.
  """
  each = measures.cross_entropy(logits, chosen.labels)
  own = jnp.take_along_axis(changes, chosen.labels[:, None, None], axis=1)[:, 0]
  to = boxes.encode(chosen.boxes, chosen.to, settings.deviations)
  moved = smooth(own - to, settings.beta)
  is_object = (chosen.labels > 0) & (chosen.weight > 0)
  return (
    jnp.sum(each * chosen.weight),
    jnp.sum(jnp.where(is_object, moved, 0)),
    jnp.sum(chosen.weight),
  )


def detected(
  logits: Array, changes: Array, regions: Regions, extent: Array, settings: Judging
) -> Detections:
  """Returns the detections in an image.

  Args:
    logits: [R, K], of a softmax.
    changes: [R, K, 4].
    regions: R.
    extent: [2], height and width of the image.
    settings: see above.
  """
  return apart(jax.nn.softmax(logits), changes, regions, extent, settings)


def apart(
  chances: Array, changes: Array, regions: Regions, extent: Array, settings: Judging
) -> Detections:
  """Returns the detections of scores [R, K] above `settings.score`; see `detected`."""
  chances = chances[:, 1:].T  # [K - 1, R]
  found = boxes.decode(regions.boxes[:, None], changes[:, 1:], settings.deviations)
  found = boxes.clipped(found, extent).swapaxes(0, 1)  # [K - 1, R, 4]
  good = (chances > settings.score) & regions.real[None]
  scores = jnp.where(good, chances, 0)
  order = jnp.argsort(-scores, axis=1, stable=True)
  scores = jnp.take_along_axis(scores, order, axis=1)
  found = jnp.take_along_axis(found, order[..., None], axis=1)
  kept = jax.vmap(lambda b, s: boxes.suppressed(b, s > 0, settings.overlap))(
    found, scores
  )
  labels = jnp.broadcast_to(jnp.arange(len(scores))[:, None], scores.shape)
  scores = jnp.where(kept, scores, 0).reshape(-1)
  count = min(settings.most, len(scores))
  scores, places = jax.lax.top_k(scores, count)
  return Detections(found.reshape(-1, 4)[places], labels.reshape(-1)[places], scores)
