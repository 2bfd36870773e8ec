"""Runs on 8 simulated devices are runs on one; what is split is really split."""

import dataclasses

import jax
import numpy as np
import optax
import pytest
from jax.sharding import PartitionSpec as P

from dl_core import train
from dl_core.runtime import sharding
from dl_core.runtime.sharding import Layout, make_mesh
from dl_core.train import compiled
from dl_core.types import UserError
from experiments import char_lm
from tests.families import BUILT, MODULES, ONE_EXAMPLE, config_of, marked

MESHES = ('data:8', 'fsdp:8', 'data:2,fsdp:2,tensor:2')
RATE = {'learning_rate': 3e-5}  # rounding grows with the rate
# What draws or remembers is switched on, and sides that several axes divide.
CASES = {
  # Sums over all nodes grow under plain descent, and amplify rounding.
  'molecules': {'readout': 'mean'},
  'char_lm': {'dropout': 0.5, 'hidden': 16},
  'alexnet': RATE,
  'cifar_resnet': RATE,
  'gan': {'net': 'dcgan', 'width': 8},
  'googlenet': RATE,
  'lenet': {'channels': 8},
  'pspnet': RATE | {'optimizer': 'sgd'},
  'resnet': RATE,
  'vgg': RATE | {'batch_norm': True},
}
# Rates of those whose losses are so steep that the common one amplifies rounding.
STEEP = {'biggan': 1e-4, 'cyclegan': 1e-6}
# The last mesh has all three axes, which suffices but for one of a family.
EVERY_MESH = ('char_lm', 'lenet')
# Where images that were split along their sides would be convolved wrongly at once.
OTHER_MESH = {'cyclegan': ('fsdp:2,tensor:4',)}
# What the others split, these have, too; `make test-all` splits all.
SPLIT = (
  'autoencoder', 'char_lm', 'cifar_resnet', 'gan', 'gpt', 'lenet', 'mlp', 'molecules',
  'seq2seq', 'vae',
)  # fmt: skip
SMALL = 64  # elements from which on these tests split a leaf


def split_on(tree):
  """The axes that split any leaf of a tree of arrays that lie on a mesh."""
  specs = [leaf.sharding.spec for leaf in jax.tree.leaves(tree)]
  return {axis for spec in specs for axes in spec for axis in np.atleast_1d(axes or ())}


def bytes_of_one_device(tree):
  return sum(leaf.addressable_shards[0].data.nbytes for leaf in jax.tree.leaves(tree))


def trained(e, mesh, steps=20):
  """The metrics of each of the first steps on a mesh, and the last state."""
  layout = Layout(make_mesh(mesh), e.partition, SMALL)
  with jax.set_mesh(layout.mesh):
    shared = compiled.make(e, layout)
    state, none = shared.start(jax.random.key(0))
    key, found = train.data_key(state), []
    for step in range(steps):
      arrays = sharding.spread(e.data.feed(key, step), layout.mesh, e.config.batch_size)
      state, sums, _ = shared.call(state, none, arrays, 1)
      found.append(np.concatenate([*map(np.ravel, jax.tree.leaves(sums))]))
  return np.array(found), state


@pytest.mark.parametrize(
  'name',
  marked([n for n in BUILT if n not in ONE_EXAMPLE], SPLIT.__contains__),
)
def test_eight_devices_compute_what_one_does(name, digits_dir, monkeypatch):
  sgd = lambda rate, *args, **kwargs: optax.sgd(STEEP.get(name, 0.01))
  for optimizer in ('adam', 'adamw'):  # which make a step of the least difference
    monkeypatch.setattr(optax, optimizer, sgd)
  module = MODULES[name]
  e = module.build(config_of(name, digits_dir, steps=20, **CASES.get(name, {})))
  alone, _ = trained(e, '')
  assert np.ptp(alone[:, 0]) > 0
  for mesh in MESHES if name in EVERY_MESH else OTHER_MESH.get(name, MESHES[-1:]):
    found, state = trained(e, mesh)
    np.testing.assert_allclose(found, alone, rtol=1e-5, atol=1e-7, err_msg=mesh)
    wanted = {part.partition(':')[0] for part in mesh.split(',')} - {'data'}
    if max(leaf.size for leaf in jax.tree.leaves(state.params)) < SMALL:
      wanted = set()
    if not any('tensor' in axes for axes in e.partition.values()):
      wanted -= {'tensor'}
    assert split_on(state.params) == wanted


