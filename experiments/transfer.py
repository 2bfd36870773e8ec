"""What is learned without labels, and what it is worth to another task. Lecture 9.

    python -m experiments.transfer                   # digits
    python -m experiments.transfer --labels=1,10,0 --draws=3
    python -m experiments.transfer --dataset=cifar10 --data_dir=DIR

One encoder learns to fill holes (`inpainting`), one to solve puzzles (`jigsaw`), one
whether digits are even or odd, all from the whole training split; one stays random.
What they know of the classes is measured by linear probes of each layer, and by
training a classifier on them with few labels: the encoder frozen, and fine-tuned. On
images as simple as digits a random convolutional network is a strong start, so it is in
every picture. With 5 and 20 labels a class, fine-tuning gains 1 to 4 points over
training from scratch; with 1 the draw of the labels matters more, with all there is
little to gain.
"""

import dataclasses

from dl_core import config, launch
from dl_core.launch.families import encoders
from dl_core.lessons.networks import transfer, transfer_claims
from dl_core.types import Picture
from experiments import few_labels, inpainting, jigsaw


@dataclasses.dataclass(frozen=True)
class Config(encoders.Config):
  labels: tuple[int, ...] = config.field(
    (1, 5, 20, 0), 'numbers of labels a class to compare, in this order; 0: all', low=0
  )
  draws: int = config.field(5, 'number of draws of the labels', low=1, below=1_000)
  hole: str = config.field(
    'random', 'place of the hole, centre or random', choices=('centre', 'random')
  )
  tuning: int = config.field(
    100, 'training steps of a classifier that is fine-tuned', low=1
  )
  tuned: int = config.field(20, 'labelled images in a step of fine-tuning', low=1)
  steps: int = 1_200
  batch_size: int = 64
  eval_every: int = 500


RECIPES = {'mnist': {'steps': 4_000}, 'cifar10': {'steps': 6_000}}
TINY = Config(steps=2, batch_size=8, tuning=2, tuned=8, size=8, widths=(2, 2, 4, 4),
              draws=1, labels=(1, 0), eval_every=1)  # fmt: skip


def study(c: Config) -> launch.Study:
  same = config.shared(c, 'size', 'widths')
  gap = max(c.size // 8, 1)
  runs = {
    'inpainting': (inpainting, inpainting.Config(**same, hole=c.hole)),
    'jigsaw': (jigsaw, jigsaw.Config(**same, gap=gap)),
    'labels': (few_labels, few_labels.Config(**same, target='parity')),
    'random': (few_labels, few_labels.Config(**same | {'steps': 0})),
  }
  return launch.Study(runs, lambda results: draw(c, results))


def draw(c: Config, results) -> list[Picture]:
  """Measures and draws what the encoders are worth."""
  own = few_labels.Config(**config.shared(c, 'size', 'widths'))
  target = few_labels.build(
    dataclasses.replace(own, steps=c.tuning, batch_size=c.tuned)
  )
  encoder_of = lambda name: results[name][0].variables()['params']['encoder']
  found = transfer.measure(
    {name: encoder_of(name) for name in results}, target, c.labels, c.draws, c.seed
  )
  return transfer_claims.pictures(results, found)


if __name__ == '__main__':
  launch.main(__name__)
