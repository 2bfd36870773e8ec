"""A recurrent network labels every frame of a film of a digit. Lecture 8.

    python -m experiments.video_frames                  # knows the frames so far
    python -m experiments.video_frames --bidirectional  # knows the whole film
    python -m experiments.video_frames --workdir=runs/video_frames-... --predict=A.gif

Many in, as many out, in step: a convolutional network reads each frame, a recurrent
network the sequence of frames (Donahue et al. 2015, https://arxiv.org/abs/1411.4389,
whose 68.2 % on the films of UCF-101 are not comparable). A digit slides in, through and
out, and is sometimes exchanged on the way. `both_directions` compares the two.
`--predict` also takes a folder of 12 images.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import films
from dl_core.interpret import films as shown
from dl_core.models import video_frames
from dl_core.tasks import measures, schedules


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'films', 'name of the data set', choices=('films',), group='data'
  )
  bidirectional: bool = config.field(False, 'read the film from both ends')
  cell: str = config.field(
    'lstm', 'kind of recurrent cell', choices=('lstm', 'gru', 'rnn')
  )
  hidden: int = config.field(
    64, 'units of the recurrent layer, in each direction', low=1
  )
  widths: tuple[int, ...] = config.field(
    (16, 32), 'features of each convolution; the first two halve their maps', low=1
  )
  features: int = config.field(64, 'features of a frame', low=1)
  steps: int = 800
  batch_size: int = 32
  learning_rate: float = 2e-3
  eval_every: int = 200


TINY = Config(
  steps=2, batch_size=8, hidden=8, widths=(2, 3), features=8, bidirectional=True
)
BENCH = Config(bidirectional=True)


def build(c: Config) -> launch.Experiment:
  data = films.load(c)
  model = video_frames.VideoFrames(
    len(data.spec.classes), c.widths, c.features, c.cell, c.hidden, c.bidirectional
  )
  task = tasks.supervised(model, accuracy=measures.accuracy)
  task = task._replace(answer=shown.answer)
  rate = schedules.cosine(c.learning_rate, c.steps)
  return launch.Experiment(
    config=c,
    task=task,
    optimizers=(optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate)),),
    data=data,
    scores=shown.scores(task),
    report=shown.report(task),
  )


if __name__ == '__main__':
  launch.main(__name__)
