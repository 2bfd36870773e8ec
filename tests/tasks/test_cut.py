"""A task that is cut to its batches' lengths equals the task, at a part of the cost."""

from collections.abc import Callable

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from dl_core import metrics, tasks, train
from dl_core.runtime import flops, sharding
from dl_core.tasks import measures
from dl_core.types import Batch

KEY = jax.random.key(0)
AXES = Batch({'tokens': 1, 'lengths': None}, None, None)
WIDTHS = (2, 5, 8)
HELD = lambda batch: batch.x['lengths']


class Mean(nn.Module):
  """Averages what a layer makes of each token before the end; notes what it saw."""

  note: Callable[[int], None] = lambda steps: None

  @nn.compact
  def __call__(self, x, *, train):
    steps = x['tokens'].shape[1]
    self.note(steps)
    real = (jnp.arange(steps)[None] < x['lengths'][:, None]).astype(jnp.float32)
    h = jnp.tanh(nn.Dense(6)(nn.Embed(7, 4)(x['tokens'])))
    mean = jnp.einsum('bth,bt->bh', h, real) / jnp.sum(real, axis=1, keepdims=True)
    count = self.variable('running', 'count', jnp.zeros, ())
    if train:
      count.value += jnp.sum(real)
    return nn.Dense(3)(mean)


def batch_of(longest, size=8, width=8):
  random = np.random.default_rng(longest)
  lengths = random.integers(1, longest + 1, size)
  lengths[0] = longest
  weight = np.ones(size, np.float32)
  weight[-1] = 0
  return Batch(
    {'tokens': jnp.array(random.integers(7, size=(size, width))),
     'lengths': jnp.array(lengths, jnp.int32)},
    jnp.array(random.integers(3, size=size)), jnp.array(weight),
  )  # fmt: skip


def made(note=lambda steps: None):
  return tasks.supervised(Mean(note), accuracy=measures.accuracy)


def plain(sums):
  return {name: each for name, each in sums.items() if name != metrics.READ}


@pytest.mark.parametrize('longest', [1, 2, 3, 5, 6, 8])
def test_values_gradients_and_statistics_are_those_of_the_uncut_task(longest):
  task, batch = made(), batch_of(longest)
  cut = tasks.cut(task, WIDTHS, AXES, HELD)
  variables = dict(task.init(KEY, batch))
  params = variables.pop('params')

  def graded(loss):
    return jax.value_and_grad(loss, has_aux=True)(params, variables, batch, KEY)

  (value, (extra, sums)), gradient = graded(task.losses[0])
  (own, (own_extra, own_sums)), own_gradient = graded(cut.losses[0])
  close = lambda *pair: chex.assert_trees_all_close(*pair, rtol=1e-5, atol=1e-7)
  close((own, own_extra, own_gradient), (value, extra, gradient))
  close(plain(own_sums), sums)
  assert max(float(jnp.max(jnp.abs(leaf))) for leaf in jax.tree.leaves(gradient)) > 0
  whole = {'params': params, **variables}
  close(plain(cut.metrics(whole, batch, KEY)), task.metrics(whole, batch, KEY))
  # Called without a gradient, as a line search does, it says the same.
  close(cut.losses[0](params, variables, batch, KEY)[0], value)


def test_the_gradient_is_multiplied_by_what_follows_the_loss():
  batch, cut = batch_of(3), tasks.cut(made(), WIDTHS, AXES, HELD)
  variables = dict(cut.init(KEY, batch))
  params = variables.pop('params')
  loss = lambda params: cut.losses[0](params, variables, batch, KEY)[0]
  thrice = jax.grad(lambda params: 3 * loss(params))(params)
  wanted = jax.tree.map(lambda leaf: 3 * leaf, jax.grad(loss)(params))
  chex.assert_trees_all_close(thrice, wanted, rtol=1e-6)


