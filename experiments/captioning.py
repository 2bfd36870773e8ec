"""A convolutional and a recurrent network describe scenes of digits. Lecture 9.

    python -m experiments.captioning                 # a two above a nine and a one
    python -m experiments.captioning --attention     # looks again before each word
    python -m experiments.captioning --beam=4        # the likeliest of several captions
    python -m experiments.captioning --workdir=runs/captioning-... --predict=FILE.png

One image in, a sentence out: the image is the first input of an LSTM that then writes
word by word (Vinyals et al. 2015, https://arxiv.org/abs/1411.4555; here the image is
also added to every word), or a map to which the LSTM attends (Xu et al. 2015,
https://arxiv.org/abs/1502.03044). A caption is right if it is word for word the only
true one; each split has digits of its own. Figures of photographs (COCO) are not
comparable.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import captions as scenes
from dl_core.data import wording
from dl_core.interpret import captions
from dl_core.models import captioner
from dl_core.tasks import measures, schedules, writing


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'scenes', 'name of the data set', choices=('scenes',), group='data'
  )
  attention: bool = config.field(
    False, 'attend to the map of the image before each word'
  )
  beam: int = config.field(
    1, 'sentences that decoding keeps at a time; 1: greedy decoding', low=1, below=33
  )
  cell: str = config.field(
    'lstm', 'kind of recurrent cell', choices=('lstm', 'gru', 'rnn')
  )
  hidden: int = config.field(128, 'units of the recurrent layer', low=1)
  widths: tuple[int, ...] = config.field(
    (16, 32, 64),
    'features of each convolution; the first and the last halve their maps',
    low=1,
  )
  warp: float = config.field(
    0.5, 'standard deviation in pixels of elastic distortions in training', low=0
  )
  steps: int = 3_000
  learning_rate: float = 1.5e-3
  eval_every: int = 500


TINY = Config(
  steps=2, batch_size=8, hidden=8, widths=(2, 3), attention=True, beam=2,
  learning_rate=0.02,
)  # fmt: skip
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  data = scenes.load(c, c.warp)
  model = captioner.Captioner(
    data.spec.limits.y, c.widths, c.cell, c.hidden, c.hidden, c.attention
  )
  task = tasks.conditioned(
    model,
    writing.Marks(wording.START, wording.STOP, wording.PAD),
    scenes.LENGTH,
    width=c.beam,
    attends=c.attention,
    accuracy=measures.accuracy,
  )
  task = task._replace(answer=captions.answer(data))
  rate = schedules.cosine(c.learning_rate, c.steps)
  return launch.Experiment(
    config=c,
    task=task,
    optimizers=(optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate)),),
    data=data,
    scores=captions.scores(task, scenes.count, most=3),
    report=captions.report(task),
  )


if __name__ == '__main__':
  launch.main(__name__)
