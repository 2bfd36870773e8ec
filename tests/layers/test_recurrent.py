"""The recurrent layers equal their equations, and their gradients do, step by step."""

import chex
import jax
import jax.extend
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from dl_core.layers import recurrent

MANY, STEPS, WIDTH, HIDDEN = 3, 5, 4, 6
LAYERS = {'lstm': recurrent.LSTM, 'gru': recurrent.GRU, 'rnn': recurrent.RNN}
GATES = {'lstm': 4, 'gru': 3, 'rnn': 1}


@pytest.fixture(params=LAYERS)
def cell(request):
  return request.param


def inputs(*shape, seed=0):
  return jax.random.normal(jax.random.key(seed), shape or (MANY, STEPS, WIDTH))


def states(cell, seed=5):
  start = LAYERS[cell](HIDDEN).start(MANY)
  return jax.tree.map(lambda zero: 0.5 * inputs(*zero.shape, seed=seed), start)


def params_of(cell, seed=1):
  """Draws all parameters at random, the biases with them."""
  shapes = jax.eval_shape(LAYERS[cell](HIDDEN).init, jax.random.key(0), inputs())
  leaves, tree = jax.tree.flatten(shapes['params'])
  drawn = [0.5 * inputs(*leaf.shape, seed=seed + i) for i, leaf in enumerate(leaves)]
  return jax.tree.unflatten(tree, drawn)


def run(cell, params, x, state=None):
  return LAYERS[cell](HIDDEN).apply({'params': params}, x, state)


def step_by_step(cell, params, x, state):
  """The equations as the papers write them, one step after another."""
  kernel, w, b = (params[n] for n in ('input_kernel', 'recurrent_kernel', 'bias'))
  said = []
  for t in range(x.shape[1]):
    if cell == 'lstm':
      c, h = state
      i, f, g, o = jnp.split(x[:, t] @ kernel + h @ w + b[None], 4, axis=1)
      c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
      h = nn.sigmoid(o) * jnp.tanh(c)
      state = recurrent.Memory(c, h)
    elif cell == 'gru':
      h = state
      a = jnp.split(x[:, t] @ kernel + b[None], 3, axis=1)
      u = jnp.split(h @ w, 3, axis=1)
      r, z = nn.sigmoid(a[0] + u[0]), nn.sigmoid(a[1] + u[1])
      n = jnp.tanh(a[2] + r * (u[2] + params['recurrent_bias'][None]))
      state = h = (1 - z) * n + z * h
    else:
      state = h = jnp.tanh(x[:, t] @ kernel + state @ w + b[None])
    said.append(h)
  return state, jnp.stack(said, axis=1)


def gradients_of(function, cell):
  """Gradients by everything of a loss that reads every h and the last state."""
  first, said = (inputs(MANY, STEPS, HIDDEN, seed=s) for s in (7, 8))
  last = states(cell, seed=9)

  def loss(params, x, state):
    state, h = function(cell, params, x, state)
    total = jnp.sum(said * h + first * h**2)
    ends = jax.tree.map(lambda a, b: jnp.sum(a * b), state, last)
    return total + sum(jax.tree.leaves(ends))

  return jax.grad(loss, (0, 1, 2))


def test_a_layer_says_what_its_equations_say(cell):
  params, x, state = params_of(cell), inputs(), states(cell)
  found = run(cell, params, x, state)
  chex.assert_trees_all_close(found, step_by_step(cell, params, x, state), atol=1e-6)
  chex.assert_shape(found[1], (MANY, STEPS, HIDDEN))


def test_the_backward_pass_by_hand_is_the_gradient_of_the_equations(cell):
  given = params_of(cell), inputs(), states(cell)
  found = jax.jit(gradients_of(run, cell))(*given)
  expected = jax.jit(gradients_of(step_by_step, cell))(*given)
  chex.assert_trees_all_close(found, expected, rtol=1e-5, atol=1e-5)


def test_gradients_of_several_seeds_side_by_side_are_those_of_each(cell):
  params = [params_of(cell, seed) for seed in (1, 20)]
  together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *params)
  axes = (0, None, None)
  found = jax.jit(jax.vmap(gradients_of(run, cell), axes))(
    together, inputs(), states(cell)
  )
  for number, one in enumerate(params):
    expected = jax.jit(gradients_of(run, cell))(one, inputs(), states(cell))
    mine = jax.tree.map(lambda leaf: leaf[number], found)  # noqa: B023
    chex.assert_trees_all_close(mine, expected, rtol=1e-5, atol=1e-5)


def test_the_gradient_by_the_recurrent_kernel_sums_products_over_the_past():
  """Backpropagation through time as the lecture writes it, for the RNN.

  dL/dU = Σ_t Σ_k≤t dL/dh_t (Π_j=k+1..t dh_j/dh_j-1) ∂h_k/∂U
  """
  params, x, start = params_of('rnn'), inputs(1, STEPS, WIDTH), jnp.zeros((1, HIDDEN))
  u = np.asarray(params['recurrent_kernel'], np.float64)
  _, h = run('rnn', params, x)
  h = np.concatenate([np.zeros((1, HIDDEN)), np.asarray(h[0], np.float64)])
  expected = np.zeros_like(u)
  for t in range(1, STEPS + 1):
    gradient = np.ones(HIDDEN)  # of L = Σ h
    for k in range(t, 0, -1):
      at = gradient * (1 - h[k] ** 2)
      expected += np.outer(h[k - 1], at)
      gradient = u @ at
  total = lambda params: jnp.sum(run('rnn', params, x, start)[1])
  found = jax.grad(total)(params)['recurrent_kernel']
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_gradient_along_an_lstms_cell_is_the_product_of_its_forget_gates():
  params = params_of('lstm')
  params['recurrent_kernel'] = jnp.zeros_like(params['recurrent_kernel'])
  x, state = inputs(), states('lstm')

  def cell_at_the_end(c):
    return jnp.sum(run('lstm', params, x, recurrent.Memory(c, state.h))[0].c)

  _, f, _, _ = jnp.split(x @ params['input_kernel'] + params['bias'][None, None], 4, -1)
  found = jax.grad(cell_at_the_end)(state.c)
  np.testing.assert_allclose(found, jnp.prod(nn.sigmoid(f), axis=1), rtol=1e-5)


