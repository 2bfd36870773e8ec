"""Region proposals: which anchors are objects, their losses, and proposals.

Ren et al. 2015 (https://arxiv.org/abs/1506.01497), section 3; where the paper is
silent, as in its code (rbgirshick/py-faster-rcnn). Everything here is about one image;
boxes are float32 whatever the model computes in.

Shapes: A anchors, N objects.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from dl_core.layers import boxes
from dl_core.tasks import information
from dl_core.types import Array, Key


class Proposing(NamedTuple):
  """How regions are proposed.

  Attributes:
    stride: pixels from one place of the map to the next.
    sizes, ratios: of the anchors, see `boxes.anchors`.
    sampled: anchors of an image that the loss counts, at most half of them objects.
    positive: overlap with an object from which an anchor counts as one.
    negative: overlap with every object below which it counts as background.
    beta: where the smooth L1 loss becomes linear; 1/9 in the paper's code.
    before: proposals that go into suppression.
    overlap: overlap above which suppression drops the lower-scored of two proposals.
    kept: maximum number of proposals in training.
    tested: maximum number of proposals in evaluation.
    smallest: least side of a proposal in pixels.
    border: whether anchors that reach beyond the image are learned, too (torchvision).
  """

  stride: int
  sizes: Sequence[float]
  ratios: Sequence[float] = (0.5, 1.0, 2.0)
  sampled: int = 64
  positive: float = 0.7
  negative: float = 0.3
  beta: float = 1 / 9
  before: int = 256
  overlap: float = 0.7
  kept: int = 64
  tested: int = 64
  smallest: float = 4.0
  border: bool = False


class Regions(NamedTuple):
  """Regions of an image, best first.

  Attributes:
    boxes: float32 [R, 4].
    real: bool [R], False where there is none.
  """

  boxes: Array
  real: Array


class Truth(NamedTuple):
  """The objects of an image.

  Attributes:
    boxes: float32 [N, 4].
    labels: int32 [N], from 0.
    real: bool [N], False where there is none.
  """

  boxes: Array
  labels: Array
  real: Array


def usable(anchors: Array, extent: Array, border: bool) -> Array:
  """Returns which anchors [A] are learned: those inside of the image.

  Where none is, or with `border`, those whose centres are.
  """
  most = jnp.stack([extent[1], extent[0]] * 2)[None]
  inside = jnp.all((anchors >= 0) & (anchors <= most), axis=1)
  centres, _ = boxes.middle(anchors)
  near = jnp.all(centres <= most[:, :2], axis=1)
  return near if border else jnp.where(jnp.any(inside), inside, near)


def overlaps(regions: Array, truth: Truth) -> Array:
  """Returns the overlaps [A, N] of regions and objects; -1 where there is no object."""
  return jnp.where(truth.real[None], boxes.overlap(regions, truth.boxes), -1)


def matched(
  anchors: Array, used: Array, truth: Truth, settings: Proposing
) -> tuple[Array, Array, Array]:
  """Returns which anchors [A] are objects, which are background, and of which object.

  An anchor is an object where it overlaps one enough, or as much as the best anchor of
  that object: so every object has an anchor, and all of them where several are best.
  """
  shared = jnp.where(used[:, None], overlaps(anchors, truth), -1)
  best, which = jnp.max(shared, axis=1), jnp.argmax(shared, axis=1)
  most = jnp.max(shared, axis=0, keepdims=True)  # [1, N]
  forced = jnp.any((shared == most) & (most > 0), axis=1)
  positive = used & ((best >= settings.positive) | forced)
  negative = used & (best < settings.negative) & ~positive
  return positive, negative, which


def losses(
  key: Key,
  logits: Array,
  changes: Array,
  extent: Array,
  truth: Truth,
  anchors: Array,
  settings: Proposing,
) -> tuple[Array, Array, Array]:
  """Returns two losses of an image as sums, of classes and of boxes, and their divisor.

  Args:
    key: of the sample.
    logits: [A, 1 or 2], see `rcnn.Proposer`.
    changes: [A, 4].
    extent: [2], height and width of the image.
    truth: its objects.
    anchors: [A, 4].
    settings: see above.
  """
  used = usable(anchors, extent, settings.border)
  positive, negative, which = matched(anchors, used, truth, settings)
  object_key, other_key = jax.random.split(key)
  positive = boxes.sampled(object_key, positive, settings.sampled // 2)
  negative = boxes.sampled(other_key, negative, settings.sampled - jnp.sum(positive))
  chosen = positive | negative
  each = information.sigmoid_cross_entropy(objectness(logits), positive * 1.0)
  to = boxes.encode(anchors, truth.boxes[which])
  moved = smooth(changes - to, settings.beta)
  return (
    jnp.sum(jnp.where(chosen, each, 0)),
    jnp.sum(jnp.where(positive, moved, 0)),
    jnp.sum(chosen),
  )


def objectness(logits: Array) -> Array:
  """Returns the log-odds [A] of an object from logits [A, 1] or [A, 2]."""
  return logits[:, -1] - (logits[:, 0] if logits.shape[1] == 2 else 0)


def smooth(error: Array, beta: float) -> Array:
  """Returns the smooth L1 loss [...] of errors [..., 4], summed over the coordinates.

  Equation 3 of Girshick 2015: quadratic up to `beta`, then linear.
  """
  size = jnp.abs(error)
  near = 0.5 / beta * size**2
  return jnp.sum(jnp.where(size < beta, near, size - beta / 2), axis=-1)


def proposed(
  logits: Array,
  changes: Array,
  extent: Array,
  anchors: Array,
  settings: Proposing,
  most: int,
) -> Regions:
  """Returns at most `most` regions of an image, through which no gradient flows."""
  logits, changes = jax.lax.stop_gradient((logits, changes))
  found = boxes.clipped(boxes.decode(anchors, changes), extent)
  large = jnp.all(found[:, 2:] - found[:, :2] >= settings.smallest, axis=1)
  score = jnp.where(large, objectness(logits), -jnp.inf)
  score, order = jax.lax.top_k(score, min(settings.before, len(anchors)))
  found = found[order]
  kept = boxes.suppressed(found, score > -jnp.inf, settings.overlap)
  places, real = boxes.first(kept, most)
  return Regions(found[places], real)


def recall(regions: Regions, truth: Truth, least: float = 0.5) -> tuple[Array, Array]:
  """Counts the objects that a region overlaps by `least` or more, and all objects."""
  shared = jnp.where(regions.real[:, None], overlaps(regions.boxes, truth), -1)
  return jnp.sum(jnp.max(shared, axis=0) >= least), jnp.sum(truth.real)