def test_a_batch_is_split_by_data_and_fsdp(digits_dir):
  e = MODULES['lenet'].build(config_of('lenet', digits_dir))
  key = jax.random.key(0)
  arrays = e.data.feed(key, 0)
  for text in MESHES:
    mesh = make_mesh(text)
    take = jax.jit(lambda a: sharding.constrain(e.data.take(a, key, 0), mesh))  # noqa: B023
    batch = jax.tree.leaves(take(arrays))
    sides = {leaf.addressable_shards[0].data.shape[0] for leaf in batch}
    assert sides == {e.config.batch_size // sharding.shards(mesh)}


def test_fsdp_divides_the_bytes_of_parameters_and_of_optimizer_states(prose):
  e = char_lm.build(char_lm.Config(dataset='text', data_dir=prose, hidden=256))
  sizes = {}
  for text in ('', 'fsdp:8'):
    shared = compiled.make(e, Layout(make_mesh(text), e.partition))
    state, _ = shared.start(jax.random.key(0))
    sizes[text] = [bytes_of_one_device(t) for t in (state.params, state.opt_state)]
  for part, whole in zip(sizes['fsdp:8'], sizes[''], strict=True):
    assert whole / 8 <= part < 0.2 * whole  # an eighth, and what is too small to split


def test_a_run_moves_between_eight_four_and_one_device(tmp_path, prose):
  c = dataclasses.replace(
    char_lm.TINY,
    hidden=128,
    steps=9,
    eval_every=3,
    dataset='text',
    data_dir=prose,
    steps_per_call=1,
  )
  whole = train.fit(char_lm.build(c)._replace(observe=None))
  for number, mesh in enumerate(('fsdp:8', 'data:2,tensor:2', '')):
    e = char_lm.build(dataclasses.replace(c, mesh=mesh))._replace(observe=None)
    stop = iter([False] * 3 + [True])
    run = train.fit(e, tmp_path, interrupted=lambda: next(stop, False))  # noqa: B023
    assert int(run.state.step) == (3, 6, 9)[number]
    assert split_on(run.state.params) == {0: {'fsdp'}, 1: {'tensor'}, 2: set()}[number]
  for a, b in zip(run.lines, whole.lines, strict=True):
    assert (a['step'], a['split']) == (b['step'], b['split'])
    assert a['loss'] == pytest.approx(b['loss'], rel=1e-5)


def test_a_leaf_is_split_along_its_largest_side_that_divides():
  layout = Layout(make_mesh('data:2,fsdp:2,tensor:2'), {'k': (None, 'tensor')}, 12)
  assert layout.axes('a', (3, 4)) == [None, 'fsdp']
  assert layout.axes('a', (6, 4)) == ['fsdp', None]
  assert layout.axes('a', (2, 4)) == [None, None]  # too small
  assert layout.axes('a', (3, 5)) == [None, None]  # nothing divides
  assert layout.axes('mu.k', (2, 8)) == ['fsdp', 'tensor']
  assert layout.axes('mu.k', (2, 9)) == ['fsdp', None]
  assert layout.axes('mu.sk', (2, 8)) == [None, 'fsdp']  # another name
  assert layout.axes('mu.k', (8,)) == [None]  # another shape


def test_examples_that_a_state_holds_are_split_as_a_batch_or_not_at_all():
  layout = Layout(make_mesh('data:2,fsdp:2,tensor:2'), {'pool': ('batch', None)}, 12)
  assert layout.axes('extra.pool', (8, 64)) == [('data', 'fsdp'), None]
  assert layout.axes('extra.pool', (6, 64)) == [None, None]


def test_runs_side_by_side_have_the_same_sharding():
  layout = Layout(make_mesh('fsdp:8'), large=8)
  shardings = layout({'a': np.zeros((3, 8))}, runs=2)
  assert shardings['a'].spec == P(None, None, 'fsdp')


BAD = {
  'data:3': 'which is 3 devices, but JAX finds 8',
  'data:16': 'which is 16 devices, but JAX finds 8',
  'rows:2': 'with the axes data, fsdp, tensor',
  'data:0': 'AXIS:COUNT',
  'data=2': 'AXIS:COUNT',
}


@pytest.mark.parametrize(('text', 'told'), BAD.items())
def test_a_mesh_that_cannot_be_is_refused(text, told):
  with pytest.raises(UserError, match=told):
    make_mesh(text)


def test_a_batch_that_does_not_divide_is_refused():
  sharding.check('data:2,tensor:4', 10)
  with pytest.raises(UserError, match='give a multiple of 4'):
    sharding.check('data:2,fsdp:2', 10)
