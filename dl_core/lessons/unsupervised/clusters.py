"""Draws the clusters of k-means and of mixtures of Gaussians, and their accuracy.

Shapes: N images or points, K clusters, R starts.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons import curves
from dl_core.models import clusters
from dl_core.report import draw
from dl_core.types import Claim, Picture

STARTS, FITS = 10, 4  # of k-means, and of a mixture
ASKED = 0.78  # matched accuracy of the best start on the digits
GAP = 2


def digits(x: np.ndarray, y: np.ndarray, names: tuple[str, ...], seed: int) -> Picture:
  """Makes the picture of k-means on images [N, H, W, C] of K classes [N]."""
  flat, count = jnp.asarray(x.reshape(len(x), -1)), len(names)
  keys = jax.random.split(jax.random.key(seed), STARTS)
  found = [clusters.lloyd(flat, clusters.seeded(flat, count, key)) for key in keys]
  inertia = np.array([float(each.inertia) for each in found])
  matched = np.array([clusters.matched(np.asarray(f.labels), y) for f in found])
  best = int(inertia.argmin())
  centres = np.asarray(found[best].centres).reshape(count, *x.shape[1:])
  share = [
    np.bincount(y[np.asarray(found[best].labels) == k], minlength=count)
    for k in range(count)
  ]
  rise = max(float(np.diff(np.asarray(each.history)).max()) for each in found)

  def show():
    figure, (left, right) = draw.panels(
      7.5, 3.0, 2, titles=('centres of the best start', 'inertia and accuracy')
    )
    left.imshow(draw.tiles(centres.clip(0, 1), 5, GAP, 6), interpolation='none')
    draw.bare(left)
    right.scatter(inertia, 100 * matched, s=24, color=draw.BLUE)
    right.set(xlabel='inertia', ylabel='matched accuracy, %')
    return figure

  mixed = int(np.argmin([each.max() / max(1, each.sum()) for each in share]))
  words = ', '.join(f'{n} of class {names[k]}' for k, n in enumerate(share[mixed]) if n)
  return Picture(
    'k-means on the digits',
    f'{len(x):,} images, {STARTS} starts by k-means++. Labels serve only to evaluate: '
    'the matched accuracy pairs clusters with classes one to one, in the best way. '
    f'The least pure cluster holds {words}.',
    show,
    (
      Claim(
        f'The start of least inertia has a matched accuracy of at least {ASKED:.0%}',
        float(matched[best]) >= ASKED,
        f'{matched[best]:.1%}; all starts {matched.min():.1%} to {matched.max():.1%}',
      ),
      Claim(
        'No step of Lloyd raises the inertia',
        rise <= 1e-3,
        f'largest change of a step {rise:.2g}',
      ),
      Claim(
        'The result depends on the start',
        float(np.ptp(inertia)) > 0.01 * float(inertia.min()),
        f'inertia {inertia.min():,.0f} to {inertia.max():,.0f}',
      ),
    ),
  )


def stretched(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
  """Draws 900 points [N, 2] of 3 slanted Gaussians, and the label of each point [N]."""
  turn = np.array([[0.8, -0.6], [0.6, 0.8]])
  points = random.normal(size=(3, 300, 2)) * [3.0, 0.5] @ turn.T
  points += np.array([[0.0, 0.0], [-1.5, 2.5], [1.5, -2.5]])[:, None]
  return points.reshape(-1, 2).astype(np.float32), np.repeat(np.arange(3), 300)


def mixtures(seed: int, draws: int) -> Picture:
  """Makes the picture of k-means beside a mixture of Gaussians on slanted clusters."""
  rows = []
  for own in range(draws):
    random = np.random.default_rng([seed, own])
    x, y = stretched(random)
    keys = jax.random.split(jax.random.key(int(random.integers(2**31))), FITS)
    starts = [clusters.lloyd(x, clusters.seeded(x, 3, key)) for key in keys]
    means = min(starts, key=lambda each: float(each.inertia))
    fits = [
      clusters.expectation_maximisation(
        jnp.asarray(x), clusters.begun(jnp.asarray(x), each.labels, 3), 100
      )
      for each in starts
    ]
    mixture, history = max(fits, key=lambda each: float(each[1][-1]))
    named = np.asarray(jnp.argmax(clusters.log_densities(mixture, x), axis=1))
    rows.append((x, np.asarray(means.labels), named, y, np.asarray(history)))
  by_means, by_mixture = (
    np.array([clusters.matched(row[kind], row[3]) for row in rows]) for kind in (1, 2)
  )
  falls = min(float(np.diff(row[4]).min()) for row in rows)

  def show():
    x, labels, named, y, _ = rows[0]
    figure, panels = draw.panels(
      8.0, 2.8, 3, titles=('true clusters', 'k-means', 'mixture of Gaussians')
    )
    for axes, colours in zip(panels, (y, labels, named), strict=True):
      axes.scatter(*x.T, s=3, c=np.array(draw.COLOURS)[colours], lw=0)
      axes.set_aspect('equal')
    return figure

  return Picture(
    'Clusters that are not round',
    'k-means measures distance alike in all directions, so it cuts long clusters. A '
    'mixture of Gaussians, fitted by EM from the clusters of k-means, learns their '
    'shapes.',
    show,
    (
      Claim(
        'A mixture of Gaussians has a higher matched accuracy than k-means',
        bool(np.mean(by_mixture) > np.mean(by_means)),
        f'{curves.spread(100 * by_mixture)} % against '
        f'{curves.spread(100 * by_means)} % in {draws} draws',
      ),
      Claim(
        'No step of EM lowers the likelihood',
        falls >= -1e-4,
        f'largest fall of a step {max(0.0, -falls):.1g} nats per point',
      ),
    ),
  )


def numbers(x: np.ndarray, classes: int, seed: int) -> Picture:
  """Makes the picture of inertia by the number of clusters, of images [N, H, W, C]."""
  flat = jnp.asarray(x.reshape(len(x), -1))
  counts = (1, 5, 10, 20, 30)
  keys = jax.random.split(jax.random.key(seed), 3)
  inertia = [
    min(
      float(clusters.lloyd(flat, clusters.seeded(flat, count, key)).inertia)
      for key in keys
    )
    for count in counts
  ]

  def show() -> Any:
    figure, axes = draw.panel(4.6, 2.8, xlabel='clusters', ylabel='inertia')
    axes.plot(counts, inertia, marker='o', color=draw.BLUE)
    draw.guide(axes, x=classes)
    return figure

  falls = bool((np.diff(inertia) < 0).all())
  return Picture(
    'How many clusters?',
    'The inertia falls with every additional cluster, so its minimum does not give the '
    'number of clusters. The dotted line marks the number of classes.',
    show,
    (
      Claim(
        'The inertia falls with every number of clusters tried',
        falls,
        ', '.join(f'{k}: {v:,.0f}' for k, v in zip(counts, inertia, strict=True)),
      ),
    ),
  )
