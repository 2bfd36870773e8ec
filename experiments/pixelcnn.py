"""The exact density of images, pixel by pixel: PixelCNN and PixelRNN. Lecture 11.

    python -m experiments.pixelcnn                   # the digits, black and white
    python -m experiments.pixelcnn --net=row_lstm    # or pixelcnn, diagonal_bilstm
    python -m experiments.pixelcnn --levels=17       # all grey levels of the digits
    python -m experiments.pixelcnn --conditional     # given the class of an image
    python -m experiments.pixelcnn --dataset=binarized_mnist --data_dir=DIR
    python -m experiments.pixelcnn --dataset=cifar10 --levels=256 --data_dir=DIR
    python -m experiments.pixelcnn --workdir=runs/pixelcnn-... --predict=FILE.png
    python -m experiments.pixelcnn --dataset=mnist --conditional \\
      --plan                                         # 47,537 parameters

Van den Oord, Kalchbrenner & Kavukcuoglu 2016 (https://arxiv.org/abs/1601.06759) and
van den Oord et al. 2016 (https://arxiv.org/abs/1606.05328). `loss` is -log p(x) in nats
per image. Training needs one pass of the network per image, sampling one per value.
With `--conditional` (section 2.3 of the second paper) it is -log p(x|class), and a
LeNet says how many samples are of the class that was asked for; --predict then reads
'FILE.png: CLASS'.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import quantised
from dl_core.interpret import conditional
from dl_core.interpret import pixels as pictures
from dl_core.models import pixelcnn
from dl_core.tasks import optimizers, pixels, schedules
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(quantised.Config):
  net: str = config.field(
    'gated', 'architecture of the network', choices=tuple(pixelcnn.NETS)
  )
  layers: int = config.field(
    4,
    'blocks of the network; 0: 15 for pixelcnn, 7 for gated, 1 for the others',
    low=0,
  )
  width: int = config.field(
    16,
    'features in a block; 0: 16 for pixelcnn and gated, 32 for the others',
    low=0,
  )
  head: int = config.field(32, 'features of the hidden layer before the logits', low=1)
  conditional: bool = config.field(
    False, 'condition the density on the class of an image; with --net=gated'
  )
  judge_steps: int = config.field(
    600, 'training steps of the LeNet that classifies samples with --conditional', low=1
  )
  average: float = config.field(
    0.995,
    'decay of the moving average of the parameters, which is evaluated',
    low=0,
    below=1,
  )
  steps: int = 600
  learning_rate: float = 3e-3
  eval_every: int = 100


RECIPES = {
  'binarized_mnist': {'size': 28, 'layers': 0, 'width': 0, 'steps': 12_000}
  | {'eval_every': 1_000, 'average': 0.999},
  'mnist': {'size': 28, 'layers': 0, 'width': 0, 'steps': 12_000}
  | {'eval_every': 1_000, 'average': 0.999},
  'cifar10': {'size': 32, 'levels': 256, 'layers': 0, 'width': 48, 'steps': 50_000}
  | {'eval_every': 1_000, 'average': 0.999},
}
TINY = Config(
  steps=2, batch_size=8, size=4, layers=1, width=2, head=4, learning_rate=0.03,
  judge_steps=2,
)  # fmt: skip
BENCH = Config(dataset='binarized_mnist', size=28, net='pixelcnn', layers=0, width=0)


def build(c: Config) -> launch.Experiment:
  if c.conditional and c.net != 'gated':
    raise UserError(
      f'--conditional was given with --net={c.net}, which reads no class; give '
      '--net=gated'
    )
  data = quantised.load(c, with_classes=c.conditional)
  layers, width = pixelcnn.NETS[c.net]
  layers, width = c.layers or layers, c.width or width
  for name, features in (('width', width), ('head', c.head)):
    if features % data.spec.channels:
      raise UserError(
        f'--{name}={features} was given for images of {data.spec.channels} colours, '
        'but features are divided equally among the colours; give a multiple of '
        f'{data.spec.channels}'
      )
  classes = len(data.spec.classes)  # 0 without --conditional
  model = pixelcnn.PixelCNN(c.net, c.levels, layers, width, (c.head,), classes)
  task = pixels.density(model)
  change = quantised.change(c)
  shape, asked = data.spec.batch.y.shape[1:], None
  if c.conditional:
    real = quantised.labelled(dataclasses.replace(c, binarise=quantised.ONCE))
    asked = pictures.generator(model, shape, c.levels, real, c.judge_steps)
  report = pictures.report(model, task, c.levels, change, asked)
  task = tasks.corrupted(task, change)
  rate = schedules.cosine(c.learning_rate, c.steps)
  return launch.Experiment(
    config=c,
    task=task._replace(answer=pictures.answer),
    optimizers=(
      optax.chain(
        optax.clip_by_global_norm(1.0), optax.adam(rate), optimizers.average(c.average)
      ),
    ),
    data=data,
    scores=conditional.scores(asked) if asked else None,
    averaged=optimizers.averaged,
    sample=pictures.sample(model, shape, c.levels),
    report=report,
    published=()
    if c.conditional
    else (
      launch.Figure('loss', 81.30, 'binarized_mnist', 'PixelCNN, van den Oord'),
      launch.Figure('loss', 80.75, 'binarized_mnist', 'Diagonal BiLSTM, 1 layer'),
      launch.Figure('loss', 79.20, 'binarized_mnist', 'Diagonal BiLSTM, 7 layers'),
    ),
  )


if __name__ == '__main__':
  launch.main(__name__)
