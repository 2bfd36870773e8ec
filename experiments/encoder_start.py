"""Does an autoencoder's encoder help a classifier that has few labels? Lecture 11.

    python -m experiments.encoder_start              # the digits: 2 minutes
    python -m experiments.encoder_start --labels=20,300 --seeds=5

One denoising autoencoder learns from all training images, without labels. Classifiers
then learn from few labelled ones, from its encoder or from random parameters; all else
is the same. Every seed draws the parameters and the order of the images anew.
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.lessons.networks import encoder_start
from experiments import autoencoder, encoder_classifier


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  labels: tuple[int, ...] = config.field(
    (20, 50, 100, 300), 'numbers of labelled training images to compare', low=20
  )
  seeds: int = 3
  pretraining: int = config.field(3_000, 'training steps of the autoencoder', low=1)
  steps: int = 500
  batch_size: int = 20
  eval_every: int = 250


TINY = Config(steps=2, labels=(20, 40), pretraining=2, seeds=1, eval_every=1)


def study(c: Config) -> launch.Study:
  first = autoencoder.Config(dataset=c.dataset, steps=c.pretraining)
  runs: dict = {'autoencoder': (autoencoder, first)}
  for count in sorted(set(c.labels)):
    own = encoder_classifier.Config(**config.shared(c), train_size=count)
    runs[f'scratch-{count}'] = encoder_classifier, own
    pretrained = dataclasses.replace(own, init_from='study:autoencoder')
    runs[f'encoder-{count}'] = encoder_classifier, pretrained
  labels = sorted(set(c.labels))
  return launch.Study(runs, functools.partial(encoder_start.pictures, labels))


if __name__ == '__main__':
  launch.main(__name__)