def test_the_narrowest_width_that_holds_the_batch_computes_and_nothing_compiles_twice():
  seen = []
  task = tasks.cut(made(seen.append), WIDTHS, AXES, HELD)
  variables = dict(task.init(KEY, batch_of(8)))
  seen.clear()
  params = variables.pop('params')
  loss = jax.jit(jax.value_and_grad(task.losses[0], has_aux=True))
  for longest in (1, 2, 3, 5, 6, 8):
    batch = batch_of(longest)
    width = next(width for width in WIDTHS if width >= longest)
    (value, _), _ = loss(params, variables, batch, KEY)
    # Tokens outside the crop are out of the table, where a look-up gives NaN.
    spoilt = batch.x['tokens'].at[:, width:].set(10**6)
    (again, _), gradient = loss(
      params, variables, batch._replace(x=batch.x | {'tokens': spoilt}), KEY
    )
    assert float(value) == float(again)
    chex.assert_tree_all_finite(gradient)
  assert sorted(set(seen)) == list(WIDTHS)
  assert len(seen) == len(WIDTHS)


def test_a_branch_saves_nothing_for_a_way_back_of_its_own():
  batch, task = batch_of(8), made()
  variables = dict(task.init(KEY, batch))
  params = variables.pop('params')

  def switches(jaxpr):
    for equation in jaxpr.eqns:
      if equation.primitive.name == 'cond':
        yield equation
      for inner in flops.inside(equation.params):
        yield from switches(inner)

  cut = tasks.cut(task, WIDTHS, AXES, HELD)
  graded = jax.value_and_grad(cut.losses[0], has_aux=True)
  found = list(switches(jax.make_jaxpr(graded)(params, variables, batch, KEY).jaxpr))
  assert len(found) == 1  # a gradient of a switch has two
  # It returns loss, gradient, statistics and metrics, and no residuals.
  leaves = len(jax.tree.leaves(params)) + 1 + 1 + 4
  assert len(found[0].outvars) == leaves


def test_operations_are_counted_of_the_widest():
  batch = batch_of(2)
  variables = dict(made().init(KEY, batch))
  params = variables.pop('params')

  def products(task):
    graded = jax.value_and_grad(task.losses[0], has_aux=True)
    jaxpr = jax.make_jaxpr(graded)(params, variables, batch, KEY).jaxpr
    return flops.count(graded, params, variables, batch, KEY).products, jaxpr

  whole, jaxpr = products(made())
  assert not flops.chooses(jaxpr)
  own, jaxpr = products(tasks.cut(made(), WIDTHS, AXES, HELD))
  assert flops.chooses(jaxpr)
  assert own == whole > 0


def test_tokens_are_counted_without_padding():
  batch = batch_of(5)
  task = tasks.cut(made(), WIDTHS, AXES, HELD)
  variables = task.init(KEY, batch)
  sums = task.metrics(variables, batch, KEY)
  lengths = np.array(batch.x['lengths'])[:-1]  # the last example weighs nothing
  assert metrics.tokens(sums) == pytest.approx(lengths.mean())
  assert metrics.READ not in metrics.mean(sums)
  assert metrics.tokens(made().metrics(variables, batch, KEY)) is None


def test_devices_share_a_batch_and_choose_the_same_width():
  task = tasks.cut(made(), WIDTHS, AXES, HELD)
  update = train.make_update(task, (optax.sgd(0.1),))
  batch = batch_of(4)
  variables = dict(task.init(KEY, batch))
  zero = jnp.array([0, 0, -1], jnp.int32)
  params = variables.pop('params')
  state = train.TrainState(
    jnp.int32(0), params, variables, (optax.sgd(0.1).init(params),), KEY, zero
  )
  alone, _ = jax.jit(update)(state, batch)
  mesh = sharding.make_mesh('data:8')
  with jax.set_mesh(mesh):
    spread = sharding.spread(batch, mesh)
    shared, _ = jax.jit(update)(state, spread)
  chex.assert_trees_all_close(shared.params, alone.params, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize('widths', [(), (0, 8), (5, 2, 8), (4, 4, 8)])
def test_widths_that_do_not_rise_are_refused(widths):
  with pytest.raises(ValueError, match='must be positive and rise'):
    tasks.cut(made(), widths, AXES, HELD)


def test_a_last_width_that_is_not_the_batchs_is_refused():
  task = tasks.cut(made(), (2, 5), AXES, HELD)
  with pytest.raises(ValueError, match=r'the last of widths=.* must be 8'):
    task.metrics(made().init(KEY, batch_of(8)), batch_of(8), KEY)
