"""Why Â and not A: powers of A grow, those of Â do not; both make nodes alike.

Kipf & Welling 2017, section 2.2, and Li et al. 2018 (https://arxiv.org/abs/1801.07606):
a convolution is a smoothing. Random connected graphs of `NODES` nodes are measured.

Shapes: G graphs, N nodes, P powers.
"""

from typing import Any, NamedTuple

import numpy as np

from dl_core import graphs
from dl_core.report import draw
from dl_core.types import Claim, Picture

NODES = 30
POWERS = np.arange(0, 33)


class Measured(NamedTuple):
  """What powers of both matrices do.

  Attributes:
    plain, kipf: eigenvalues of A + I and of Â, [G, N], ascending.
    grown: ‖Mᵏx‖/‖x‖ of both, {name: [G, P]}.
    apart: distance of the nodes' features in Âᵏx from their limit's direction, [G, P].
  """

  plain: np.ndarray
  kipf: np.ndarray
  grown: dict[str, np.ndarray]
  apart: np.ndarray


def connected(random: np.random.Generator) -> np.ndarray:
  """Draws a connected graph: a random tree and as many edges again, [N, N]."""
  tree = [(node, int(random.integers(node))) for node in range(1, NODES)]
  more = random.integers(NODES, size=(NODES, 2)).tolist()
  return graphs.undirected([*tree, *more], NODES)


def measure(random: np.random.Generator, count: int) -> Measured:
  """Measures `count` graphs."""
  values: dict[str, list] = {'A + I': [], 'Â': []}
  grown: dict[str, list] = {'A + I': [], 'Â': []}
  apart = []
  for _ in range(count):
    a = connected(random)
    mask, x = np.ones((1, NODES)), random.normal(size=NODES)
    whole = graphs.Graphs(x[None, :, None], a[None], mask)
    pair = {
      'A + I': graphs.looped(a[None], mask)[0],
      'Â': graphs.normalised(whole).edges[0].astype(np.float64),
    }
    for name, matrix in pair.items():
      own, vectors = np.linalg.eigh(matrix)
      values[name].append(own)
      parts = vectors.T @ x  # of x in the directions of the eigenvectors
      powers = parts * own ** POWERS[:, None]  # [P, N]
      lengths = np.linalg.norm(powers, axis=1)
      grown[name].append(lengths / lengths[0])
    # The last eigenvector of Â: what all nodes come to, but for their degrees.
    apart.append(np.linalg.norm(powers[:, :-1], axis=1) / lengths)
  return Measured(
    np.array(values['A + I']),
    np.array(values['Â']),
    {name: np.array(each) for name, each in grown.items()},
    np.array(apart),
  )


def picture(found: Measured) -> Picture:
  """Draws eigenvalues, growth and smoothing."""
  plain, kipf = found.plain, found.kipf
  last = int(POWERS[-1])
  ratio = found.grown['A + I'][:, -1] / found.grown['A + I'][:, -2] / plain[:, -1]
  checked = (
    Claim(
      'The eigenvalues of Â are above -1 and at most 1, and 1 is one of them',
      bool(np.all(kipf > -1) and np.all(np.abs(kipf[:, -1] - 1) < 1e-6)),
      f'{kipf.min():.2f} to {kipf.max():.6f} in {len(kipf):,} graphs',
    ),
    Claim(
      f'Powers of A + I grow by its largest eigenvalue; {last} powers of Â do not',
      bool(np.all(np.abs(ratio - 1) < 0.01) and np.all(found.grown['Â'] <= 1 + 1e-6)),
      f'by {ratio.mean():.3f} λ in the last power, and λ is {plain[:, -1].mean():.1f} '
      f'in the mean; Âᵏx is {found.grown["Â"].max():.3f} of x at most',
    ),
    Claim(
      'Each power of Â makes the features of all nodes more alike',
      bool(np.all(np.diff(found.apart, axis=1) < 0)),
      f'{found.apart[:, 0].mean():.2f} from their limit at first, '
      f'{found.apart[:, -1].mean():.2g} after {last}',
    ),
  )
  return Picture(
    'Powers of A and of Â',
    'Left: eigenvalues of all graphs. Middle: how long Mᵏx is, of x, on a scale of '
    'powers of ten. Right: what is left of the differences between nodes in Âᵏx. Â '
    'keeps numbers in bounds, and many layers leave nothing to tell nodes apart by.',
    lambda: drawn(found),
    checked,
  )


def drawn(found: Measured) -> Any:
  """Draws what `picture` describes."""
  titles = ('eigenvalues', '‖Mᵏx‖ / ‖x‖', 'differences left')
  figure, (left, middle, right) = draw.panels(9, 2.8, 3, titles=titles)
  colours = {'A + I': draw.ORANGE, 'Â': draw.BLUE}
  for (name, colour), values in zip(
    colours.items(), (found.plain, found.kipf), strict=True
  ):
    left.hist(values.ravel(), 40, color=colour, alpha=0.6, label=name)
    draw.band(middle, POWERS, found.grown[name].T, name, colour)
  draw.guide(left, x=1)
  draw.band(right, POWERS, found.apart.T, '', draw.BLUE)
  middle.set(yscale='log', xlabel='k')
  right.set(xlabel='k', yscale='log')
  draw.legend(left)
  draw.legend(middle)
  return figure
