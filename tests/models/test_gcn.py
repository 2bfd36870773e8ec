"""A GCN sees a graph and not the order, the padding or the form of its matrices."""

import functools

import jax
import numpy as np
import pytest

from dl_core import graphs, trees
from dl_core.models import gcn, mlp

N, C, K = 8, 5, 3


def drawn(seed=0):
  """Returns a graph of N nodes: a path of 5 nodes, and a triangle apart."""
  random = np.random.default_rng(seed)
  pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (5, 6), (6, 7), (7, 5)]
  nodes = random.normal(size=(1, N, C)) * (random.random((1, N, C)) < 0.7)
  edges = graphs.undirected(pairs, N)[None]
  return graphs.normalised(
    graphs.Graphs(np.float32(nodes), edges, np.ones((1, N), np.float32))
  )


@functools.cache
def variables(use_bias=True):
  model = gcn.GCN(K, (6,), inputs=C, use_bias=use_bias)
  shapes = jax.eval_shape(
    functools.partial(model.init, train=False), jax.random.key(0), drawn()
  )
  random = np.random.default_rng(3)
  draws = {
    path: np.float32(random.normal(size=leaf.shape))
    for path, leaf in trees.flatten(shapes).items()
  }
  return model, trees.unflatten(shapes, draws)


def logits(x, use_bias=True):
  model, own = variables(use_bias)
  return np.asarray(model.apply(own, x, train=False))


