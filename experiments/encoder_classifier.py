"""A classifier on the encoder of an autoencoder. Lecture 11.

    python -m experiments.encoder_classifier --train_size=100
    python -m experiments.encoder_classifier --init_from=runs/autoencoder-...

`--init_from` takes the encoder of a run of `autoencoder` with the same --hidden and
--code; the linear layer above it begins anew. `encoder_start` compares both.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import images
from dl_core.interpret import classification
from dl_core.launch.families import calls
from dl_core.models import autoencoder
from dl_core.tasks import measures, schedules


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  size: int = config.field(8, 'height and width of images in pixels', low=1)
  hidden: tuple[int, ...] = config.field(
    (256, 128), 'units of each hidden layer of the encoder', low=1, empty=True
  )
  code: int = config.field(30, 'numbers in a code', low=1)
  train_size: int = config.field(
    0, 'number of training images, each class in proportion; 0: all', low=0
  )
  steps: int = 500
  batch_size: int = 20


TINY = Config(steps=2, batch_size=8, hidden=(16,), code=8, learning_rate=0.01)
BENCH = Config(batch_size=128)


def build(c: Config) -> launch.Experiment:
  data = images.load(c, c.size, train_size=c.train_size)
  model = autoencoder.EncoderClassifier(len(data.spec.classes), c.hidden, c.code)
  task = tasks.supervised(model, accuracy=measures.accuracy)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(optax.adam(schedules.cosine(c.learning_rate, c.steps)),),
    data=data,
    report=classification.report(task),
    taken=('encoder',),
  )


if __name__ == '__main__':
  launch.main(__name__)
