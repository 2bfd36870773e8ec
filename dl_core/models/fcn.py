"""A fully convolutional network: from an image to a class for every pixel.

Long, Shelhamer & Darrell, "Fully convolutional networks for semantic segmentation",
2015, https://arxiv.org/abs/1411.4038. Every layer is a convolution, so that the network
reads images of any size. Deep maps say what is there, shallow ones where: each stage is
scored by a 1 x 1 convolution, and the scores are added from the deepest upwards, each
upsampled to the next.

Shapes: B images, H x W pixels, C channels, K classes.
"""

from collections.abc import Sequence

from flax import linen as nn

from dl_core.layers import convolution, upsampling
from dl_core.types import Array


class FCN(nn.Module):
  """A small network in the form of FCN-8s, with skips from all of its stages.

  Attributes:
    classes: K.
    widths: features of the stages; each stage but the first begins with a 2 x 2
      max-pooling and is two 3 x 3 convolutions with ReLU.
  """

  classes: int
  widths: Sequence[int] = (16, 32, 64)

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] to logits [B, H, W, K]; H and W are divisible by 2^s.

    s is the number of stages less 1.
    """
    del train  # it does in training what it does in evaluation
    maps = []
    for number, width in enumerate(self.widths):
      if number:
        x = nn.max_pool(x, (2, 2), (2, 2))
      for layer in (1, 2):
        x = convolution.Conv(width, (3, 3), name=f'stage_{number}_{layer}')(x)
        x = nn.relu(x)
      maps.append(x)
    scores: Array | None = None
    for number, x in reversed(list(enumerate(maps))):
      # The first scores are 0, as in the paper: all classes begin equally likely.
      own = nn.Conv(
        self.classes, (1, 1), kernel_init=nn.initializers.zeros, name=f'score_{number}'
      )(x)
      if scores is not None:
        own += upsampling.Upsample(name=f'upsample_{number}')(scores)
      scores = own
    assert scores is not None, 'a network has at least one stage'
    return scores
