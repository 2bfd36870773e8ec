"""Layers of graph networks say what torch_geometric's say, with the same gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import graphs
from dl_core.layers import graph, graph_pooling
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
geometric = pytest.importorskip(
  'torch_geometric', reason='needs torch_geometric: pip install torch_geometric xxhash'
)
from torch_geometric import nn  # noqa: E402

B, N, C, F = 3, 8, 5, 4
SIZES = (8, 5, 7)


@pytest.fixture(scope='module')
def some():
  """Graphs of 8, 5 and 7 nodes, with features and edges A."""
  random = np.random.default_rng(0)
  mask = np.arange(N) < np.array(SIZES)[:, None]
  near = np.triu(random.random((B, N, N)) < 0.5, 1)
  edges = (near | near.swapaxes(1, 2)) & mask[:, :, None] & mask[:, None]
  nodes = random.normal(size=(B, N, C)) * mask[..., None]
  return graphs.Graphs(*map(np.float32, (nodes, edges, mask)))


def draw(*shape, seed=1):
  return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def theirs(x):
  """Returns graphs as torch_geometric has them: x, edge_index, batch."""
  real = x.mask.astype(bool)
  number = np.cumsum(real.ravel()).reshape(real.shape) - 1  # of a node among all
  graph_of, to, of = np.nonzero(x.edges)
  pairs = np.stack([number[graph_of, of], number[graph_of, to]])
  which = np.repeat(np.arange(B), SIZES)
  nodes = torch.tensor(x.nodes[real], requires_grad=True)
  return nodes, torch.tensor(pairs), torch.tensor(which)


def stated(module, **arrays):
  """Copies arrays into the parameters of these names, '.' written as '__'."""
  own = dict(module.named_parameters())
  assert {name.replace('__', '.') for name in arrays} == set(own)
  for name, array in arrays.items():
    own[name.replace('__', '.')].data = torch.tensor(array)
  return module


def compare(ours, x, them, nodes):
  """Compares outputs at real nodes, and gradients of a sum of their sines.

  Args:
    ours: (nodes [B, N, C]) -> [B, N, F].
    x: the graphs.
    them: () -> [all nodes, F].
    nodes: the leaf that `them` reads.
  """
  real = x.mask.astype(bool)
  expected = them()
  agree.assert_close(np.asarray(ours(x.nodes))[real], expected.detach())
  torch.sin(expected).sum().backward()
  weight = x.mask[..., None]
  gradient = jax.grad(lambda nodes: jnp.sum(jnp.sin(ours(nodes)) * weight))(x.nodes)
  agree.assert_close(np.asarray(gradient)[real], nodes.grad)


def test_the_graph_convolution(some):
  kernel, bias = draw(C, F), draw(F, seed=2)
  nodes, pairs, _ = theirs(some)
  module = stated(nn.GCNConv(C, F), bias=bias, lin__weight=kernel.T.copy())
  edges = graphs.normalised(some).edges
  layer = graph.GraphConv(F, use_bias=True)
  own = {'params': {'kernel': kernel, 'bias': bias}}
  for form in (edges, graphs.entries(edges)):
    nodes.grad = None
    ours = lambda x, form=form: layer.apply(own, x, form, some.mask)
    compare(ours, some, lambda: module(nodes, pairs), nodes)


@pytest.mark.parametrize('number', [1, 7])
def test_the_layer_of_gcnii(some, number):
  kernel, first = draw(C, C), draw(B, N, C, seed=3)
  nodes, pairs, _ = theirs(some)
  module = nn.GCN2Conv(C, alpha=0.1, theta=0.5, layer=number)
  stated(module, weight1=kernel)
  edges = graphs.normalised(some).edges
  layer = graph.Initial(0.1)
  ours = lambda x: layer.apply(
    {'params': {'kernel': kernel}}, x, first, edges, graph.theta(0.5, number)
  )
  start = torch.tensor(first[some.mask.astype(bool)])
  compare(ours, some, lambda: module(nodes, start, pairs), nodes)


def test_the_layer_of_gin_in_training(some):
  nodes, pairs, _ = theirs(some)
  parts = (torch.nn.Linear(C, F), torch.nn.BatchNorm1d(F), torch.nn.ReLU())
  more = (torch.nn.Linear(F, F), torch.nn.BatchNorm1d(F), torch.nn.ReLU())
  module = nn.GINConv(torch.nn.Sequential(*parts, *more), train_eps=True)
  arrays = {
    'eps': draw(1), 'nn__0__weight': draw(F, C, seed=2), 'nn__0__bias': draw(F, seed=3),
    'nn__1__weight': draw(F, seed=4), 'nn__1__bias': draw(F, seed=5),
    'nn__3__weight': draw(F, F, seed=6), 'nn__3__bias': draw(F, seed=7),
    'nn__4__weight': draw(F, seed=8), 'nn__4__bias': draw(F, seed=9),
  }  # fmt: skip
  stated(module, **arrays)
  dense = lambda n: {
    'kernel': arrays[f'nn__{n}__weight'].T, 'bias': arrays[f'nn__{n}__bias'],
  }  # fmt: skip
  norm = lambda n: {
    'scale': arrays[f'nn__{n}__weight'], 'bias': arrays[f'nn__{n}__bias'],
  }  # fmt: skip
  params = {
    'epsilon': arrays['eps'][0], 'dense_1': dense(0), 'norm_1': norm(1),
    'dense_2': dense(3), 'norm_2': norm(4),
  }  # fmt: skip
  layer = graph.Isomorphism(F, learn=True)
  start = layer.init(jax.random.key(0), *some, train=False)
  variables = {'params': params, 'batch_stats': start['batch_stats']}

  def ours(x):
    out, _ = layer.apply(
      variables, x, some.edges, some.mask, train=True, mutable=['batch_stats']
    )
    return out

  compare(ours, some, lambda: module(nodes, pairs), nodes)


def test_the_layer_of_graphsage(some):
  near, bias, own = draw(C, F), draw(F, seed=2), draw(C, F, seed=3)
  nodes, pairs, _ = theirs(some)
  module = stated(
    nn.SAGEConv(C, F),
    lin_l__weight=near.T.copy(),
    lin_l__bias=bias,
    lin_r__weight=own.T.copy(),
  )
  params = {'neighbours': {'kernel': near, 'bias': bias}, 'own': {'kernel': own}}
  edges = graph.propagation(jnp.asarray(some.edges), jnp.asarray(some.mask), 'mean')
  layer = graph.Sampled(F)
  ours = lambda x: layer.apply({'params': params}, x, edges, some.mask)
  compare(ours, some, lambda: module(nodes, pairs), nodes)


def test_dense_propagation_is_that_of_the_dense_convolution(some):
  kernel = draw(C, F)
  module = stated(nn.DenseGCNConv(C, F, bias=False), lin__weight=kernel.T.copy())
  edges = graph.propagation(jnp.asarray(some.edges), jnp.asarray(some.mask), 'kipf')
  expected = module(*map(torch.tensor, (some.nodes, some.edges)))
  real = some.mask.astype(bool)
  found = np.asarray(edges @ (some.nodes @ kernel))
  agree.assert_close(found[real], expected.detach().numpy()[real])


@pytest.mark.parametrize('count', [3, 6, 12])
def test_nodes_in_order(some, count):
  nodes, _, which = theirs(some)
  expected = nn.SortAggregation(count)(nodes, which)
  found = graph_pooling.in_order(some.nodes, some.mask, count)
  agree.assert_close(found.reshape(B, -1), expected.detach())


def test_mean_sum_and_maximum(some):
  nodes, _, which = theirs(some)
  pools = {
    'mean': nn.global_mean_pool,
    'sum': nn.global_add_pool,
    'max': nn.global_max_pool,
  }
  for name, pool in pools.items():
    found = graph_pooling.READOUTS[name](some.nodes, some.mask)
    agree.assert_close(found, pool(nodes, which).detach())


def compare_pooled(found, expected):
  """Compares coarser graphs: nodes in the order of their scores, edges, gradients."""
  x, pairs, which = (expected[n] for n in (0, 1, 3))
  start = 0
  for number in range(B):
    count = int((which == number).sum())
    kept = np.asarray(found.mask[number])
    assert kept.tolist() == [1] * count + [0] * (len(kept) - count)
    own = x[start : start + count].detach()
    agree.assert_close(found.x[number, :count], own)
    edges = np.zeros((count, count))
    for of, to in pairs.T.tolist():
      if start <= of < start + count:
        edges[to - start, of - start] = 1
    np.testing.assert_array_equal(found.edges[number, :count, :count], edges)
    assert not np.asarray(found.x[number, count:]).any()
    assert not np.asarray(found.edges[number, count:]).any()
    start += count


@pytest.mark.parametrize('ratio', [0.5, 0.8])
def test_the_best_nodes_along_a_direction(some, ratio):
  direction = draw(C)
  nodes, pairs, which = theirs(some)
  module = stated(nn.TopKPooling(C, ratio), select__weight=direction[None])
  expected = module(nodes, pairs, batch=which)
  pool = lambda x: graph_pooling.TopK(ratio).apply(
    {'params': {'direction': direction}}, x, some.edges, some.mask
  )
  compare_pooled(pool(some.nodes), expected)
  torch.sin(expected[0]).sum().backward()
  gradient = jax.grad(lambda x: jnp.sum(jnp.sin(pool(x).x)))(jnp.asarray(some.nodes))
  agree.assert_close(np.asarray(gradient)[some.mask.astype(bool)], nodes.grad)


@pytest.mark.parametrize('ratio', [0.5, 0.8])
def test_the_best_nodes_by_self_attention(some, ratio):
  near, bias, own = draw(C, 1), draw(1, seed=2), draw(C, 1, seed=3)
  nodes, pairs, which = theirs(some)
  module = stated(
    nn.SAGPooling(C, ratio),
    gnn__lin_rel__weight=near.T.copy(),
    gnn__lin_rel__bias=bias,
    gnn__lin_root__weight=own.T.copy(),
    select__weight=np.ones((1, 1), np.float32),
  )
  expected = module(nodes, pairs, batch=which)
  params = {'neighbours': {'kernel': near, 'bias': bias}, 'own': {'kernel': own}}
  found = graph_pooling.SelfAttention(ratio).apply({'params': params}, *some)
  compare_pooled(found, expected)


def test_soft_clusters_and_their_costs(some):
  logits = draw(B, N, 3)
  for number in range(B):
    x, edges, mask = (leaf[number : number + 1] for leaf in some)
    own = logits[number : number + 1]
    given = map(torch.tensor, (x, edges, own))
    nodes, near, link, entropy = nn.dense_diff_pool(
      *given, torch.tensor(mask > 0), normalize=False
    )
    found = graph_pooling.soft(x, edges, mask, own)
    agree.assert_close(found.x, nodes)
    agree.assert_close(found.edges, near)
    costs = graph_pooling.costs(edges, mask, own)
    agree.assert_close(costs[0], [float(link)])
    # Theirs is the mean over all N, with padding, whose rows of S are 0.
    agree.assert_close(costs[1] / N, [float(entropy)])
