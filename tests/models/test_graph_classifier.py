"""A classifier of graphs sees a graph, and neither its order nor its padding."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import graphs, trees
from dl_core.models import graph_classifier

B, N, C, K = 3, 8, 4, 2
KINDS = [
  ('gcn', 'mean', 'none', 'none'),
  ('gcn', 'max', 'concat', 'topk'),
  ('gin', 'sum', 'sum', 'none'),
  ('gin', 'mean', 'sum', 'sag'),
  ('sage', 'sum', 'concat', 'sag'),
  ('sage', 'mean', 'none', 'topk'),
  ('sage', 'sum', 'none', 'diffpool'),
  ('walk', 'sorted', 'none', 'none'),
]


@pytest.fixture
def some():
  """Graphs of 8, 6 and 5 nodes with features of their own."""
  random = np.random.default_rng(0)
  mask = np.arange(N) < np.array([8, 6, 5])[:, None]
  near = np.triu(random.random((B, N, N)) < 0.5, 1)
  edges = (near | near.swapaxes(1, 2)) & mask[:, :, None] & mask[:, None]
  nodes = random.normal(size=(B, N, C)) * mask[..., None]
  return graphs.Graphs(*map(np.float32, (nodes, edges, mask)))


@functools.cache
def made(net, readout, jump, pool):
  widths = (6, 5, 1) if readout == 'sorted' else (6, 5, 4)
  model = graph_classifier.GraphClassifier(
    K, net, widths, readout, jump, pool, ratio=0.5, keep=12
  )
  like = graphs.Graphs(*(jnp.ones((B, N, *s)) for s in ((C,), (N,), ())))
  shapes = jax.eval_shape(
    functools.partial(model.init, train=False), jax.random.key(0), like
  )
  random = np.random.default_rng(3)
  draws = {
    path: np.float32(np.abs(random.normal(size=leaf.shape)) + 0.1)
    if path.endswith('var')
    else np.float32(random.normal(size=leaf.shape) * 0.7)
    for path, leaf in trees.flatten(shapes).items()
  }
  return model, trees.unflatten(shapes, draws)


@functools.cache
def compiled(kind):
  model, variables = made(*kind)
  return jax.jit(lambda x: model.apply(variables, x, train=False))


def logits(kind, x):
  return np.asarray(compiled(kind)(x))


@pytest.mark.parametrize('kind', KINDS)
def test_the_order_of_the_nodes_changes_nothing(some, kind):
  given, order = logits(kind, some), np.random.default_rng(1).permutation(N)
  np.testing.assert_allclose(
    logits(kind, graphs.permuted(some, order)), given, rtol=1e-4, atol=1e-4
  )
  other = some._replace(nodes=some.nodes[:, ::-1].copy())
  assert not np.allclose(logits(kind, other), given, atol=1e-3)


def wider(x, more):
  wide = lambda leaf, *sides: np.pad(
    leaf, ((0, 0), *((0, more) if side else (0, 0) for side in sides))
  )
  return graphs.Graphs(wide(x.nodes, 1, 0), wide(x.edges, 1, 1), wide(x.mask, 1))


@pytest.mark.parametrize('kind', [kind for kind in KINDS if kind[3] != 'diffpool'])
def test_padding_changes_nothing(some, kind):
  # (With DiffPool the number of clusters is a share of N, by which it is built.)
  np.testing.assert_allclose(
    logits(kind, wider(some, 4)), logits(kind, some), rtol=1e-5, atol=1e-5
  )


def test_padding_does_not_count_in_batch_norm(some):
  model, variables = made(*KINDS[2])

  def moved(x):
    _, new = model.apply(
      variables, x, train=True, mutable=['batch_stats'],
      rngs={'dropout': jax.random.key(0)},
    )  # fmt: skip
    return new

  for one, other in zip(
    *map(jax.tree.leaves, (moved(some), moved(wider(some, 4)))), strict=True
  ):
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('kind', KINDS[:3])
def test_what_padding_holds_changes_nothing(some, kind):
  dirty = some._replace(
    nodes=np.where(some.mask[..., None] > 0, some.nodes, 9).astype(np.float32)
  )
  clean = logits(kind, some)
  np.testing.assert_allclose(logits(kind, dirty), clean, rtol=1e-4, atol=1e-4)


def test_with_soft_clusters_there_is_a_penalty_in_training_alone(some):
  model, variables = made(*KINDS[6])
  out = model.apply(variables, some, train=True, rngs={'dropout': jax.random.key(0)})
  answers, penalty = out
  assert answers.shape == (B, K)
  assert penalty.shape == (B,)
  assert (np.asarray(penalty) > 0).all()
  assert logits(KINDS[6], some).shape == (B, K)


@pytest.mark.parametrize('net', ['gcn', 'gin', 'sage'])
def test_one_ring_is_two_rings_to_it(net):
  """Nodes of both have the same neighbourhoods (Xu et al. 2019)."""
  ring = lambda first, size: [(first + n, first + (n + 1) % size) for n in range(size)]
  pairs = (ring(0, 6), ring(0, 3) + ring(3, 3))
  edges = np.stack([graphs.undirected(each, 6) for each in pairs])
  kind = (net, 'sum', 'sum', 'none')
  same = graphs.Graphs(
    np.ones((2, 6, C), np.float32), edges, np.ones((2, 6), np.float32)
  )
  one, two = logits(kind, same)
  np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5)
  corners = np.stack([np.diag(each @ each @ each) / 2 for each in edges])
  told = same._replace(nodes=np.repeat(corners[..., None], C, axis=-1))
  one, two = logits(kind, told)
  assert not np.allclose(one, two, atol=1e-2)
