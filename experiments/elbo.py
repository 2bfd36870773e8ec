"""The evidence lower bound: its gap, and what each term trains. Lecture 12.

    python -m experiments.elbo                       # two runs of vae, two minutes
    python -m experiments.elbo --seed=1

log p(x) = ELBO + KL(q(z|x) || p(z|x)). If codes are a plane, or everything is linear
and Gaussian, each of the three can be computed. A linear VAE is probabilistic PCA
(Lucas et al. 2019, https://arxiv.org/abs/1911.02469).
"""

import dataclasses
from typing import Any

from dl_core import config, launch
from dl_core.lessons.unsupervised import bounds, linear_gaussian
from dl_core.models.vae import GAUSSIAN, VAE
from dl_core.types import UserError
from experiments import vae


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  code: int = config.field(8, 'numbers in a code of the linear VAE', low=1)
  steps: int = 3_000
  batch_size: int = 128
  eval_every: int = 1_000


LINEAR: dict[str, Any] = {
  'steps': 8_000, 'batch_size': 512, 'learning_rate': 1e-2, 'levels': 17, 'hidden': (),
  'likelihood': GAUSSIAN,
}  # fmt: skip
TINY = Config(steps=2, batch_size=8, code=2)


def study(c: Config) -> launch.Study:
  plane = vae.Config(**config.shared(c), code=2, nll_samples=0)
  same = config.shared(c) | LINEAR | {'nll_samples': 0}
  linear = vae.Config(
    **same | {'steps': min(4 * c.steps, LINEAR['steps'])}, code=c.code
  )

  if c.code >= linear.size**2:
    raise UserError(
      f'--code={c.code} was given, but an image has {linear.size**2} pixels, and '
      'probabilistic PCA needs one more than the code; give fewer'
    )

  def model(own: vae.Config, results) -> VAE:
    shape = results.experiment.data.spec.batch.x.shape[1:]
    return VAE(shape, own.hidden, own.code, 1, own.likelihood)

  def draw(results):
    return [
      *bounds.pictures(model(plane, results['plane'][0]), results['plane']),
      *linear_gaussian.pictures(
        c.seed, model(linear, results['linear'][0]), results['linear']
      ),
    ]

  return launch.Study({'plane': (vae, plane), 'linear': (vae, linear)}, draw)


if __name__ == '__main__':
  launch.main(__name__)
