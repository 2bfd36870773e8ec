"""A VAE or a GAN? Their images of faces, compared in like time. Lecture 13.

    python -m experiments.vae_or_gan                 # three runs, four minutes
    python -m experiments.vae_or_gan --seeds=3

A VAE of convolutions and two GANs, of perceptrons and of convolutions (DCGAN, Radford,
Metz & Chintala 2015, https://arxiv.org/abs/1511.06434), learn from drawn faces. A
classifier of real faces judges 1,000 samples of each. The claims are the lecture's: the
images of a VAE are blurry, those of a GAN are not, and a DCGAN's are better than those
of perceptrons.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from dl_core import config, launch
from dl_core.data import images, splits
from dl_core.interpret import judge, latents
from dl_core.lessons.adversarial import vae_or_gan
from dl_core.lessons.unsupervised.generation import timed
from dl_core.models import vae as vaes
from experiments import gan, vae


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = 'faces'
  samples: int = config.field(1_000, 'images of each model to judge', low=100)
  vae_steps: int = config.field(2_000, 'training steps of the VAE', low=1)
  mlp_steps: int = config.field(2_500, 'training steps of the perceptrons', low=1)
  judge_steps: int = config.field(600, 'training steps of the classifier', low=1)
  width: int = config.field(32, 'feature maps of the DCGAN at full image size', low=1)
  steps: int = config.field(1_000, 'training steps of the DCGAN', low=0, group='run')
  eval_every: int = 500


TINY = Config(
  dataset='digits',
  steps=2,
  batch_size=8,
  samples=100,
  vae_steps=2,
  mlp_steps=2,
  judge_steps=2,
  width=4,
)
SIZE, CODE, WRITTEN = 32, 16, 64
LABELS = {'vae': vae_or_gan.MEANS, 'mlp': vae_or_gan.MLP, 'dcgan': vae_or_gan.DCGAN}


def study(c: Config) -> launch.Study:
  same = config.shared(c)
  recipe = gan.RECIPES['faces'] | {'width': c.width, 'steps': c.steps}
  # What perceptrons learn the digits best with.
  rates = {'learning_rate': 2e-3, 'decay': False, 'noise': 0.0, 'average': 0.999}
  perceptrons = recipe | rates | {'net': 'mlp', 'steps': c.mlp_steps}
  own = vae.Config(
    **same | {'steps': c.vae_steps, 'learning_rate': 2e-3},
    size=SIZE,
    levels=256,
    likelihood=vaes.GAUSSIAN,
    maps=(32, 64, 128),
    hidden=(256,),
    code=CODE,
    nll_samples=0,
  )
  runs = {
    'vae': (vae, own),
    'mlp': (gan, gan.Config(**same | perceptrons, judge_steps=c.judge_steps)),
    'dcgan': (gan, gan.Config(**same | recipe, judge_steps=c.judge_steps)),
  }
  return launch.Study(runs, lambda results: drawn(c, own, results))


def drawn(c: Config, own: vae.Config, results: Mapping[str, Any]):
  """Samples from every model and draws the samples, their scores and their cost."""
  key = jax.random.key(c.seed)
  test, _ = splits.examples(results['vae'][0].experiment.data, 'test')
  model = vaes.VAE(
    test.shape[1:], own.hidden, own.code, likelihood=own.likelihood, maps=own.maps
  )
  means = latents.sample(model, mean=True)
  samplers = {
    vae_or_gan.MEANS: ('vae', means),
    vae_or_gan.DRAWS: ('vae', None),
    vae_or_gan.MLP: ('mlp', None),
    vae_or_gan.DCGAN: ('dcgan', None),
  }
  samples, sampling = {}, {}
  for way, (label, sample) in samplers.items():
    runs = [
      (sample or run.experiment.sample, run.variables()) for run in results[label]
    ]
    samples[way] = [
      make(variables, key, c.samples).clip(0, 1) for make, variables in runs
    ]
    make, variables = runs[0]
    sampling[way] = timed(functools.partial(make, variables, key, WRITTEN))
  training = {
    way: float(np.mean([run.lines[-1]['seconds'] for run in results[label]]))
    for label, way in LABELS.items()
  }
  shown = images.load(c, SIZE, normalise=(0.5, 0.5))
  named = judge.make(shown, c.judge_steps)
  kept = {way: sampling[way] for way in training}
  return vae_or_gan.pictures(samples, test, named, training, kept)


if __name__ == '__main__':
  launch.main(__name__)