def test_the_state_carries_on_where_a_sequence_is_cut(cell):
  params, x = params_of(cell), inputs()
  state, first = run(cell, params, x[:, :2])
  state, second = run(cell, params, x[:, 2:], state)
  whole = run(cell, params, x)
  cut = state, jnp.concatenate([first, second], axis=1)
  chex.assert_trees_all_close(cut, whole, atol=1e-6)


def test_later_inputs_do_not_change_earlier_outputs(cell):
  params, at = params_of(cell), 2
  _, pull = jax.vjp(lambda x: run(cell, params, x)[1][:, at], inputs())
  (reached,) = pull(jnp.ones((MANY, HIDDEN)))
  moved = np.asarray(jnp.any(reached != 0, axis=(0, 2)))
  np.testing.assert_array_equal(moved, np.arange(STEPS) <= at)


def test_jit_changes_nothing(cell):
  params, x, state = params_of(cell), inputs(), states(cell)
  compiled = jax.jit(lambda *given: run(cell, *given))(params, x, state)
  chex.assert_trees_all_close(compiled, run(cell, params, x, state), atol=1e-6)


def test_a_sequence_does_not_depend_on_its_batch(cell):
  params, x = params_of(cell), inputs()
  _, alone = run(cell, params, x[1:2])
  chex.assert_trees_all_close(alone, run(cell, params, x)[1][1:2], atol=1e-6)


def test_tokens_are_read_as_if_they_were_one_hot(cell):
  tokens = jax.random.randint(jax.random.key(3), (MANY, STEPS), 0, WIDTH)
  lookup, plain = LAYERS[cell](HIDDEN, vocabulary=WIDTH), LAYERS[cell](HIDDEN)

  def total(layer, params, x):
    return jnp.sum(layer.apply({'params': params}, x)[1] ** 2)

  found = jax.grad(total, 1)(lookup, params_of(cell), tokens)
  expected = jax.grad(total, 1)(plain, params_of(cell), jax.nn.one_hot(tokens, WIDTH))
  chex.assert_trees_all_close(found, expected, atol=1e-5)


def test_each_gate_starts_orthogonal_and_every_bias_but_forgets_is_zero(cell):
  params = LAYERS[cell](HIDDEN).init(jax.random.key(0), inputs())['params']
  kernel = params['recurrent_kernel']
  for square in jnp.split(kernel, GATES[cell], axis=1):
    np.testing.assert_allclose(square.T @ square, np.eye(HIDDEN), atol=1e-5)
  ones = np.repeat([0, 1, 0, 0], HIDDEN) if cell == 'lstm' else 0
  np.testing.assert_array_equal(params['bias'], ones + np.zeros(GATES[cell] * HIDDEN))


def test_the_forget_gates_first_bias_is_what_is_asked_for():
  layer = recurrent.LSTM(HIDDEN, forget_bias=0.0)
  assert not jnp.any(layer.init(jax.random.key(0), inputs())['params']['bias'])


def test_a_loop_holds_no_outer_product_of_the_recurrent_kernel(cell):
  """XLA would add one up in every step of the derived backward pass."""
  jaxpr = jax.make_jaxpr(gradients_of(run, cell))(
    params_of(cell), inputs(), states(cell)
  )
  loops = [eqn for eqn in jaxpr.jaxpr.eqns if eqn.primitive.name == 'scan']
  products = [
    tuple(out.aval.shape)
    for loop in loops
    for eqn in loop.params['jaxpr'].jaxpr.eqns
    if eqn.primitive.name == 'dot_general'
    for out in eqn.outvars
  ]
  assert sorted(products) == sorted([(MANY, GATES[cell] * HIDDEN), (MANY, HIDDEN)])


def test_in_bfloat16_the_products_are_bfloat16_and_the_state_is_not(cell):
  narrow = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), params_of(cell))
  jaxpr = jax.make_jaxpr(gradients_of(run, cell))(narrow, inputs(), states(cell))
  types = {str(var.aval.dtype) for eqn in products(jaxpr.jaxpr) for var in eqn.invars}
  assert types == {'bfloat16'}
  state, h = run(cell, narrow, inputs())
  assert h.dtype == jnp.bfloat16
  assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {jnp.dtype('float32')}


def test_in_bfloat16_outputs_and_gradients_are_close_to_those_in_float32(cell):
  given = params_of(cell), inputs(), states(cell)
  narrow = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), given[0])
  for function in (jax.jit(gradients_of(run, cell)), lambda *given: run(cell, *given)):
    found, expected = function(narrow, *given[1:]), function(*given)
    for mine, theirs in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
      scale = jnp.max(jnp.abs(theirs))
      chex.assert_trees_all_close(mine.astype(jnp.float32), theirs, atol=0.05 * scale)


def products(jaxpr):
  """Yields all products of matrices of a jaxpr and of those inside it."""
  for eqn in jaxpr.eqns:
    if eqn.primitive.name == 'dot_general':
      yield eqn
    for inner in jax.extend.core.jaxprs_in_params(eqn.params):
      yield from products(inner)
