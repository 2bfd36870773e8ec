"""What the latents of a GAN mean: walks between them, and sums of them. Lecture 13.

    python -m experiments.latent                     # a DCGAN of faces, four minutes
    python -m experiments.latent --seeds=3

Radford, Metz & Chintala 2015 (https://arxiv.org/abs/1511.06434), section 6, show that a
sample changes gradually between two latents, and that smiling woman - neutral woman +
neutral man is a smiling man. Here faces are drawn and their kinds are known, so a
classifier counts how often it is, beside controls: pixel averages, walks over training
images, and random steps of the same length.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from dl_core import config, launch
from dl_core.interpret import arithmetic, interpolation, judge
from dl_core.interpret import gan as pictures
from experiments import gan


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'faces', 'name of the data set', choices=('faces',), group='data'
  )
  net: str = config.field('dcgan', 'architecture of the GAN', choices=('mlp', 'dcgan'))
  width: int = config.field(32, 'feature maps of the DCGAN at full image size', low=1)
  judge_steps: int = config.field(600, 'training steps of the classifier', low=1)
  steps: int = 2_500
  eval_every: int = 500


TINY = Config(steps=2, batch_size=8, net='mlp', judge_steps=2)


def study(c: Config) -> launch.Study:
  recipe = gan.RECIPES['faces'] | {'net': c.net, 'width': c.width, 'steps': c.steps}
  own = gan.Config(**config.shared(c) | recipe, judge_steps=c.judge_steps)
  return launch.Study({c.net: (gan, own)}, lambda results: drawn(own, results))


def drawn(own: gan.Config, results: Mapping[str, Any]):
  """Draws walks and sums of the latents of every seed."""
  found = []
  for run in results[own.net]:
    data = run.experiment.data
    model = gan.networks(own, data.spec.channels)
    named = judge.make(data, own.judge_steps)
    generate = pictures.generator(model)(run.variables())
    key = jax.random.key(run.experiment.config.seed)
    ends = np.asarray(pictures.latents(model, key, interpolation.LATENTS))
    found.append(pictures.path(interpolation.walked(generate, named, data, ends)))
    found += arithmetic.pictures(generate, named, data.spec.classes, own.latent, key)
  return found


if __name__ == '__main__':
  launch.main(__name__)
