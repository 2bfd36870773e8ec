"""Networks that predict the distribution of each pixel given the pixels before it.

PixelCNN, the Row LSTM and the Diagonal BiLSTM are those of van den Oord, Kalchbrenner &
Kavukcuoglu 2016 (https://arxiv.org/abs/1601.06759), the gated PixelCNN is that of van
den Oord et al. 2016 (https://arxiv.org/abs/1606.05328). Pixels are
ordered row by row from the top, and colours one after another within a pixel, so
p(x) = Π p(x_i | x_1 ... x_i-1).

Stacked masks have a blind spot: a wedge above and to the right is never seen. The gated
PixelCNN avoids it with two stacks: the vertical stack reads all rows above, the
horizontal stack reads the pixel's own row and the vertical stack. It can be conditioned
on a class: a vector of the class is added to the inputs of all gates.

Shapes: B images, H x W pixels, C colours, K levels, F features.
"""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import masked, pixel_lstm
from dl_core.types import Array

FIRST = 7  # side of the first mask


class Block(nn.Module):
  """The residual block of a PixelCNN: 2F features are narrowed to F and widened again.

  Attributes:
    width: F.
    colours: C.
  """

  width: int
  colours: int

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, 2F] to the same shape."""
    narrow, wide = (masked.colours(n * self.width, self.colours) for n in (1, 2))
    h = masked.Masked(narrow, wide, name='narrow')(nn.relu(x))
    h = masked.Masked(narrow, narrow, 1, 3, name='mask')(nn.relu(h))
    return x + masked.Masked(wide, narrow, name='wide')(nn.relu(h))


class LSTMBlock(nn.Module):
  """A row LSTM, or a diagonal BiLSTM, of F units, and a residual connection.

  Attributes:
    width: F.
    colours: C.
    diagonal: whether it is a diagonal BiLSTM.
  """

  width: int
  colours: int
  diagonal: bool

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, 2F] to the same shape."""
    kind = pixel_lstm.DiagonalBiLSTM if self.diagonal else pixel_lstm.RowLSTM
    narrow, wide = (masked.colours(n * self.width, self.colours) for n in (1, 2))
    h = kind(self.width, self.colours, name='lstm')(x)
    return x + masked.Masked(wide, narrow, name='wide')(h)


class GatedBlock(nn.Module):
  """One layer of both stacks of a gated PixelCNN: tanh(a) σ(b), a and b of F features.

  Attributes:
    width: F.
    colours: C.
    classes: number of classes of images; 0: the model reads no class.
  """

  width: int
  colours: int
  classes: int = 0

  @nn.compact
  def __call__(self, v: Array, h: Array, asked: Array | None) -> tuple[Array, Array]:
    """Maps the vertical and the horizontal stack, [B, H, W, F] each, to the next.

    Args:
      v, h: the stacks.
      asked: [B], the class of each image; None: the model reads no class.
    """

    def conditioned(x: Array, name: str) -> Array:  # equation 4
      if asked is None:
        return x
      return x + nn.Embed(self.classes, 2 * self.width, name=name)(asked)[:, None, None]

    own = masked.colours(self.width, self.colours)
    both = (*own, *own)
    a = masked.Above(2 * self.width, 1, 3, name='vertical')(v)
    a = conditioned(a, 'vertical_class')
    link = nn.Dense(2 * self.width, name='link')(a)
    b = masked.Masked(both, own, 0, 3, name='horizontal')(h) + link
    b = conditioned(b, 'horizontal_class')
    return gate(a), h + masked.Masked(own, own, name='residual')(gate(b))


class PixelCNN(nn.Module):
  """A PixelCNN, a gated PixelCNN, a Row LSTM or a Diagonal BiLSTM.

  Attributes:
    net: one of `NETS`.
    levels: K.
    layers: blocks between the first mask and the head.
    width: F; between blocks there are 2F features, or F if `net` is 'gated'.
    head: features of each hidden layer of the head.
    classes: number of classes of images, if `net` is 'gated'; 0: the model reads no
      class. Else it reads {'image': [B, H, W, C], 'class': [B]}.
  """

  net: str
  levels: int = 2
  layers: int = 15
  width: int = 16
  head: tuple[int, ...] = (32,)
  classes: int = 0

  @nn.compact
  def __call__(self, x: Any, *, train: bool) -> Array:
    """Maps images [B, H, W, C] in [0, 1] to logits [B, H, W, C, K]."""
    del train  # it does in training what it does in evaluation
    x, asked = (x['image'], x['class']) if self.classes else (x, None)
    count = x.shape[-1]
    centred = 2 * x - 1  # so that black differs from the padding, 0
    h = self.gated(centred, asked) if self.net == 'gated' else self.plain(centred)
    inputs = masked.colours(h.shape[-1], count)
    for number, width in enumerate(self.head, start=1):
      outputs = masked.colours(width, count)
      h = masked.Masked(outputs, inputs, name=f'head_{number}')(nn.relu(h))
      inputs = outputs
    # Two levels need one logit; the lower level's is 0.
    own = 1 if self.levels == 2 else self.levels
    outputs = masked.colours(count * own, count)
    logits = masked.Masked(outputs, inputs, name='output')(nn.relu(h))
    logits = logits.astype(jnp.promote_types(logits.dtype, jnp.float32))
    logits = logits.reshape(*x.shape, own)
    if self.levels == 2:
      return jnp.concatenate([jnp.zeros_like(logits), logits], axis=-1)
    return logits

  def plain(self, x: Array) -> Array:
    """Returns the features of a stack of residual blocks, [B, H, W, 2F]."""
    count = x.shape[-1]
    wide, own = masked.colours(2 * self.width, count), masked.colours(count, count)
    x = masked.Masked(wide, own, FIRST // 2, FIRST, first=True, name='first')(x)
    for number in range(1, self.layers + 1):
      name = f'block_{number}'
      if self.net == 'pixelcnn':
        x = Block(self.width, count, name=name)(x)
      else:
        diagonal = self.net == 'diagonal_bilstm'
        x = LSTMBlock(self.width, count, diagonal, name=name)(x)
    return x

  def gated(self, x: Array, asked: Array | None) -> Array:
    """Returns the features of the horizontal stack, [B, H, W, F]."""
    count = x.shape[-1]
    wide, own = masked.colours(self.width, count), masked.colours(count, count)
    v = masked.Above(self.width, FIRST // 2, FIRST, first=True, name='above')(x)
    h = masked.Masked(wide, own, 0, FIRST, first=True, name='left')(x)
    for number in range(1, self.layers + 1):
      block = GatedBlock(self.width, count, self.classes, name=f'block_{number}')
      v, h = block(v, h, asked)
    return h


NETS = {  # {net: (layers, width)} for binarised MNIST
  'pixelcnn': (15, 16),
  'gated': (7, 16),
  'row_lstm': (1, 32),
  'diagonal_bilstm': (1, 32),
}


def gate(x: Array) -> Array:
  """tanh(a) σ(b). Shapes: [..., 2F] -> [..., F]."""
  a, b = jnp.split(x, 2, axis=-1)
  return jnp.tanh(a) * nn.sigmoid(b)
