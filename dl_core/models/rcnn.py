"""R-CNN, Fast R-CNN and Faster R-CNN: a classifier of regions, which moves boxes.

Girshick et al. 2014 (https://arxiv.org/abs/1311.2524) classify every proposed region of
an image by itself; Girshick 2015 (https://arxiv.org/abs/1504.08083) computes the maps
once and pools each region from them; Ren et al. 2015 (https://arxiv.org/abs/1506.01497)
let the network propose the regions, too. They differ in which methods are called:
`tasks.detection` decides what is proposed, pooled and kept.

The trunk and the head are halves of a classifier, and share the scope of the detector:
their parameters have the same paths as the classifier's, whose files they take.

Shapes: B images, H x W pixels, h x w places of a map, C channels of it, A anchors at a
place, R regions of P x P bins, K classes, of which 0 is background.
"""

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution
from dl_core.types import Array

fine = nn.initializers.normal(0.01)
finest = nn.initializers.normal(0.001)


class Proposer(nn.Module):
  """The region proposal network: how likely each anchor is an object, and where it is.

  Attributes:
    width: channels of its 3 x 3 convolution.
    anchors: A.
    logits: numbers an anchor: 1, of a sigmoid; or 2, of a softmax over background and
      object, as the paper has.
  """

  width: int
  anchors: int
  logits: int = 1

  @nn.compact
  def __call__(self, maps: Array) -> tuple[Array, Array]:
    """Maps [B, h, w, C] to logits [B, h w A, logits] and changes [B, h w A, 4]."""
    x = convolution.Conv(self.width, (3, 3), kernel_init=fine, name='convolution')(maps)
    x = nn.relu(x)
    one = lambda count, name: nn.Conv(
      self.anchors * count, (1, 1), kernel_init=fine, name=name
    )(x).reshape(len(x), -1, count)
    return one(self.logits, 'objects'), one(4, 'boxes')


class RCNN(nn.Module):
  """A detector in methods: `maps`, `proposed`, `judged`.

  Attributes:
    classes: K, with the background.
    trunk: images -> maps.
    head: regions -> features.
    size: P.
    proposer: of Faster R-CNN; the others have none.
  """

  classes: int
  trunk: nn.Module
  head: nn.Module
  size: int
  proposer: Proposer | None = None

  def setup(self):
    nn.share_scope(self, self.trunk)
    nn.share_scope(self, self.head)
    self.output = nn.Dense(self.classes, kernel_init=fine)
    self.boxes = nn.Dense(4 * self.classes, kernel_init=finest)

  def __call__(self, x: Array, *, train: bool) -> tuple:
    """Calls every method once, on images [B, H, W, 3], so that all have parameters."""
    maps = self.maps(x, train=train)
    proposed = self.proposed(maps, train=train) if self.proposer is not None else ()
    regions = jnp.zeros((1, self.size, self.size, maps.shape[-1]), maps.dtype)
    return maps, proposed, self.judged(regions, train=train)

  def maps(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, 3] to maps [B, h, w, C]."""
    return self.trunk(x, train=train)

  def proposed(self, maps: Array, *, train: bool) -> tuple[Array, Array]:
    """Returns logits and changes of all anchors; see `Proposer`."""
    del train  # it does in training what it does in evaluation
    assert self.proposer is not None, 'only Faster R-CNN proposes regions'
    return self.proposer(maps)

  def features(self, regions: Array, *, train: bool) -> Array:
    """Maps regions [R, P, P, C] to what the classes are read from, [R, D]."""
    return self.head(regions, train=train)

  def judged(self, regions: Array, *, train: bool) -> tuple[Array, Array]:
    """Maps regions [R, P, P, C] to logits [R, K] and changes of boxes [R, K, 4]."""
    x = self.features(regions, train=train)
    return self.output(x), self.boxes(x).reshape(len(x), self.classes, 4)
