"""A context encoder fills holes in images, and learns without labels. Lecture 9.

    python -m experiments.inpainting                 # digits without their middle
    python -m experiments.inpainting --hole=random   # holes anywhere
    python -m experiments.inpainting --adversarial=0.001     # against a critic
    python -m experiments.inpainting --dataset=mnist --data_dir=DIR   # also cifar10
    python -m experiments.inpainting --dataset=folder --data_dir=DIR --size=64
    python -m experiments.inpainting --workdir=runs/inpainting-... --predict=FILE.png

Pathak et al., 2016 (https://arxiv.org/abs/1604.07379). A quarter of every image is
hidden, and the squared error is counted in the hole alone. Beside the network stand
two ways to fill a hole that learn no more than a mean image: that image, and
interpolation from the rim of the hole. `transfer` shows what the encoder is good for.
"""

import dataclasses

import optax

from dl_core import config, interpret, launch, tasks
from dl_core.data import holes, images
from dl_core.interpret import filters
from dl_core.interpret import holes as pictures
from dl_core.launch.families import encoders
from dl_core.models import context_encoder, encoder
from dl_core.tasks import adversarial, filling, schedules
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(encoders.Config):
  hole: str = config.field('centre', 'place of the hole', choices=holes.PLACES)
  code: int = config.field(
    256, 'numbers in the bottleneck between encoder and decoder', low=1
  )
  adversarial: float = config.field(
    0.0,
    'share of the loss that comes from a critic, which tells filled images from '
    'untouched ones (0.001 in the paper); 0: no critic',
    low=0,
    below=1,
  )
  steps: int = 1_000
  eval_every: int = 250


RECIPES = {
  'mnist': {'steps': 6_000, 'eval_every': 500},
  'cifar10': {'steps': 6_000, 'eval_every': 500},
}
TINY = Config(
  steps=2, batch_size=8, size=8, widths=(2, 2, 4, 4), code=8, learning_rate=0.01
)
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  if c.size % encoder.HALVED:
    raise UserError(
      f'--size={c.size} was given, but the encoder halves images three times; give a '
      f'multiple of {encoder.HALVED}'
    )
  data = images.load(c, c.size, labels='optional')
  hide = holes.hide(c.hole)
  model = context_encoder.ContextEncoder(c.widths, c.code)
  adam = optax.adam(schedules.cosine(c.learning_rate, c.steps))
  own, optimizers = filling.filling(model), (adam,)
  if c.adversarial:
    critic = encoder.Classifier(1, c.widths)
    own = adversarial.adversarial(model, critic, c.adversarial)
    optimizers = adversarial.turns(adam)
  task = tasks.corrupted(own, hide)
  return launch.Experiment(
    config=c,
    task=pictures.restoring(task, hide),
    optimizers=optimizers,
    data=data._replace(baseline=lambda: pictures.constant(data, hide)),
    scores=pictures.scores(hide),
    report=interpret.join(
      pictures.report(task, hide),
      filters.report('encoder', 'layer_1', 'convolution', 'kernel'),
    ),
    taken=encoders.TAKEN,
  )


if __name__ == '__main__':
  launch.main(__name__)
