"""Models computed in bfloat16, of every experiment."""

import dataclasses
import functools
import importlib
import pkgutil

import jax
import jax.numpy as jnp
import pytest

import experiments
from dl_core import metrics, tasks, train
from dl_core.runtime import flops

MODULES = [
  importlib.import_module(f'experiments.{m.name}')
  for m in pkgutil.iter_modules(experiments.__path__)
  if m.name != '__main__'
]
BUILT = {m.__name__.partition('.')[2]: m for m in MODULES if hasattr(m, 'build')}


@pytest.fixture(scope='module', params=BUILT)
def case(request, digits_dir):
  """An experiment, its state and a batch."""
  module = BUILT[request.param]
  e = module.build(dataclasses.replace(module.TINY, data_dir=digits_dir))
  state = jax.jit(functools.partial(train.init_state, e))(jax.random.key(0))
  batch = e.data.take(e.data.feed(jax.random.key(0), 0), jax.random.key(0), 0)
  return e, state, batch


def products(jaxpr):
  """The types of what every product of matrices and convolution reads."""
  for equation in jaxpr.eqns:
    if equation.primitive.name in ('dot_general', 'conv_general_dilated'):
      yield {variable.aval.dtype.name for variable in equation.invars}
    for inner in flops.inside(equation.params):
      yield from products(inner)


def test_models_multiply_in_bfloat16_and_lose_in_float32(case):
  e, state, batch = case
  for loss in tasks.computed_in(e.task, 'bfloat16').losses:
    run = lambda params, loss=loss: loss(params, state.extra, batch, jax.random.key(0))
    jaxpr = jax.make_jaxpr(run)(state.params)
    assert all(kinds == {'bfloat16'} for kinds in products(jaxpr.jaxpr))
    assert jaxpr.out_avals[0].dtype == jnp.float32


def test_parameters_optimizers_and_metrics_stay_float32(case):
  e, state, batch = case
  lowered = tasks.computed_in(e.task, 'bfloat16')
  update = train.make_update(lowered, e.optimizers)
  after, sums = jax.eval_shape(update, state, batch)
  kinds = jax.tree.map(lambda leaf: leaf.dtype, (after.params, after.opt_state))
  before = jax.tree.map(lambda leaf: leaf.dtype, (state.params, state.opt_state))
  assert kinds == before
  floats = [leaf.dtype for leaf in jax.tree.leaves((after.extra, sums))]
  assert set(floats) == {jnp.dtype('float32')}


def test_losses_differ_by_the_rounding_alone(case):
  e, state, batch = case
  # A network whose last layer is 0 rounds nothing.
  more = lambda leaf: leaf + 0.01 * jax.random.normal(jax.random.key(1), leaf.shape)
  variables = {**state.variables, 'params': jax.tree.map(more, state.params)}
  found = {
    precision: jax.jit(tasks.computed_in(e.task, precision).metrics)(
      variables, batch, jax.random.key(0)
    )
    for precision in ('float32', 'bfloat16')
  }
  exact, rounded = (metrics.mean(sums)['loss'] for sums in found.values())
  assert rounded == pytest.approx(exact, rel=0.02, abs=0.02)
  assert rounded != exact or exact == 0  # a loss without rounding, as a perceptron's


def test_float32_leaves_a_task_as_it_is(case):
  e, _, _ = case
  assert tasks.computed_in(e.task, 'float32') is e.task
