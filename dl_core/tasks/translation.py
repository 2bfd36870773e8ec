"""From one text to another: the loss with teacher forcing, and what is then written.

Shapes: B pairs, S tokens of the source, T of the target, V tokens in the vocabulary.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import metrics
from dl_core.tasks import decode as decoding
from dl_core.tasks import measures, similarity
from dl_core.tasks.beam import beam
from dl_core.tasks.supervised import judged
from dl_core.types import Array, Batch, Data, Decode, Marks, Metrics, Task, Variables

metrics.declare('exact', fraction=True)
UNLIKE = '\ufffe'  # for an unknown token of a reference: nothing that is written has it


def translate(model: Any, axes: Any = 0, smoothing: float = 0.0) -> Task:
  """Makes the task of writing `batch.y`, given the source and the target so far.

  Beside the loss, in nats a token, it reports the accuracy of single tokens and
  `exact`, the share of targets whose tokens are all right. Greedy decoding writes
  exactly these: as long as every token is right, it reads what teacher forcing reads.

  Args:
    model: called as model(x, train=...) with x as in `data.pairs`; by its `start(x,
      length)`, which returns the state before the first of `length` tokens, and by its
      `advance(state, tokens, last)`; see `models.seq2seq`.
    axes: where that state has its B, see `Decode`.
    smoothing: label smoothing in `loss`; `nats` is the loss without it.
  """
  smoothed = measures.smoothed(smoothing)

  def judge(logits: Array, batch: Batch) -> Metrics:
    nats = metrics.weighted(measures.cross_entropy(logits, batch.y), batch.weight)
    right = measures.accuracy(logits, batch.y)
    whole = exact(right, 1, batch.weight).astype(jnp.float32)
    return {
      'loss': metrics.weighted(smoothed(logits, batch.y), batch.weight),
      'nats': nats,
      'accuracy': metrics.weighted(right, batch.weight),
      'exact': metrics.weighted(whole, metrics.labelled(batch.weight)),
    }

  def start(variables, x, length):
    return model.apply(variables, x, length, method='start')

  return judged(model, judge)._replace(decode=decoding.of(model, start, axes))


def exact(said: Any, wanted: Any, weight: Any) -> Any:
  """Returns booleans [B]: whether all tokens that count are as wanted.

  Args:
    said, wanted: tokens [B, T].
    weight: [B, T], 0 where a token does not count.
  """
  return ((said == wanted) | (weight == 0)).all(axis=1)


def written(
  decode: Decode,
  variables: Variables,
  x: Any,
  count: int,
  marks: Marks,
  width: int = 1,
  alpha: float = 0.0,
) -> Array:
  """Writes the targets of B sources in one dispatch.

  Args:
    decode, variables: of the model.
    x: what it reads.
    count: T, the most tokens of a target.
    marks: of the targets' vocabulary.
    width, alpha: see `beam`; a width of 1 decodes greedily.

  Returns:
    Tokens [B, T], the stop token included, padding after it.
  """
  prompt = np.full((len(jax.tree.leaves(x)[0]), 1), marks.start, np.int32)
  ends: dict[str, Any] = {'x': x, 'stop': marks.stop, 'pad': marks.pad}
  if width == 1:
    key = jax.random.key(0)  # nothing is drawn
    return decoding.generate(decode, variables, prompt, count, key, 0.0, **ends)
  found = beam(decode, variables, prompt, count, width, alpha=alpha, **ends)
  return found.tokens[:, 0]


def examples(data: Data, split: str, most: int | None = None) -> tuple[Any, Any]:
  """Returns x and y of a split, or of its first examples, without padded ones.

  Args:
    data: of `data.pairs`.
    split: its name.
    most: spreads so many examples evenly over the split, which is in the order of the
      lengths; None: all.
  """
  found = list(data.splits[split]())
  joined = jax.tree.map(lambda *leaves: np.concatenate(leaves), *found)
  real = np.flatnonzero(np.any(joined.weight > 0, axis=1))
  if most and most < len(real):
    real = real[np.linspace(0, len(real) - 1, most).astype(int)]
  return jax.tree.map(lambda leaf: leaf[real], (joined.x, joined.y))


def marks_of(data: Data) -> Marks:
  """Returns the marks of data whose targets are texts."""
  assert data.marks, f'{data.spec.source} has no targets that are texts'
  return data.marks()


def texts(data: Data, tokens: Any, unknown: str | None = None) -> list[str]:
  """Returns the texts that tokens [B, T] spell.

  Args:
    data: of `data.pairs`.
    tokens: up to a stop token.
    unknown: what is written for unknown ones; None: as the vocabulary spells them.
  """
  write, mark = data.write, data.marks().unknown if data.marks else None
  assert write, 'the data are no texts'
  found = [write(row).strip() for row in tokens]
  if unknown is None or mark is None:
    return found
  return [text.replace(write([mark]), unknown) for text in found]


def scores(
  task: Task, width: int = 1, alpha: float = 0.0
) -> Callable[[Variables, Data, Any], Mapping[str, float]]:
  """Makes the `scores` of an experiment: BLEU and chrF of the test split."""
  decode = task.decode
  assert decode, 'the model of the task does not write'

  def score(variables, data, key):
    del key  # nothing is drawn
    x, y = examples(data, 'test')
    marks = marks_of(data)
    tokens = written(decode, variables, x, y.shape[1], marks, width, alpha)
    said, true = texts(data, np.asarray(tokens)), texts(data, y, UNLIKE)
    return {'bleu': similarity.bleu(said, true), 'chrf': similarity.chrf(said, true)}

  return score
