"""What fine-tuning BERT and GPT differ in: marks, vocabulary, model and objective.

Shapes: B examples, T tokens.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from dl_core import config, tasks
from dl_core.data import forms, vocabularies
from dl_core.launch.families import pretraining
from dl_core.models import bert, gpt, text_classifier
from dl_core.models.text_classifier import BERTClassifier, GPTClassifier
from dl_core.models.weights import text_classifier as weights
from dl_core.tasks import measures
from dl_core.types import Array, Names, Partition, Spec, Task, UserError, Variables

Model = BERTClassifier | GPTClassifier


class Kind(NamedTuple):
  """A kind of pretrained network.

  Attributes:
    vocabulary: the kind that is trained, unless given.
    form: how the tokens of an example are arranged.
    taken, partition: see `Experiment`.
  """

  vocabulary: str
  form: forms.Form
  taken: tuple[str, ...]
  partition: Partition


BERT = Kind('wordpiece', forms.BERT, text_classifier.BERT_BODY, bert.PARTITION)
GPT = Kind('bpe', forms.GPT, text_classifier.GPT_BODY, gpt.PARTITION)


def kind(size: str) -> Kind:
  """Returns the kind of network that has a size of this name."""
  return BERT if size in bert.SIZES else GPT


def vocabulary(c: Any, trained: str) -> tuple[str, int]:
  """Returns --vocabulary and --pieces, as given or as the run of --init_from has them.

  Args:
    c: `vocabulary`, `pieces` and `init_from` are used.
    trained: the kind that is trained where neither says one.
  """
  there = config.path(c.init_from) / vocabularies.FILE
  kept = str(there) if c.init_from and there.is_file() else ''
  name = c.vocabulary or kept or trained
  return name, pretraining.pieces(name, c.pieces)


def model(c: Any, kind: Kind, spec: Spec) -> Model:
  """Makes the model of the settings.

  Args:
    c: the settings.
    kind: of the network.
    spec: of the data.

  Raises:
    UserError: the settings do not fit each other.
  """
  tokens, classes = spec.limits.x['tokens'] - kind.form.extra, len(spec.classes)
  if kind is BERT:
    positions = c.positions or c.longest
    body: Any = bert.Encoder(tokens, bert.SIZES[c.size], positions, c.norm, c.dropout)
    made: Model = BERTClassifier(body, classes, c.pool)
  else:
    size = gpt.SIZES[c.size]
    size = size._replace(window=c.positions or size.window)
    positions = size.window
    body = gpt.GPT(pretraining.rows(c.size, size.vocabulary, tokens), size, c.dropout)
    made = GPTClassifier(body, classes, tokens, kind.form.extra, bool(c.auxiliary))
  if c.longest > positions:
    raise UserError(
      f'--longest={c.longest} was given, but the network has {positions} positions; '
      'give fewer tokens, or more --positions'
    )
  return made


def task(c: Any, model: Model) -> Task:
  """Makes the objective: classes, and for GPT with --auxiliary the next tokens, too."""
  if isinstance(model, BERTClassifier):
    return tasks.supervised(model, accuracy=measures.accuracy)
  return tasks.charged(model, share=c.auxiliary, accuracy=measures.accuracy)


def names(model: Model) -> Names | None:
  """Returns the table of names in other libraries' files; None where there are none."""
  if isinstance(model, BERTClassifier) and model.body.order != 'post':
    return None
  return weights.names(model)


def seen(model: Model, variables: Variables, x: Any) -> Array:
  """Returns how much the token that is read out attends to each, in the last block.

  Returns:
    [B, T], the mean over the heads.
  """
  _, moved = model.apply(variables, x, train=False, mutable=['intermediates'])
  (heads,) = jax.tree.leaves(moved['intermediates'])  # [L, B, H, T, T]
  place = 0 * x['lengths']
  if isinstance(model, GPTClassifier):
    place = x['lengths'] - 1
  mean = jnp.mean(heads[-1], axis=1)  # [B, T, T]
  return jnp.take_along_axis(mean, place[:, None, None], axis=1)[:, 0]
