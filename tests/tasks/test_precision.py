"""Models computed in bfloat16, of every experiment."""

import functools
import re

import jax
import jax.numpy as jnp
import pytest

from dl_core import metrics, tasks, train
from dl_core.runtime import compilation, flops
from tests.families import BUILT, MODULES, by_family, config_of


@pytest.fixture(scope='module', params=BUILT)
def case(request, digits_dir):
  """An experiment, and the shapes of its state and of a batch."""
  e = MODULES[request.param].build(config_of(request.param, digits_dir))
  state = jax.eval_shape(functools.partial(train.init_state, e), jax.random.key(0))
  return e, state, e.data.spec.batch


def products(jaxpr):
  """The types of what every product of matrices and convolution reads.

  Except those with fixed weights, by which scores are interpolated, and those of power
  iterations, whose vectors stay float32.
  """
  for equation in jaxpr.eqns:
    if re.search('combined|iterated', str(equation.source_info.name_stack)):
      continue
    if equation.primitive.name in ('dot_general', 'conv_general_dilated'):
      yield {variable.aval.dtype.name for variable in equation.invars}
    for inner in flops.inside(equation.params):
      yield from products(inner)


def test_models_multiply_in_bfloat16_and_lose_in_float32(case):
  e, state, batch = case
  for loss in tasks.computed_in(e.task, 'bfloat16').losses:
    jaxpr = jax.make_jaxpr(loss)(state.params, state.extra, batch, jax.random.key(0))
    assert all(kinds == {'bfloat16'} for kinds in products(jaxpr.jaxpr))
    assert jaxpr.out_avals[0].dtype == jnp.float32


@pytest.mark.parametrize('case', by_family(BUILT), indirect=True)
def test_parameters_optimizers_and_metrics_stay_float32(case):
  e, state, batch = case
  lowered = tasks.computed_in(e.task, 'bfloat16')
  update = train.make_update(lowered, e.optimizers)
  after, sums = jax.eval_shape(update, state, batch)
  kinds = jax.tree.map(lambda leaf: leaf.dtype, (after.params, after.opt_state))
  before = jax.tree.map(lambda leaf: leaf.dtype, (state.params, state.opt_state))
  assert kinds == before
  found = {leaf.dtype for leaf in jax.tree.leaves((after.extra, sums))}
  assert found - {jnp.dtype('int32')} == {jnp.dtype('float32')}  # a pool counts


@pytest.mark.parametrize('name', by_family(BUILT))
def test_losses_differ_by_the_rounding_alone(name, digits_dir):
  e = MODULES[name].build(config_of(name, digits_dir))
  state = jax.jit(functools.partial(train.init_state, e))(jax.random.key(0))
  batch = e.data.take(e.data.feed(jax.random.key(0), 0), jax.random.key(0), 0)
  # A network whose last layer is 0 rounds nothing.
  more = lambda leaf: leaf + 0.01 * jax.random.normal(jax.random.key(1), leaf.shape)
  variables = {**state.variables, 'params': jax.tree.map(more, state.params)}
  found = {
    precision: jax.jit(
      tasks.computed_in(e.task, precision).metrics,
      compiler_options=compilation.often(),
    )(variables, batch, jax.random.key(0))
    for precision in ('float32', 'bfloat16')
  }
  exact, rounded = (metrics.mean(sums)['loss'] for sums in found.values())
  assert rounded == pytest.approx(exact, rel=0.02, abs=0.02)
  assert rounded != exact or exact == 0  # a loss without rounding, as a perceptron's


def test_float32_leaves_a_task_as_it_is(case):
  e, _, _ = case
  assert tasks.computed_in(e.task, 'float32') is e.task
