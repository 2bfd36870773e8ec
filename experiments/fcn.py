"""A fully convolutional network that colours digits pixel by pixel. Lecture 7.

    python -m experiments.fcn                        # which pixels are which digit
    python -m experiments.fcn --until=iou:0.8
    python -m experiments.fcn --workdir=runs/fcn-... --predict=FILE.png

Long, Shelhamer & Darrell 2015 (https://arxiv.org/abs/1411.4038): from coarse maps that
know what, and fine ones that know where, to a class for every pixel. The label maps
come from the ink of scikit-learn's digits; blurred edges are void and do not count.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import ink
from dl_core.interpret import segments
from dl_core.models import fcn
from dl_core.tasks import schedules
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  size: int = config.field(32, 'height and width of images in pixels', low=8)
  shift: int = config.field(
    3, 'augmentation: largest shift of images and their label maps, in pixels', low=0
  )
  widths: tuple[int, ...] = config.field(
    (16, 32, 64), 'features of each stage; every stage but the first halves its maps',
    low=1,
  )  # fmt: skip
  steps: int = 1_000
  batch_size: int = 32
  learning_rate: float = 3e-3


TINY = Config(steps=2, batch_size=8, size=8, widths=(4, 8))
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  halvings = 2 ** (len(c.widths) - 1)
  if c.size % halvings:
    raise UserError(
      f'--size={c.size} was given, but {len(c.widths)} stages halve it '
      f'{len(c.widths) - 1} times; give a multiple of {halvings}'
    )
  data = ink.load(c, c.size, c.shift)
  model = fcn.FCN(len(data.spec.classes), c.widths)
  task = tasks.segmentation(model)._replace(answer=segments.answer)
  return launch.Experiment(
    config=c,
    task=task,
    optimizers=(optax.adam(schedules.cosine(c.learning_rate, c.steps)),),
    data=data,
    report=segments.report(task),
  )


if __name__ == '__main__':
  launch.main(__name__)
