"""Detection: the boxes of all objects of an image, and their classes.

One task for three systems. R-CNN looks at every region by itself, cut out and warped;
Fast R-CNN computes the maps of the image once and pools regions from them; both are
given the regions. Faster R-CNN proposes them itself. Boxes stay outside of the model,
so they are float32 in every `--precision`.

Shapes: B images, H x W pixels, N objects, R regions, K classes with the background.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core import metrics
from dl_core.layers import boxes, pooling, regions
from dl_core.models import rcnn
from dl_core.tasks import judging, proposals
from dl_core.tasks.apply import apply, untrained
from dl_core.tasks.proposals import Proposing, Regions, Truth
from dl_core.types import Array, Batch, Extra, Key, Metrics, Params, Task, Variables

metrics.declare('recall', fraction=True)


class Crop(NamedTuple):
  """How R-CNN cuts out regions: `size` pixels a side, `context` of them around."""

  size: int
  context: int


class System(NamedTuple):
  """How a detector works.

  Attributes:
    model: its methods are called.
    stride: pixels from one place of its maps to the next.
    judging: how regions are judged.
    proposing: how they are proposed; None: `batch.x` has them, 'proposals' [B, R, 4]
      and 'proposed' [B, R], 1 where there is one.
    crop: how regions are cut out; None: they are pooled from the maps of the image.
  """

  model: rcnn.RCNN
  stride: int
  judging: judging.Judging
  proposing: Proposing | None = None
  crop: Crop | None = None


class Run(NamedTuple):
  """The variables and the mode of a forward pass.

  Attributes:
    params, extra: see `Variables`.
    key: None where nothing is drawn.
    train: whether it is training.
  """

  params: Params
  extra: Extra
  key: Key | None = None
  train: bool = False

  def apply(self, model: nn.Module, method: str, x: Any) -> tuple[Any, 'Run']:
    """Calls a method of the model; returns its output, and the Run that goes on."""
    output, extra = apply(
      model, self.params, self.extra, x, key=self.key, train=self.train, method=method
    )
    return output, self._replace(extra=extra)


def detection(system: System) -> Task:
  """Makes the task of finding all objects.

  The loss is the sum of two for the regions, `class_loss` and `box_loss`, and, of a
  system that proposes them, of two for the anchors, `anchor_loss` and
  `anchor_box_loss`: means over what is sampled in all images together. `recall` is the
  share of objects that some region overlaps by half.

  Returns:
    A task whose outputs are `judging.Detections`, arrays [B, D, ...].
  """
  sample: Any = functools.partial(judging.sample, settings=system.judging)
  of_regions: Any = functools.partial(judging.losses, settings=system.judging)
  detected: Any = functools.partial(judging.detected, settings=system.judging)

  def init(key, batch):
    return system.model.init({'params': key}, batch.x['image'], train=False)

  def measured(run, batch, key):
    """Returns the loss, the collections and the metrics."""
    seen, found, run = looked(system, run, batch.x)
    sums: Metrics = {}
    truth = truths(batch)
    if system.proposing is not None:
      of_anchors: Any = functools.partial(
        proposals.losses, anchors=found.anchors, settings=system.proposing
      )
      inputs = _keys(key, 1, batch), *found.said, batch.x['extent'], truth
      own = jax.vmap(of_anchors)(*inputs)
      sums |= _summed(own, batch, 'anchor_loss', 'anchor_box_loss')
    chosen = jax.vmap(sample)(_keys(key, 2, batch), found.regions, truth)
    chosen = jax.lax.stop_gradient(chosen)
    (logits, changes), run = judged(system, run, seen, chosen.boxes)
    own = jax.vmap(of_regions)(logits, changes, chosen)
    sums |= _summed(own, batch, 'class_loss', 'box_loss')
    loss = sum(total / jnp.maximum(weight, 1) for total, weight in sums.values())
    counted = lambda values: jnp.sum(values * batch.weight['image'])
    hits, objects = jax.vmap(proposals.recall)(found.regions, truth)
    examples = counted(1.0)
    return loss, (
      run.extra,
      {
        'loss': (loss * examples, examples),
        **sums,
        'recall': (counted(hits), counted(objects)),
      },
    )

  def mean_loss(params, extra, batch, key):
    return measured(Run(params, extra, key, train=True), batch, key)

  def evaluate(variables, batch, key):
    run = Run(variables['params'], untrained(variables), key)
    return measured(run, batch, key)[1][1]

  @jax.jit
  def outputs(variables, x):
    run = Run(variables['params'], untrained(variables))
    seen, found, run = looked(system, run, x)
    (logits, changes), _ = judged(system, run, seen, found.regions.boxes)
    return jax.vmap(detected)(logits, changes, found.regions, x['extent'])

  return Task(init, (mean_loss,), evaluate, outputs)


def regions_of(system: System) -> Callable[[Variables, Any], Regions]:
  """Makes (variables, x) -> the regions that a system judges, arrays [B, R, ...]."""

  @jax.jit
  def found(variables, x):
    run = Run(variables['params'], untrained(variables))
    return looked(system, run, x)[1].regions

  return found


class Found(NamedTuple):
  """Regions of each image, arrays [B, R, ...], and what they come from.

  Attributes:
    regions: see above.
    anchors: [A, 4]; None where the regions are given.
    said: logits [B, A, 1 or 2] and changes [B, A, 4] of the anchors.
  """

  regions: Regions
  anchors: Any = None
  said: Any = ()


def looked(system: System, run: Run, x: Any) -> tuple[Array, Found, Run]:
  """Returns what regions are taken from, maps or images, the regions, and the Run."""
  proposing = system.proposing
  if system.crop is not None:
    return x['image'], Found(_given(x)), run
  maps, run = run.apply(system.model, 'maps', x['image'])
  if proposing is None:
    return maps, Found(_given(x)), run
  said, run = run.apply(system.model, 'proposed', maps)
  _, rows, columns, _ = maps.shape
  placed = boxes.anchors(
    rows, columns, proposing.stride, proposing.sizes, proposing.ratios
  )
  anchors = jnp.asarray(placed)
  propose: Any = functools.partial(
    proposals.proposed,
    anchors=anchors,
    settings=proposing,
    most=proposing.kept if run.train else proposing.tested,
  )
  found = jax.vmap(propose)(*said, x['extent'])
  return maps, Found(found, anchors, said), run


def judged(
  system: System, run: Run, seen: Array, found: Array, method: str = 'judged'
) -> tuple[Any, Run]:
  """Judges boxes [B, R, 4] on maps or images.

  Args:
    system, run: see above.
    seen: maps or images, see `looked`.
    found: the boxes.
    method: of the model, that is given regions.

  Returns:
    Its output, by default logits [B, R, K] and changes of boxes [B, R, K, 4]; the Run
    that goes on.
  """
  pool: Any = functools.partial(
    regions.pooled, stride=system.stride, size=system.model.size
  )
  if system.crop is None:
    pooled = jax.vmap(pool)(seen, found)
  else:
    cut: Any = functools.partial(regions.warped, **system.crop._asdict())
    maps, run = run.apply(system.model, 'maps', _flat(jax.vmap(cut)(seen, found)))
    one = pooling.adaptive_max(maps, system.model.size)
    pooled = one.reshape(*found.shape[:2], *one.shape[1:])
  output, run = run.apply(system.model, method, _flat(pooled))
  shaped = lambda leaf: leaf.reshape(*found.shape[:2], *leaf.shape[1:])
  return jax.tree.map(shaped, output), run


def truths(batch: Batch) -> Truth:
  """Returns the objects of a batch that count, arrays [B, N, ...]."""
  return Truth(batch.y['boxes'], batch.y['labels'], batch.weight['boxes'] > 0)


def _given(x: Any) -> Regions:
  return Regions(x['proposals'], x['proposed'] > 0)


def _flat(values: Array) -> Array:
  return values.reshape(-1, *values.shape[2:])


def _keys(key: Key, use: int, batch: Batch) -> Key:
  """Returns a key for each image: they draw the same however devices share a batch."""
  return jax.random.split(jax.random.fold_in(key, use), len(batch.weight['image']))


def _summed(sums: tuple[Array, Array, Array], batch: Batch, *names: str) -> Metrics:
  """Returns two losses of all images that count: {name: (total, weight)}."""
  weight = batch.weight['image']
  *totals, count = (jnp.sum(each * weight) for each in sums)
  return {name: (total, count) for name, total in zip(names, totals, strict=True)}
