"""Classifies images with few labels, on an encoder of another task. Lecture 9.

    python -m experiments.few_labels --labels=5                  # from scratch
    python -m experiments.few_labels --labels=5 --init_from=runs/jigsaw-...
    python -m experiments.few_labels --labels=5 --init_from=runs/inpainting-... \\
      --freeze=backbone                                     # the last layer alone
    python -m experiments.few_labels --target=parity         # even or odd
    python -m experiments.few_labels --dataset=mnist --data_dir=DIR --labels=5

`--init_from` takes the encoder of a run of `inpainting`, of `jigsaw`, or of this
experiment with another --target, with the same --widths; the linear layer above it
begins anew. `transfer` compares them all.
"""

import dataclasses

import optax

from dl_core import config, interpret, launch, tasks
from dl_core.data import images, views
from dl_core.interpret import classification, filters
from dl_core.launch.families import encoders
from dl_core.models import encoder
from dl_core.tasks import freezing, measures, schedules


@dataclasses.dataclass(frozen=True)
class Config(encoders.Config, config.Transfer):
  target: str = config.field(
    'class',
    'what is learned: the class, or whether its number is even or odd',
    choices=('class', 'parity'),
  )
  labels: int = config.field(
    0, 'training images of each class, drawn from all; 0: all of them', low=0
  )
  draw: int = config.field(0, 'seed of the draw of --labels', low=0, below=2**32)
  steps: int = 500
  batch_size: int = 10
  eval_every: int = 250


TINY = Config(steps=2, batch_size=8, size=8, widths=(2, 2, 4, 4), learning_rate=0.01)
BENCH = Config(batch_size=64)


def build(c: Config) -> launch.Experiment:
  data = images.load(c, c.size, labels_each=c.labels, draw=c.draw)
  if c.target == 'parity':
    data = views.parity(data)
  model = encoder.Classifier(len(data.spec.classes), c.widths)
  task = tasks.supervised(model, accuracy=measures.accuracy)
  experiment = launch.Experiment(
    config=c,
    task=task,
    optimizers=(optax.adam(schedules.cosine(c.learning_rate, c.steps)),),
    data=data,
    report=interpret.join(
      classification.report(task),
      filters.report('encoder', 'layer_1', 'convolution', 'kernel'),
    ),
    taken=encoders.TAKEN,
  )
  return freezing.frozen(experiment)


if __name__ == '__main__':
  launch.main(__name__)
