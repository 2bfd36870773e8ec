"""With a frozen backbone the head learns, and nothing else moves at all."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from dl_core import config, metrics, tasks, train, types
from dl_core.tasks import freezing, measures
from dl_core.types import Batch, Data, Experiment, Names, Spec


class Net(nn.Module):
  @nn.compact
  def __call__(self, x, *, train):
    x = nn.Dense(4, name='hidden')(x)
    x = nn.BatchNorm(not train, momentum=0.5, name='norm')(x)
    x = nn.Dropout(0.5, deterministic=not train)(x)
    return nn.Dense(3, name='output')(x)


random = np.random.default_rng(0)
BATCH = Batch(
  jnp.asarray(random.normal(2, 3, (8, 5)), jnp.float32),
  jnp.arange(8) % 3,
  jnp.ones(8),
)


def built(taken=(), **settings):
  shapes = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), BATCH)
  data = Data(Spec(shapes, 'toys/1'), None, lambda *_: BATCH, {})
  descent = optax.chain(optax.add_decayed_weights(0.1), optax.sgd(0.1, 0.9))
  task = tasks.supervised(Net(), accuracy=measures.accuracy)
  names = Names({'one': {}})
  c = config.Transfer(batch_size=8, **settings)
  return freezing.frozen(
    Experiment(c, task, (descent,), data, names=names, taken=taken)
  )


def stepped(experiment, steps=3):
  start = state = train.init_state(experiment, jax.random.key(0))
  update = jax.jit(train.make_update(experiment.task, experiment.optimizers))
  for _ in range(steps):
    state, sums = update(state, BATCH)
  return start, state, sums


def test_the_head_alone_moves_and_statistics_stay():
  start, state, sums = stepped(built(freeze='backbone', init_from='a.safetensors'))
  for name in ('hidden', 'norm'):
    chex.assert_trees_all_equal(start.params[name], state.params[name])
  chex.assert_trees_all_equal(start.extra, state.extra)
  for leaf in ('kernel', 'bias'):
    assert not np.any(start.params['output'][leaf] == state.params['output'][leaf])
  assert set(sums) == {'loss', 'accuracy'}


def test_the_parts_that_are_taken_from_elsewhere_are_those_that_stay():
  for named in (True, False):
    plain = built(taken=('hidden',))
    names = plain.names if named else None
    c = config.Transfer(batch_size=8, freeze='backbone', init_from='a.safetensors')
    start, state, _ = stepped(freezing.frozen(plain._replace(config=c, names=names)))
    chex.assert_trees_all_equal(start.params['hidden'], state.params['hidden'])
    for name in ('norm', 'output'):
      for leaf, array in state.params[name].items():
        assert not np.any(start.params[name][leaf] == array)


def test_without_it_everything_moves():
  start, state, _ = stepped(built())
  moved = jax.tree.map(
    lambda a, b: bool(np.any(a != b)), start.variables, state.variables
  )
  assert all(jax.tree.leaves(moved))


def test_what_it_minimises_is_what_evaluation_measures():
  experiment = built(freeze='backbone', init_from='a.safetensors')
  start, _, sums = stepped(experiment, steps=1)
  measured = experiment.task.metrics(start.variables, BATCH, jax.random.key(1))
  chex.assert_trees_all_close(metrics.mean(sums), metrics.mean(measured))


def test_no_gradient_of_the_backbone_is_computed():
  def products(experiment):
    state = train.init_state(experiment, jax.random.key(0))
    update = train.make_update(experiment.task, experiment.optimizers)
    text = jax.jit(update).lower(state, BATCH).compile().as_text()
    return text.count(' dot(')

  # Two forwards and one backwards; what is trained whole has two more backwards.
  assert (
    products(built(freeze='backbone', init_from='a.safetensors')),
    products(built()),
  ) == (3, 5)


def test_decay_reaches_the_head_alone():
  params = {'output': {'kernel': jnp.ones(2)}, 'trunk': {'output': jnp.ones(2)}}
  moves = lambda path: path.startswith('output.')
  optimizer = freezing.only(moves, optax.add_decayed_weights(1.0))
  zeros = jax.tree.map(jnp.zeros_like, params)
  change, _ = optimizer.update(zeros, optimizer.init(params), params)
  np.testing.assert_array_equal(change['output']['kernel'], 1)
  np.testing.assert_array_equal(change['trunk']['output'], 0)


def test_a_model_without_named_heads_cannot_be_frozen():
  experiment = built()
  experiment = experiment._replace(
    config=config.Transfer(freeze='backbone', init_from='a.safetensors'), names=None
  )
  with pytest.raises(types.UserError, match='no table says which layers'):
    freezing.frozen(experiment)
