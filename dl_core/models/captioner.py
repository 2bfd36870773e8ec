"""A network that describes an image, word by word.

Vinyals et al., "Show and tell", 2015 (https://arxiv.org/abs/1411.4555): the image, as
one vector, is the first input of a recurrent network, which then reads each word of the
caption and predicts the next. Unlike in the paper, the vector is also added to every
word, as Mao et al. 2015 (https://arxiv.org/abs/1412.6632) feed the image at every word;
the digits are then learned several times faster.
Xu et al., "Show, attend and tell", 2015 (https://arxiv.org/abs/1502.03044): the image
stays a map, and before each word a softmax over its places, scored by the state, says
where to look:

  e_i = v · tanh(U a_i + W h_t-1)    α = softmax(e)    z = σ(B h_t-1) Σ_i α_i a_i

z and the word before are what the recurrent layer reads. Unlike the paper's, the map is
trained with the rest, the places have learned positions, and no penalty evens out the
attention.

Shapes: B images, H x W pixels, C channels, P places of the map, D its features, T
words, E features of a word, V words of the vocabulary.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import readout, sequences, trunk
from dl_core.types import Array


class Caption(NamedTuple):
  """What is remembered between two words of a caption.

  Attributes:
    state: of the recurrent layer.
    places: [B, P, D], the map that is attended to; None without attention.
    keys: [B, P, A], U a_i of each place; None without attention.
    image: [B, E], the image as one vector; None with attention.
  """

  state: Any
  places: Array | None = None
  keys: Array | None = None
  image: Array | None = None


class Captioner(nn.Module):
  """A trunk, a recurrent layer and a read-out; with attention between them or without.

  Attributes:
    vocabulary: V.
    widths: features of each stage of the trunk, which halves the maps twice.
    cell: 'lstm', 'gru' or 'rnn'.
    hidden: units of the recurrent layer, and A with attention.
    embedding: features of a word, and of the image as one vector.
    attention: whether the model attends to the map before each word.
    bottleneck: see `trunk.Summary`.
  """

  vocabulary: int
  widths: Sequence[int] = (16, 32, 64)
  cell: str = 'lstm'
  hidden: int = 128
  embedding: int = 128
  attention: bool = False
  bottleneck: int = 16

  def setup(self):
    self.trunk = trunk.Trunk(self.widths)
    vector = functools.partial(trunk.Summary, bottleneck=self.bottleneck)
    self.image = (nn.Dense if self.attention else vector)(self.embedding)
    self.norm = nn.LayerNorm()
    self.words = nn.Embed(self.vocabulary, self.embedding)
    self.recurrent = sequences.CELLS[self.cell](self.hidden)
    self.output = readout.Readout(self.vocabulary)
    if self.attention:
      self.placed = Placed()
      self.keys = nn.Dense(self.hidden)
      self.query = nn.Dense(self.hidden, use_bias=False)
      self.score = nn.Dense(1, use_bias=False)
      self.gate = nn.Dense(self.widths[-1])

  def __call__(self, x: Any, *, train: bool) -> Array:
    """Maps {'image': [B, H, W, C], 'words': [B, T]} to logits [B, T, V].

    `words` is the caption after a start token; each of its words is said from the image
    and the words before it.
    """
    del train  # it does in training what it does in evaluation
    return self.advance(self.begin(x), x['words'])[1]

  def begin(self, x: Any) -> Caption:
    """Reads images, x['image']; see `Decode.start`."""
    found = self.trunk(x['image'])
    features = found.shape[-1]
    if not self.attention:
      first = self.norm(self.image(found))
      return Caption(self.recurrent(first[:, None])[0], image=first)
    places = self.placed(found.reshape(len(found), -1, features))
    first = self.norm(self.image(jnp.max(places, axis=1)))
    seen = jnp.pad(first, ((0, 0), (0, features)))  # no place has been looked at
    return Caption(self.recurrent(seen[:, None])[0], places, self.keys(places))

  def advance(
    self, caption: Caption, tokens: Array, last: bool = False
  ) -> tuple[Caption, Array]:
    """Reads words [B, T]; see `Decode.advance`."""
    caption, h, _ = self.read(caption, tokens)
    return caption, self.output(h[:, -1] if last else h)

  def weights(self, x: Any, train: bool = False) -> Array:
    """Returns α [B, T, P]: where is looked before each word of x['words'] is read."""
    del train
    weights = self.read(self.begin(x), x['words'])[2]
    assert weights is not None, 'a model without attention has no weights'
    return weights

  def read(
    self, caption: Caption, tokens: Array
  ) -> tuple[Caption, Array, Array | None]:
    """Reads words [B, T]; returns what is remembered, h [B, T, H] and α [B, T, P]."""
    words = self.words(tokens)
    state, places, keys, image = caption
    if image is not None:
      state, h = self.recurrent(words + image[:, None], state)
      return Caption(state, image=image), h, None
    assert places is not None
    assert keys is not None
    steps = []
    for step in range(words.shape[1]):
      h = self.recurrent.said(state).astype(places.dtype)
      scores = self.score(nn.tanh(keys + self.query(h)[:, None]))[..., 0]
      looked = nn.softmax(scores.astype(jnp.float32)).astype(places.dtype)
      seen = nn.sigmoid(self.gate(h)) * jnp.einsum('bp,bpd->bd', looked, places)
      read = jnp.concatenate([words[:, step], seen], axis=-1)
      state, h = self.recurrent(read[:, None], state)
      steps.append((h[:, 0], looked))
    h, looked = (jnp.stack(each, axis=1) for each in zip(*steps, strict=True))
    return Caption(state, places, keys), h, looked


class Placed(nn.Module):
  """Adds a learned vector to each place of a map [B, P, D]: where it is."""

  @nn.compact
  def __call__(self, places: Array) -> Array:
    return places + self.param(
      'position', nn.initializers.normal(0.1), (1, *places.shape[1:])
    )
