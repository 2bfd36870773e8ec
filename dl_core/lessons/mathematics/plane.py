"""Vectors of the plane: their sum, their lengths, and what a matrix does to them."""

import numpy as np

from dl_core.types import Claim, Picture

SIDES = 8  # numbers in the random vectors of the claims
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
  """Makes the pictures of this module; claims are of `draws` random cases each."""
  random = np.random.default_rng(seed)
  x, y = random.normal(size=(2, draws, SIDES))
  return [norms_picture(x, y), maps_picture(random.normal(size=(draws, 2, 2)))]


def norms_picture(x: np.ndarray, y: np.ndarray) -> Picture:
  """Draws a sum of two vectors, and all vectors of length 1 by either norm.

  Args:
    x, y: random vectors [D, F], on which the claims are checked.
  """
  l1, l2 = (lambda v, n=n: np.linalg.norm(v, n, axis=-1) for n in (1, 2))
  detour = max(np.max(norm(x + y) / (norm(x) + norm(y))) for norm in (l1, l2))
  ratio = l1(x) / l2(x)
  root = x.shape[-1] ** 0.5
  unit = np.abs(l2(x / l2(x)[:, None]) - 1).max()

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.3), layout='constrained')
    left, right = figure.subplots(1, 2)
    a, b = np.array([2.0, 0.5]), np.array([0.5, 1.5])
    arrows(left, np.stack([a, b, a + b]), ['C0', 'C1', 'C2'])
    for start, step in ((a, b), (b, a)):
      left.plot(*np.stack([start, start + step], axis=1), ':', color='grey')
    for name, (u, v) in {'a': a / 2, 'b': b / 2, 'a + b': (a + b) / 2}.items():
      left.annotate(
        name, (u, v), xytext=(-4, 6), textcoords='offset points', ha='right'
      )
    left.set(xlim=(-0.3, 3), ylim=(-0.3, 2.5), aspect='equal', title='a sum')
    for name, norm, colour in (('L2', 2, 'C0'), ('L1', 1, 'C1')):
      ball = CIRCLE / np.linalg.norm(CIRCLE, norm, axis=0)
      right.plot(*ball, color=colour, lw=2, label=f'{name} norm 1')
    v = np.array([0.6, 0.8])
    arrows(right, v[None], ['C2'])
    right.annotate(
      '(0.6, 0.8)\nL1 norm 1.4\nL2 norm 1',
      v,
      xytext=(6, 0),
      textcoords='offset points',
      fontsize=8,
    )
    right.set(xlim=(-1.2, 1.7), ylim=(-1.4, 1.2), aspect='equal', title='norms')
    right.legend(fontsize=8, loc='lower right')
    for axes in (left, right):
      axes.title.set_fontsize(10)
      axes.set_xlabel('x₁')
      axes.set_ylabel('x₂')
    return figure

  return Picture(
    'Vectors and their norms',
    'Left: a + b is the diagonal. Right: all vectors of length 1, where a length is '
    '√(x₁² + x₂²), the L2 norm, and where it is |x₁| + |x₂|, the L1 norm.',
    draw,
    (
      Claim(
        'A sum is never longer than its parts together, by either norm',
        bool(detour <= 1 + 1e-6),
        f'‖x + y‖ is at most {detour:.3f} of ‖x‖ + ‖y‖ in {len(x)} draws',
      ),
      Claim(
        'The L1 norm is between once and √n times the L2 norm',
        bool(ratio.min() >= 1 and ratio.max() <= root),
        f'{ratio.min():.2f} to {ratio.max():.2f} times, √n = {root:.2f}',
      ),
      Claim(
        'A vector divided by its norm is a unit vector, to 1e-6',
        bool(unit < 1e-6),
        f'its norm is 1 but for {unit:.0e}',
      ),
    ),
  )


def maps_picture(matrices: np.ndarray) -> Picture:
  """Draws the plane's grid, and a circle, as four matrices map them.

  Args:
    matrices: [D, 2, 2] random ones, on which the claims are checked.
  """
  areas = np.abs(np.linalg.det(matrices))
  # The corners (0, 0), (1, 0), (1, 1), (0, 1) by the surveyor's formula.
  x, y = np.einsum('dij,kj->idk', matrices, [[0, 0], [1, 0], [1, 1], [0, 1]])
  surveyed = np.abs(np.sum(x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1), axis=1)) / 2
  area = np.max(np.abs(surveyed - areas) / np.maximum(areas, 1))
  turns = np.linalg.qr(matrices)[0]
  length = np.abs(np.linalg.norm(turns @ CIRCLE, axis=1) - 1).max()
  symmetric = matrices + np.swapaxes(matrices, 1, 2)
  values, vectors = np.linalg.eigh(symmetric)
  eigen = np.abs(symmetric @ vectors - vectors * values[:, None]).max()
  corner = np.abs(np.einsum('di,di->d', vectors[..., 0], vectors[..., 1])).max()

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 2.6), layout='constrained')
    ends = np.linspace(-1, 1, 9)
    for axes, (name, entries) in zip(figure.subplots(1, 4), MAPS.items(), strict=True):
      matrix = np.array(entries)
      for at in ends:
        for line in ([[at, at], [-1, 1]], [[-1, 1], [at, at]]):
          axes.plot(*(matrix @ line), color='grey', lw=0.6)
      axes.fill(*(matrix @ [[0, 1, 1, 0], [0, 0, 1, 1]]), color='C1', alpha=0.35, lw=0)
      axes.plot(*(matrix @ CIRCLE), color='C0', lw=1.5)
      if name.startswith('symmetric'):
        values, vectors = np.linalg.eigh(matrix)
        arrows(axes, (vectors * values).T, ['C2'] * 2)
      else:
        arrows(axes, matrix.T, ['C1'] * 2)
      axes.set(xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), aspect='equal')
      axes.axis('off')
      axes.set_title(f'{name}\ndet {np.linalg.det(matrix):.2f}', fontsize=9)
    return figure

  return Picture(
    'What a matrix does to the plane',
    'The grid, the unit square (orange) and the unit circle (blue) after the map. The '
    'arrows are the columns of the matrix, where (1, 0) and (0, 1) go; those of the '
    'symmetric one are its eigenvectors, which it only stretches. A matrix of rank 1 '
    'leaves no area, so nothing can undo it.',
    draw,
    (
      Claim(
        'The unit square gets the area |det A|, to 1e-6',
        bool(area < 1e-6),
        f'at most {area:.0e} apart in {len(matrices)} draws',
      ),
      Claim(
        'An orthogonal matrix keeps every length, to 1e-6',
        bool(length < 1e-6),
        f'unit vectors are of length 1 but for {length:.0e}',
      ),
      Claim(
        'A symmetric matrix stretches along axes at right angles, to 1e-6',
        bool(eigen < 1e-6 and corner < 1e-6),
        f'Sv = λv but for {eigen:.0e}, v₁ᵀv₂ = 0 but for {corner:.0e}',
      ),
    ),
  )


def arrows(axes, tips: np.ndarray, colours: list[str]) -> None:
  """Draws arrows from the origin to each of the tips [N, 2]."""
  style = {'angles': 'xy', 'scale_units': 'xy', 'scale': 1, 'width': 0.012, 'zorder': 3}
  axes.quiver(*np.zeros((2, len(tips))), *tips.T, color=colours, **style)
