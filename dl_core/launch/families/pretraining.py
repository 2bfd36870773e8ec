"""What GPT and BERT share: AdamW on clipped gradients, and averaged parameters."""

import dataclasses

import optax

from dl_core import config
from dl_core.data import subwords
from dl_core.layers import stack
from dl_core.tasks import optimizers, schedules
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Settings):
  dropout: float = config.field(0.0, 'dropout rate', low=0, below=1)
  weight_decay: float = config.field(
    0.1, 'weight decay of AdamW, which multiplies it by the learning rate', low=0
  )
  warmup: int = config.field(
    100, 'steps in which the learning rate rises to --learning_rate', low=0
  )
  average: float = config.field(
    0.99,
    'decay of the moving average of the parameters, which is tested',
    low=0,
    below=1,
  )


def optimizer(
  c: Config, schedule: optax.Schedule, b2: float
) -> optax.GradientTransformation:
  """Makes the optimizer of an experiment.

  Args:
    c: settings.
    schedule: learning rate of a step, without the warm-up.
    b2: decay of AdamW's second moment.
  """
  rate = schedules.warmed(schedule, c.warmup)
  return optax.chain(
    optax.clip_by_global_norm(1.0),
    optax.adamw(rate, 0.9, b2, weight_decay=c.weight_decay, mask=stack.decays),
    optimizers.average(c.average),
  )


def pieces(vocabulary: str, wanted: int) -> int:
  """Returns --pieces where a vocabulary is trained; 0 where it has its own size."""
  return wanted if vocabulary in subwords.TRAINED else 0


def rows(size: str, published: int, tokens: int) -> int:
  """Returns the rows of GPT's embedding: as published, or as many as the data need.

  Args:
    size: name of the size.
    published: V of the size; 0: it has none of its own.
    tokens: V of the data.

  Raises:
    UserError: the data have more tokens than the size.
  """
  if published and tokens > published:
    raise UserError(
      f'--size={size} was given, which has {published:,} tokens, with data of '
      f'{tokens:,}; take a smaller --pieces, or another size'
    )
  return published or tokens
