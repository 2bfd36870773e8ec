"""The cost of detecting objects in one image: operations, and seconds by stage.

Shapes: n images.
"""

import time
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.data import proposals
from dl_core.runtime import flops
from dl_core.types import Experiment, Variables

IMAGES = 32  # test images that are timed


class Cost(NamedTuple):
  """The cost of one image.

  Attributes:
    operations: of the network, those of matrix products and convolutions alone.
    proposals: seconds of selective search, the median; 0 without it.
    network: seconds of everything else, the median.
  """

  operations: int
  proposals: float
  network: float

  @property
  def seconds(self) -> float:
    return self.proposals + self.network


def measured(
  experiment: Experiment, variables: Variables, searched: proposals.Searched | None
) -> Cost:
  """Times a detector on single test images, after a first one that is not counted.

  Args:
    experiment, variables: of the detector.
    searched: settings of the selective search, which is timed, too; None: the detector
      proposes its regions itself.
  """
  outputs: Any = experiment.task.outputs
  batch = next(iter(experiment.data.splits['test']()))
  count = min(IMAGES, len(batch.weight['image']))
  singles = [
    jax.tree.map(lambda leaf, n=n: leaf[n : n + 1], batch.x) for n in range(count)
  ]
  jax.block_until_ready(outputs(variables, singles[0]))
  there = jax.device_put(singles)  # where an image is from does not count
  network = [timed(lambda x=x: outputs(variables, x)) for x in there]
  search = [0.0]
  if searched is not None:
    search = [
      timed(lambda x=x: proposals.of_image(pixels(x), x['extent'][0], searched))
      for x in singles
    ]
  return Cost(
    flops.count(outputs, variables, singles[0]).products,
    float(np.median(search)),
    float(np.median(network)),
  )


def pixels(x: Any) -> np.ndarray:
  """Returns the image uint8 [H, W, C] of normalised ones [1, H, W, C].

  Its contrast is stretched to all 256 values, which normalising may have moved.
  """
  image = np.asarray(x['image'][0])
  low, high = image.min(), image.max()
  return (255 * (image - low) / max(high - low, 1e-6)).astype(np.uint8)


def timed(call: Any) -> float:
  """Returns the seconds of a call, until its result is on the host."""
  begun = time.perf_counter()
  jax.device_get(call())
  return time.perf_counter() - begun
