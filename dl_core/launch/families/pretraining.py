"""What GPT and BERT share: AdamW on clipped gradients, and averaged parameters."""

import dataclasses

import optax

from dl_core import config
from dl_core.data import subwords
from dl_core.layers import stack
from dl_core.tasks import optimizers, schedules


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
