"""Vectors in the plane: sums, norms, and linear maps."""

import numpy as np

from dl_core.report import claims, draw
from dl_core.types import Claim, Picture

SIDES = 8  # dimensions of the random vectors
CIRCLE = np.stack(
  [np.cos(np.linspace(0, 2 * np.pi, 201)), np.sin(np.linspace(0, 2 * np.pi, 201))]
)  # [2, T], unit vectors
MAPS = {
  'orthogonal: turns': [[0.8, -0.6], [0.6, 0.8]],
  'diagonal: along the axes': [[1.5, 0], [0, 0.5]],
  'symmetric: along eigenvectors': [[1, 0.5], [0.5, 1]],
  'rank 1: flattens': [[0.8, 0.4], [0.4, 0.2]],
}


def pictures(seed: int, draws: int) -> list[Picture]:
  """Makes the pictures of this module; each claim is checked on `draws` cases."""
  random = np.random.default_rng(seed)
  x, y = random.normal(size=(2, draws, SIDES))
  return [norms_picture(x, y), maps_picture(random.normal(size=(draws, 2, 2)))]


def norms_picture(x: np.ndarray, y: np.ndarray) -> Picture:
  """Draws a sum of two vectors, and the unit circles of the L1 and the L2 norm.

  Args:
    x, y: random vectors [D, F] for the claims.
  """
  l1, l2 = (lambda v, n=n: np.linalg.norm(v, n, axis=-1) for n in (1, 2))
  detour = max(np.max(norm(x + y) / (norm(x) + norm(y))) for norm in (l1, l2))
  ratio = l1(x) / l2(x)
  root = x.shape[-1] ** 0.5

  def show():
    figure, (left, right) = draw.panels(7, 3.3, 2, titles=('a sum', 'norms'))
    a, b = np.array([2.0, 0.5]), np.array([0.5, 1.5])
    arrows(left, np.stack([a, b, a + b]), [draw.BLUE, draw.ORANGE, draw.GREEN])
    for start, step in ((a, b), (b, a)):
      left.plot(*np.stack([start, start + step], axis=1), ':', color=draw.GREY)
    for name, (u, v) in {'a': a / 2, 'b': b / 2, 'a + b': (a + b) / 2}.items():
      left.annotate(
        name, (u, v), xytext=(-4, 6), textcoords='offset points', ha='right'
      )
    left.set(xlim=(-0.3, 3), ylim=(-0.3, 2.5), aspect='equal')
    for name, norm, colour in (('L2', 2, draw.BLUE), ('L1', 1, draw.ORANGE)):
      ball = CIRCLE / np.linalg.norm(CIRCLE, norm, axis=0)
      right.plot(*ball, color=colour, lw=2, label=f'{name} norm 1')
    v = np.array([0.6, 0.8])
    arrows(right, v[None], [draw.GREEN])
    right.annotate(
      '(0.6, 0.8)\nL1 norm 1.4\nL2 norm 1',
      v,
      xytext=(6, 0),
      textcoords='offset points',
      fontsize=8,
    )
    right.set(xlim=(-1.2, 1.7), ylim=(-1.4, 1.2), aspect='equal')
    draw.legend(right, loc='lower right')
    for axes in (left, right):
      axes.set(xlabel='x₁', ylabel='x₂')
    return figure

  return Picture(
    'Vectors and their norms',
    'Left: a + b is the diagonal of the parallelogram. Right: all vectors of length 1 '
    'by the L2 norm, √(x₁² + x₂²), and by the L1 norm, |x₁| + |x₂|.',
    show,
    (
      Claim(
        'The triangle inequality ‖x + y‖ ≤ ‖x‖ + ‖y‖ holds for both norms',
        detour <= 1 + 1e-6,
        f'‖x + y‖ is at most {detour:.3f} of ‖x‖ + ‖y‖ in {len(x)} draws',
      ),
      Claim(
        'The L1 norm is between 1 and √n times the L2 norm',
        ratio.min() >= 1 and ratio.max() <= root,
        f'{ratio.min():.2f} to {ratio.max():.2f} times, √n = {root:.2f}',
      ),
    ),
  )


def maps_picture(matrices: np.ndarray) -> Picture:
  """Draws the images of a grid and of the unit circle under four matrices.

  Args:
    matrices: random matrices [D, 2, 2] for the claims.
  """
  areas = np.abs(np.linalg.det(matrices))
  # The corners (0, 0), (1, 0), (1, 1), (0, 1) by the surveyor's formula.
  x, y = np.einsum('dij,kj->idk', matrices, [[0, 0], [1, 0], [1, 1], [0, 1]])
  surveyed = np.abs(np.sum(x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1), axis=1)) / 2
  turns = np.linalg.qr(matrices)[0]
  # `eigh` would return orthogonal eigenvectors for any matrix.
  vectors = np.linalg.eig(matrices + np.swapaxes(matrices, 1, 2))[1]

  def show():
    figure, panels = draw.panels(8.5, 2.6, 4)
    ends = np.linspace(-1, 1, 9)
    for axes, (name, entries) in zip(panels, MAPS.items(), strict=True):
      matrix = np.array(entries)
      for at in ends:
        for line in ([[at, at], [-1, 1]], [[-1, 1], [at, at]]):
          axes.plot(*(matrix @ line), color=draw.GREY, lw=0.6)
      square = matrix @ [[0, 1, 1, 0], [0, 0, 1, 1]]
      axes.fill(*square, color=draw.ORANGE, alpha=0.35, lw=0)
      axes.plot(*(matrix @ CIRCLE), color=draw.BLUE, lw=1.5)
      if name.startswith('symmetric'):
        values, vectors = np.linalg.eigh(matrix)
        arrows(axes, (vectors * values).T, [draw.GREEN] * 2)
      else:
        arrows(axes, matrix.T, [draw.ORANGE] * 2)
      axes.set(xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), aspect='equal')
      axes.axis('off')
      axes.set_title(f'{name}\ndet {np.linalg.det(matrix):.2f}', fontsize=9)
    return figure

  return Picture(
    'What a matrix does to the plane',
    'The grid, the unit square (orange) and the unit circle (blue) after each map. The '
    'orange arrows are the columns of the matrix, the images of (1, 0) and (0, 1). The '
    'green arrows are the eigenvectors of the symmetric matrix, which only stretches '
    'them. A matrix of rank 1 leaves no area and has no inverse.',
    show,
    (
      claims.identity('|det A| is the area of A·(unit square)', surveyed, areas, 1e-6),
      claims.identity(
        'An orthogonal matrix preserves the length of a vector',
        np.linalg.norm(turns @ CIRCLE, axis=1),
        1,
        1e-6,
      ),
      claims.identity(
        'The eigenvectors of a symmetric matrix are orthogonal, v₁ᵀv₂ = 0',
        np.einsum('di,di->d', vectors[..., 0], vectors[..., 1]),
        0,
        1e-6,
      ),
    ),
  )


def arrows(axes, tips: np.ndarray, colours: list[str]) -> None:
  """Draws arrows from the origin to tips [N, 2]."""
  style = {'angles': 'xy', 'scale_units': 'xy', 'scale': 1, 'width': 0.012, 'zorder': 3}
  axes.quiver(*np.zeros((2, len(tips))), *tips.T, color=colours, **style)