def test_it_is_the_formula_of_the_paper():
  x, (_, own) = drawn(), variables(use_bias=False)
  w_1, w_2 = (own['params'][f'convolution_{n}']['kernel'] for n in (1, 2))
  a = x.edges[0].astype(np.float64)
  wanted = a @ np.maximum(a @ x.nodes[0] @ w_1, 0) @ w_2
  found = logits(x, use_bias=False)
  assert found.dtype == np.float32
  np.testing.assert_allclose(found[0], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(('use_bias', 'more'), [(False, 0), (True, 16 + 7)])
def test_its_size_on_cora_is_that_of_the_paper(use_bias, more):
  model = gcn.GCN(7, inputs=1_433, use_bias=use_bias)
  each = lambda kind, *shape: jax.ShapeDtypeStruct((1, *shape), kind)
  list_of = lambda e: graphs.Entries(
    each(np.int32, e), each(np.int32, e), each(np.float32, e)
  )
  x = graphs.Graphs(list_of(49_216), list_of(13_264), each(np.float32, 2_708))
  init = functools.partial(model.init_with_output, train=False)
  output, found = jax.eval_shape(init, jax.random.key(0), x)
  assert output.shape == (1, 2_708, 7)
  sizes = sum(leaf.size for leaf in jax.tree.leaves(found['params']))
  assert sizes == 1_433 * 16 + 16 * 7 + more


def test_nodes_in_another_order_get_the_same_logits_in_that_order():
  x, order = drawn(), np.random.default_rng(1).permutation(N)
  found, given = logits(graphs.permuted(x, order)), logits(x)
  np.testing.assert_allclose(found, given[:, order], rtol=1e-5, atol=1e-5)
  assert not np.allclose(found, given, atol=1e-2)


def test_entries_get_the_logits_of_the_matrices():
  x = drawn()
  nodes, edges = graphs.entries(x.nodes), graphs.entries(x.edges)
  for form in (
    x._replace(edges=edges),
    x._replace(nodes=nodes),
    x._replace(nodes=nodes, edges=edges),
  ):
    np.testing.assert_allclose(logits(form), logits(x), rtol=1e-5, atol=1e-5)


def test_padding_changes_nothing():
  x = drawn()
  wide = lambda a, *sides: np.pad(
    a, ((0, 0), *((0, 4) if s else (0, 0) for s in sides))
  )
  padded = graphs.Graphs(wide(x.nodes, 1, 0), wide(x.edges, 1, 1), wide(x.mask, 1))
  forms = (
    padded,
    graphs.Graphs(
      graphs.entries(padded.nodes), graphs.entries(padded.edges), padded.mask
    ),
  )
  for form in forms:
    found = logits(form)
    np.testing.assert_allclose(found[:, :N], logits(x), rtol=1e-5, atol=1e-6)
    assert not (found[:, N:]).any()


def test_without_edges_it_is_a_multi_layer_perceptron():
  alone = graphs.normalised(drawn()._replace(edges=np.zeros((1, N, N), np.float32)))
  _, own = variables()
  names = {'convolution_1': 'hidden_1', 'convolution_2': 'output'}
  same = {there: own['params'][here] for here, there in names.items()}
  perceptron = mlp.MLP(K, (6,))
  wanted = perceptron.apply({'params': same}, alone.nodes[0], train=False)
  np.testing.assert_allclose(logits(alone)[0], wanted, rtol=1e-5, atol=1e-5)


def test_two_layers_reach_the_nodes_that_are_up_to_two_edges_away():
  x, (model, own) = drawn(), variables()

  def of(nodes):
    return model.apply(own, x._replace(nodes=nodes), train=False)[0]  # [N, K]

  slopes = jax.jacobian(of)(x.nodes)  # [N, K, 1, N, C]
  reached = np.abs(slopes).max((1, 2, 4)) > 0
  hops = np.linalg.matrix_power((x.edges[0] != 0).astype(int), 2) > 0
  np.testing.assert_array_equal(reached, hops)
  assert reached.sum() < N * N


@pytest.mark.parametrize('layers', [1, 3])
def test_gcnii_is_the_formula_of_the_paper(layers):
  x, model = drawn(), gcn.GCNII(K, layers, hidden=6)
  own = model.init(jax.random.key(0), x, train=False)['params']
  own = jax.tree.map(np.asarray, own)
  a = x.edges[0].astype(np.float64)
  first = np.maximum(x.nodes[0] @ own['input']['kernel'] + own['input']['bias'], 0)
  h = first
  for number, w in enumerate(own['stack']['convolution']['kernel'], start=1):
    s = 0.9 * a @ h + 0.1 * first
    theta = np.log(0.5 / number + 1)
    h = np.maximum(s @ ((1 - theta) * np.eye(6) + theta * w), 0)
  wanted = h @ own['output']['kernel'] + own['output']['bias']
  found = model.apply({'params': own}, x, train=False)[0]
  np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_gcnii_sees_a_graph_and_neither_its_order_nor_the_form_of_its_matrices():
  x, order = drawn(), np.random.default_rng(1).permutation(N)
  model = gcn.GCNII(K, 4, hidden=6, inputs=C)
  own = model.init(jax.random.key(0), x, train=False)
  run = lambda x: np.asarray(model.apply(own, x, train=False))
  given = run(x)
  found = run(graphs.permuted(x, order))
  np.testing.assert_allclose(found, given[:, order], rtol=1e-4, atol=1e-5)
  sparse = x._replace(nodes=graphs.entries(x.nodes), edges=graphs.entries(x.edges))
  np.testing.assert_allclose(run(sparse), given, rtol=1e-4, atol=1e-5)


def test_a_residual_layer_adds_what_it_read():
  x = drawn()
  plain, residual, dense = (
    gcn.GCN(K, (6, 6), inputs=C, skip=skip) for skip in gcn.SKIPS
  )
  own = residual.init(jax.random.key(0), x, train=False)['params']
  a = x.edges[0].astype(np.float64)
  w_1, w_2, w_3 = (own[f'convolution_{n}']['kernel'] for n in (1, 2, 3))
  first = np.maximum(a @ x.nodes[0] @ w_1, 0)
  second = np.maximum(a @ first @ w_2, 0)
  run = lambda model, own: model.apply({'params': own}, x, train=False)[0]
  close = lambda found, wanted: np.testing.assert_allclose(found, wanted, 1e-4, 1e-5)
  close(run(plain, own), a @ second @ w_3)
  close(run(residual, own), a @ (first + second) @ w_3)
  wide = np.concatenate([w_3, 2 * w_3])
  both = np.concatenate([first, second], axis=1)
  close(run(dense, {**own, 'convolution_3': {'kernel': wide}}), a @ both @ wide)


def test_without_edges_a_node_sees_itself_alone():
  x, (_, own) = drawn(), variables()
  model = gcn.GCN(K, (6,), inputs=C, use_bias=True, connected=False)
  names = {'convolution_1': 'hidden_1', 'convolution_2': 'output'}
  same = {there: own['params'][here] for here, there in names.items()}
  wanted = mlp.MLP(K, (6,)).apply({'params': same}, x.nodes[0], train=False)
  for form in (x, x._replace(nodes=graphs.entries(x.nodes))):
    found = model.apply(own, form, train=False)[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_dropout_of_entries_leaves_out_a_share_of_them_and_rescales_the_others():
  x = drawn()._replace(
    nodes=graphs.entries(np.ones((1, N, C), np.float32)), edges=np.eye(N)[None]
  )
  model = gcn.GCN(1, (), dropout=0.5, inputs=C)
  own = {'params': {'convolution_1': {'kernel': np.ones((C, 1), np.float32)}}}

  def sums(key, train):
    out = model.apply(own, x, train=train, rngs={'dropout': jax.random.key(key)})
    return np.asarray(out)[0, :, 0]

  np.testing.assert_array_equal(sums(0, train=False), np.full(N, C))
  found = np.stack([sums(key, train=True) for key in range(20)])
  assert set(found.ravel()) <= {0, 2, 4, 6, 8, 10}
  assert found.std() > 1
  assert found.mean() == pytest.approx(C, abs=1)
