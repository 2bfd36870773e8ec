"""Draws the neighbourhoods of scenes: nearest neighbours, PCA and t-SNE.

Shapes: N training scenes, M test scenes, k neighbours.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from dl_core.data import splits
from dl_core.interpret import explained, neighbours, projections
from dl_core.lessons.seeing.found import SHOWN, Network
from dl_core.report import draw
from dl_core.types import Claim, Experiment, Picture

K = 4  # neighbours shown
AROUND = 12  # neighbours that trustworthiness counts
PERPLEXITY = 30.0
GAIN, RIGHT, TRUSTED = 0.4, 0.85, 0.95  # what the claims ask for
MAPPED, LOST = 0.7, 0.3


class Near(NamedTuple):
  """Neighbours of test scenes among training scenes.

  Attributes:
    queries: [E, H, W, 3] the scenes of the picture.
    labels: [E] their digits.
    scenes: {by what: [E, k, H, W, 3]}.
    digits: {by what: [E, k]}.
    right: {by what: share of all test scenes whose nearest has the same digit}.
  """

  queries: np.ndarray
  labels: np.ndarray
  scenes: dict[str, np.ndarray]
  digits: dict[str, np.ndarray]
  right: dict[str, float]


class Mapped(NamedTuple):
  """Test scenes drawn in the plane.

  Attributes:
    points: {method: [M, 2]}.
    labels: [M].
    trust: {method: trustworthiness, in [0, 1]}, of the methods that read features.
    right: {method: share of the points whose nearest has the same digit}.
  """

  points: dict[str, np.ndarray]
  labels: np.ndarray
  trust: dict[str, float]
  right: dict[str, float]


def neighbourhoods(experiment: Experiment, net: Network) -> Near:
  """Finds the nearest training scenes of every test scene."""
  stored, digits = splits.examples(experiment.data, 'train')
  queries, labels = splits.examples(experiment.data, 'test')
  of = lambda x: neighbours.features(net.model, net.variables, jnp.asarray(x))
  shown = net.chosen[:SHOWN]
  nearest = {
    'pixels': neighbours.nearest(stored, queries, K),
    'features': neighbours.nearest(of(stored), of(queries), K),
  }
  return Near(
    queries[shown],
    labels[shown],
    {name: stored[found[shown]] for name, found in nearest.items()},
    {name: digits[found[shown]] for name, found in nearest.items()},
    {
      name: float(np.mean(digits[found[:, 0]] == labels))
      for name, found in nearest.items()
    },
  )


def mapped(experiment: Experiment, net: Network, most: int) -> Mapped:
  """Maps the first `most` test scenes into the plane, three times."""
  from sklearn import manifold

  x, labels = splits.examples(experiment.data, 'test')
  x, labels = x[:most], labels[:most]
  features = neighbours.features(net.model, net.variables, jnp.asarray(x))
  wide = min(PERPLEXITY, len(x) / 3)
  # The first 50 components hold what distances of pixels depend on.
  pixels = projections.pca(x, min(50, len(x) - 1)).astype(np.float32)
  points = {
    'PCA of features': projections.pca(features),
    't-SNE of features': projections.tsne(features, wide).points,
    't-SNE of pixels': projections.tsne(pixels, wide).points,
  }
  around = min(AROUND, len(x) // 2 - 1)
  trust = {
    name: float(
      manifold.trustworthiness(
        features if 'features' in name else pixels, each, n_neighbors=around
      )
    )
    for name, each in points.items()
  }
  return Mapped(
    points, labels, trust, {name: alike(each, labels) for name, each in points.items()}
  )


def alike(points: np.ndarray, labels: np.ndarray) -> float:
  """Returns the share of points [M, 2] whose nearest other one has the same label."""
  nearest = neighbours.nearest(points, points, 2)
  own = nearest[:, 0] == np.arange(len(points))
  other = np.where(own, nearest[:, 1], nearest[:, 0])
  return float(np.mean(labels[other] == labels))


def neighbours_picture(found: Near, names: tuple[str, ...]) -> Picture:
  """Shows the neighbours of a few test scenes by pixels and by features."""
  pixels, features = found.right['pixels'], found.right['features']

  def show():
    rows = len(found.queries)
    across = 1 + 2 * K
    figure, panels = draw.panels(1.0 * across, 1.12 * rows, across * rows, across)
    grid = np.array(panels, object).reshape(rows, across)
    everything = [found.queries, *found.scenes.values()]
    flat = explained.lit(
      np.concatenate(
        [each.reshape(-1, *found.queries.shape[1:]) for each in everything]
      )
    )
    queries, others = flat[:rows], flat[rows:].reshape(2, rows, K, *flat.shape[1:])
    for row, query in enumerate(queries):
      draw.image(grid[row, 0], query)
      grid[row, 0].set_ylabel(names[found.labels[row]], rotation=0, labelpad=10)
      for column, (name, scenes) in enumerate(zip(found.scenes, others, strict=True)):
        for k in range(K):
          axes = grid[row, 1 + column * K + k]
          draw.image(axes, scenes[row, k])
          same = found.digits[name][row, k] == found.labels[row]
          colour = draw.GREEN if same else draw.ORANGE
          axes.spines[:].set(color=colour, linewidth=2.5)
    for place, word in ((0, 'test'), (1, 'by pixels'), (1 + K, 'by features')):
      grid[0, place].set_title(word, fontsize=10, loc='left')
    return figure

  return Picture(
    'Nearest neighbours',
    f'Test scenes and their {K} nearest training scenes, by Euclidean distance between '
    'pixels and between features, the input of the last layer. A green frame marks the '
    'same digit, an orange one another digit. Pixels retrieve similar backgrounds, '
    'because the digit varies in position, size and colour.',
    show,
    (
      Claim(
        f'The nearest scene by features has the same digit in at least {RIGHT:.0%} of '
        f'the test scenes, and in {100 * GAIN:.0f} points more than by pixels',
        features >= max(RIGHT, pixels + GAIN),
        f'{features:.1%} by features, {pixels:.1%} by pixels',
      ),
    ),
  )


def map_picture(found: Mapped, names: tuple[str, ...]) -> Picture:
  """Shows test scenes in the plane, each as its digit."""
  pca, tsne, raw = found.points

  def show():
    from matplotlib import colormaps

    figure, panels = draw.panels(9.6, 3.5, 3, titles=list(found.points))
    for axes, points in zip(panels, found.points.values(), strict=True):
      for label, name in enumerate(names):
        mine = points[found.labels == label]
        look: dict[str, Any] = {'marker': f'${name}$', 's': 22, 'lw': 0.2}
        axes.scatter(*mine.T, color=colormaps['tab10'](label % 10), **look)
      draw.bare(axes)
    return figure

  words = ', '.join(f'{name} {right:.1%}' for name, right in found.right.items())
  return Picture(
    'PCA and t-SNE',
    f'{len(found.labels):,} test scenes, each drawn as its digit. t-SNE keeps '
    'neighbours together; distances between clusters, and their sizes, mean nothing.',
    show,
    (
      Claim(
        f't-SNE keeps neighbourhoods: its trustworthiness is at least {TRUSTED} and '
        "above PCA's",
        found.trust[tsne] >= max(TRUSTED, found.trust[pca] + 1e-9),
        f'{found.trust[tsne]:.3f} against {found.trust[pca]:.3f}, {AROUND} neighbours',
      ),
      Claim(
        'The map of features separates the digits and the map of pixels does not: the '
        f'nearest point has the same digit in at least {MAPPED:.0%} and in at most '
        f'{LOST:.0%}',
        found.right[tsne] >= MAPPED and found.right[raw] <= LOST,
        words,
      ),
    ),
  )
