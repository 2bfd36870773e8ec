"""BERT and GPT with a new head, which tells classes of texts, or of pairs, apart.

Fine-tuning trains all of a pretrained network on a labelled task; only the head, and
the marks of GPT, are new. BERT (Devlin et al., 2019, https://arxiv.org/abs/1810.04805)
reads out the pooled features of [CLS]. Pre-training without the next passage does not
train them; the mean over all tokens serves such a network. GPT (Radford et al., 2018,
https://openai.com/index/language-unsupervised) reads out those of the last token, a
mark, since no other one has seen the whole text; it goes on predicting tokens, too.

The parameters of a pretrained network have the same paths here as in its own model.

Shapes: B examples, T tokens, V tokens in the vocabulary, D features, K classes.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import readout
from dl_core.layers.dropout import Dropout
from dl_core.layers.embedding import Embed
from dl_core.models import bert, gpt
from dl_core.types import Array

# The parts of each that a pretrained model has too; see `Experiment.taken`.
BERT_BODY = ('words', 'places', 'segments', 'norm', 'encoder', 'pooler')
GPT_BODY = ('embedding', 'positions', 'stack')
POOLS = ('first', 'mean')  # what BERT reads out


class BERTClassifier(nn.Module):
  """BERT's encoder and pooler, dropout, and a linear read-out.

  Attributes:
    body: the encoder.
    classes: K.
    pool: one of `POOLS`: the features of the first token, or their mean.
  """

  body: bert.Encoder
  classes: int
  pool: str = 'first'

  def setup(self):
    nn.share_scope(self, self.body)
    self.head_drop = Dropout(self.body.dropout)
    self.output = readout.Readout(self.classes, kernel_init=bert.INIT)

  def __call__(self, x: dict[str, Array], *, train: bool) -> Array:
    """Maps {tokens, segments [B, T], lengths [B]} to logits [B, K]."""
    h = self.body(x, train=train)
    one = h[:, 0] if self.pool == 'first' else mean(h, x['lengths'])
    return self.output(self.head_drop(self.body.pool(one), train=train))


class GPTClassifier(nn.Module):
  """GPT, embeddings of marks, dropout, and a linear read-out of the last token.

  Attributes:
    body: the language model.
    classes: K.
    first: number of the first mark; of the rows of V, those from it on stay unused.
    marks: how many marks there are.
    auxiliary: whether the nats of the text are returned in training.
  """

  body: gpt.GPT
  classes: int
  first: int
  marks: int = 3
  auxiliary: bool = True

  def setup(self):
    nn.share_scope(self, self.body)
    self.new = Embed(self.marks, self.body.size.width)
    self.head_drop = Dropout(self.body.dropout)
    self.output = readout.Readout(
      self.classes, kernel_init=nn.initializers.normal(0.02)
    )

  def __call__(self, x: dict[str, Array], *, train: bool) -> Any:
    """Maps {tokens [B, T], lengths [B]} to logits [B, K].

    In training with `auxiliary`, it returns the logits and the mean cross-entropy [B]
    of each text's tokens, in nats, each predicted from those before it; marks are not
    predicted.
    """
    tokens, lengths, first = x['tokens'], x['lengths'], self.first
    h, _ = self.body.through(self.embedded(tokens), None, train)
    last = jnp.take_along_axis(h, (lengths - 1)[:, None, None], axis=1)[:, 0]
    logits = self.output(self.head_drop(last, train=train))
    if not (train and self.auxiliary):
      return logits
    following = tokens[:, 1:]
    inside = jnp.arange(1, tokens.shape[1])[None] < lengths[:, None]
    weight = (inside & (following < first)).astype(jnp.float32)
    chances = jax.nn.log_softmax(self.body.embedding.logits(h[:, :-1]))
    wanted = jnp.minimum(following, first - 1)[..., None]
    nats = -jnp.take_along_axis(chances, wanted, axis=-1)[..., 0]
    count = jnp.maximum(jnp.sum(weight, axis=1), 1)
    return logits, jnp.sum(nats * weight, axis=1) / count

  def embedded(self, tokens: Array) -> Array:
    """Maps tokens and marks [B, T] to [B, T, D]."""
    first = self.first
    known = self.body.embedding(jnp.minimum(tokens, first - 1))
    new = self.new(jnp.maximum(tokens - first, 0))
    return jnp.where((tokens < first)[..., None], known, new)


def mean(h: Array, lengths: Array) -> Array:
  """Returns the mean [B, D] of features [B, T, D] over the tokens of each text."""
  inside = jnp.arange(h.shape[1])[None] < lengths[:, None]
  weight = inside / jnp.maximum(lengths, 1)[:, None]
  return jnp.einsum('btd,bt->bd', h, weight.astype(h.dtype))
