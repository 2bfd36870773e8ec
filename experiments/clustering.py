"""Clusters and components: structure without labels. Lecture 11.

    python -m experiments.clustering                     # the digits, half a minute
    python -m experiments.clustering --dataset=mnist --data_dir=DIR
    python -m experiments.clustering --seed=1            # other starts

k-means (Lloyd 1982, started by k-means++), mixtures of Gaussians by EM (Dempster, Laird
& Rubin 1977) and principal components. Nothing is trained by gradients. Labels only
judge: clusters are named by the best matching with the classes.
"""

import dataclasses

import numpy as np

from dl_core import config, launch
from dl_core.data import images, splits
from dl_core.lessons.unsupervised import clusters, reduction
from dl_core.types import Data


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  dataset: str = config.field('digits', 'name of the data set', group='data')
  data_dir: str = config.field(
    '', 'folder that holds the data sets; empty: $TFDS_DATA_DIR', how=True, group='data'
  )
  size: int = config.field(8, 'height and width of images in pixels', low=1)
  most: int = config.field(10_000, 'largest number of images to cluster', low=30)
  draws: int = config.field(
    5, 'random sets of points to fit mixtures of Gaussians to', low=1, below=1_000
  )


RECIPES = {'mnist': {'size': 28}}
TINY = Config(most=30, draws=1)


def load(c: Config) -> Data:
  own = config.Config(dataset=c.dataset, data_dir=c.data_dir, batch_size=256)
  return images.load(own, c.size)


def study(c: Config) -> launch.Study:
  data = load(c)

  def draw(results):
    del results
    parts = [splits.examples(data, name) for name in data.splits]
    every, labels = (
      np.concatenate(arrays)[: c.most] for arrays in zip(*parts, strict=True)
    )
    x, _ = (each[: c.most] for each in splits.examples(data, 'train'))
    test, _ = splits.examples(data, 'test')
    return [
      clusters.digits(every, labels, data.spec.classes, c.seed),
      clusters.numbers(x, len(data.spec.classes), c.seed),
      clusters.mixtures(c.seed, c.draws),
      reduction.picture(x, test),
    ]

  return launch.Study({}, draw, sources=(data.spec.source,))


if __name__ == '__main__':
  launch.main(__name__)
