"""An autoencoder: an image through a narrow code and back. Lecture 11.

    python -m experiments.autoencoder                # restores digits of lost pixels
    python -m experiments.autoencoder --drop=0       # from whole images
    python -m experiments.autoencoder --drop=0 --hidden= --loss=squared_error   # PCA
    python -m experiments.autoencoder --dataset=mnist --data_dir=DIR
    python -m experiments.autoencoder --workdir=runs/autoencoder-... --predict=FILE.png

Hinton & Salakhutdinov 2006 (https://doi.org/10.1126/science.1127647) learn codes of 30
numbers. With --drop it is a denoising autoencoder (Vincent et al. 2010): at every
step a random share of the pixels is set to black, and the label is the whole image.
"""

import dataclasses

import jax
import jax.numpy as jnp
import optax

from dl_core import config, launch, tasks
from dl_core.data import images, views
from dl_core.interpret import reconstructions
from dl_core.launch.families import calls
from dl_core.models import autoencoder
from dl_core.tasks import reconstruction, schedules


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  size: int = config.field(8, 'height and width of images in pixels', low=1)
  hidden: tuple[int, ...] = config.field(
    (256, 128), 'units of each hidden layer of the encoder', low=1, empty=True
  )
  code: int = config.field(30, 'numbers in a code', low=1)
  drop: float = config.field(
    0.25, 'share of the pixels that the encoder reads as black', low=0, below=1
  )
  loss: str = config.field(
    reconstruction.CROSS_ENTROPY,
    'loss to minimise: cross_entropy of logits, with pixels as probabilities of ink; '
    'squared_error of pixels',
    choices=reconstruction.LOSSES,
  )
  steps: int = 3_000
  eval_every: int = 250


RECIPES = {
  'mnist': {'size': 28, 'hidden': (1_000, 500, 250), 'batch_size': 128, 'drop': 0.0}
  | {'steps': 20_000, 'eval_every': 1_000}
}
TINY = Config(steps=2, batch_size=8, hidden=(16,), code=8, learning_rate=0.01)
BENCH = Config(size=28, hidden=(1_000, 500, 250), batch_size=128)


def build(c: Config) -> launch.Experiment:
  data = views.itself(images.load(c, c.size, labels='optional'))
  data = data._replace(baseline=lambda: reconstruction.constant(data, c.loss))
  model = autoencoder.Autoencoder(c.hidden, c.code)

  def corrupt(key, batch):
    kept = jax.random.bernoulli(key, 1 - c.drop, batch.x.shape)
    return batch._replace(x=jnp.where(kept, batch.x, 0))

  task = tasks.corrupted(reconstruction.reconstruction(model, c.loss), corrupt)
  task = reconstructions.restoring(task, c.loss)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(optax.adam(schedules.cosine(c.learning_rate, c.steps)),),
    data=data,
    report=reconstructions.report(task, corrupt),
    published=(
      launch.Figure('error', 3.00, 'mnist', 'Hinton & Salakhutdinov, pretrained'),
      launch.Figure('error', 13.87, 'mnist', '30 principal components'),
    ),
  )


if __name__ == '__main__':
  launch.main(__name__)
