"""A variational autoencoder: images from codes drawn at random. Lecture 12.

    python -m experiments.vae                        # the digits, black and white
    python -m experiments.vae --code=2               # the report shows the whole plane
    python -m experiments.vae --maps=32,64           # with convolutions
    python -m experiments.vae --objective=iwae --samples=5    # a tighter bound
    python -m experiments.vae --likelihood=gaussian --levels=17
    python -m experiments.vae --dataset=binarized_mnist --data_dir=DIR
    python -m experiments.vae --dataset=mnist --binarise=each_step --data_dir=DIR
    python -m experiments.vae --workdir=runs/vae-... --predict=FILE.png

Kingma & Welling 2013 (https://arxiv.org/abs/1312.6114); Burda, Grosse & Salakhutdinov
2015 (https://arxiv.org/abs/1509.00519) for IWAE. The result holds the negative ELBO and
`nll`, -log p(x) by importance sampling, in nats of an image.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import quantised
from dl_core.interpret import latents
from dl_core.launch.families import calls
from dl_core.models import vae
from dl_core.tasks import schedules, variational
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(quantised.Config):
  hidden: tuple[int, ...] = config.field(
    (256, 128), "units of the encoder's hidden layers; the decoder mirrors them",
    low=1, empty=True,
  )  # fmt: skip
  maps: tuple[int, ...] = config.field(
    (),
    'channels of convolutions of 3 x 3 at stride 2 before the hidden layers, as in '
    '16,32; the decoder mirrors them; empty: none',
    low=1, empty=True,
  )  # fmt: skip
  code: int = config.field(10, 'numbers in a code', low=1)
  objective: str = config.field(
    'elbo', 'bound on log p(x) to maximise', choices=variational.OBJECTIVES
  )
  samples: int = config.field(
    1, 'codes drawn for each image to estimate the bounds', low=1
  )
  likelihood: str = config.field(
    vae.BERNOULLI, 'distribution of a pixel given a code', choices=vae.LIKELIHOODS
  )
  nll_samples: int = config.field(
    5_000,
    'codes drawn for each test image to estimate its log p(x); 0: no estimate',
    low=0,
  )
  steps: int = 4_000
  batch_size: int = 128
  eval_every: int = 250

  def __post_init__(self):
    super().__post_init__()
    given = f'--likelihood={self.likelihood} was given with --levels={self.levels}'
    if self.likelihood == vae.BERNOULLI and self.levels != 2:
      raise UserError(
        f'{given}, but it describes pixels of two levels; add --likelihood=gaussian, '
        'or drop --levels'
      )
    if self.likelihood == vae.GAUSSIAN and self.levels == 2:
      raise UserError(
        f'{given}, but it describes grey pixels; add --levels=17 (without '
        '--binarise=each_step), or drop --likelihood'
      )
    multiple = 2 ** len(self.maps)
    if self.size % multiple:
      more = -(-self.size // multiple) * multiple
      raise UserError(
        f'--maps={config.stored(self.maps)} was given with --size={self.size}, but it '
        f'halves the sides {len(self.maps)} times; give fewer maps, or --size={more}'
      )


RECIPES = {
  'binarized_mnist': {'size': 28, 'hidden': (500,), 'code': 20, 'steps': 39_000}
  | {'learning_rate': 3e-3, 'eval_every': 1_950},
  'mnist': {'size': 28, 'hidden': (500,), 'code': 20, 'steps': 47_000}
  | {'eval_every': 2_350},
}
TINY = Config(
  steps=2, batch_size=8, hidden=(16,), code=2, nll_samples=4, learning_rate=0.01
)
BENCH = Config(dataset='binarized_mnist', size=28, hidden=(500,), code=20)


def build(c: Config) -> launch.Experiment:
  data = quantised.load(c)
  density = c.likelihood == vae.GAUSSIAN  # not comparable with probabilities
  if density:
    data = data._replace(baseline=dict)
  shape = data.spec.batch.x.shape[1:]
  model = vae.VAE(shape, c.hidden, c.code, c.samples, c.likelihood, c.maps)
  task = variational.variational(model, c.objective)
  change = quantised.change(c)
  task = tasks.corrupted(task, change)
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=latents.restoring(task, model),
    optimizers=(optax.adam(schedules.cosine(c.learning_rate, c.steps)),),
    data=data,
    scores=latents.scores(model, c.nll_samples, change),
    sample=latents.sample(model),
    report=latents.report(model, quantised.labelled(c), change),
    published=()
    if density
    else (
      launch.Figure('elbo', 104.0, 'binarized_mnist', 'flax, 10 epochs'),
      launch.Figure('nll', 89.78, 'binarized_mnist', 'pythae, 400 units'),
    ),
  )


if __name__ == '__main__':
  launch.main(__name__)
