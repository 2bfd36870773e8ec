"""What pooling finds by itself: two planted communities.

The penalty of DiffPool (Ying et al. 2018, https://arxiv.org/abs/1806.08804) wants nodes
of one cluster joined and each node in one cluster. It is descended here from random
assignments, without features or labels.

Shapes: N nodes.
"""

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.layers import graph_pooling
from dl_core.report import draw
from dl_core.types import Claim, Picture


def picture(random: np.random.Generator, draws: int) -> Picture:
  """Draws how the penalty of DiffPool alone finds two planted communities."""
  found = [planted(random) for _ in range(draws)]
  adjacency, true, s = found[0]
  right = [agreement(true, s) for _, true, s in found]
  order = np.argsort(true, kind='stable')

  def show():
    titles = ('A, by community', 'assignment S')
    figure, (left, side) = draw.panels(6, 3, 2, titles=titles)
    left.imshow(adjacency[np.ix_(order, order)], cmap='Blues', interpolation='none')
    side.imshow(s[order], cmap='Blues', aspect='auto', vmin=0, vmax=1)
    draw.bare(left)
    draw.bare(side)
    return figure

  return Picture(
    'Pooling summarises',
    'Two communities: many edges inside, few between. S assigns each node to one of '
    'two clusters; it is found by descending ‖A − SSᵀ‖ and the entropy of its rows, '
    'without features or labels.',
    show,
    (
      Claim(
        'The penalty of DiffPool alone finds two planted communities: 95 % of the '
        'nodes in the mean',
        float(np.mean(right)) >= 0.95,
        f'{np.mean(right):.1%} of the nodes of {len(found)} graphs, at least '
        f'{min(right):.1%}',
      ),
    ),
  )


def planted(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Returns A [N, N] of two communities, the true ones [N], and S [N, 2] found."""
  n = 24
  true = random.permutation(np.arange(n) % 2)
  chance = np.where(true[:, None] == true, 0.7, 0.08)
  a = np.triu(random.random((n, n)) < chance, 1).astype(np.float32)
  a = a + a.T
  mask, start = jnp.ones((1, n)), random.normal(size=(1, n, 2))

  def loss(logits):
    link, entropy, _ = graph_pooling.costs(jnp.asarray(a)[None], mask, logits)
    return (link + 0.1 * entropy / n)[0]

  descend = lambda _, logits: logits - 5.0 * jax.grad(loss)(logits)
  logits = jax.jit(lambda first: jax.lax.fori_loop(0, 300, descend, first))(
    jnp.float32(start)
  )
  return a, true, np.asarray(jax.nn.softmax(logits[0], axis=-1))


def agreement(true: np.ndarray, s: np.ndarray) -> float:
  """Returns the share of nodes assigned right, whichever cluster is which."""
  share = float(np.mean(s.argmax(1) == true))
  return max(share, 1 - share)
