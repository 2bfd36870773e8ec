"""Every experiment x a test per property."""

import dataclasses
import itertools
import math
import re
import types

import chex
import jax
import numpy as np
import pytest

from dl_core import metrics, train
from dl_core.data import sources
from dl_core.launch import jobs, studies
from dl_core.models import bert, gpt, transformer
from dl_core.report import page as pages
from dl_core.report import svg
from dl_core.runtime import compilation
from dl_core.train.progress import Progress
from tests.families import (
  BUILT,
  DEAR,
  LIKE,
  MODULES,
  NAMES,
  ONE_EXAMPLE,
  SLOW,
  STUDIES,
  by_family,
  config_of,
  marked,
)

FALLS_NOT = {'perceptron': 'its loss is 0 before it starts: w = 0 gives f = 0'}
SEES_NO_SEED = {
  'classification': 'it starts from w = 0, where every example has loss log 2',
  'perceptron': 'it starts from w = 0, where every example has loss 0',
}


@pytest.fixture(scope='module', autouse=True)
def _shallow():
  """Leaves one block to Transformers: more of them compile for longer, no more."""
  with pytest.MonkeyPatch.context() as patch:
    for sizes in (bert.SIZES, gpt.SIZES, transformer.SIZES):
      for name in {'nano', 'tiny'} & sizes.keys():
        patch.setitem(sizes, name, sizes[name]._replace(layers=1))
    yield


def compiled(update):
  return jax.jit(update, compiler_options=compilation.often())


@pytest.fixture(scope='module', params=by_family(BUILT))
def case(request, digits_dir):
  """One compiled step of one experiment, which all of its properties share."""
  name, traces = request.param, itertools.count()
  e = MODULES[name].build(config_of(name, digits_dir, steps=40))

  def counted(loss):
    def run(*args):
      next(traces)
      return loss(*args)

    return run

  task = e.task._replace(losses=tuple(map(counted, e.task.losses)))
  take = jax.jit(e.data.take)
  arrays = e.data.feed(jax.random.key(0), 0)
  return types.SimpleNamespace(
    name=name,
    experiment=e,
    update=compiled(train.make_update(task, e.optimizers)),
    batch=lambda state: take(arrays, train.data_key(state), state.step),
    start=jax.jit(lambda seed: train.init_state(e, jax.random.key(seed))),
    traces=lambda: int(re.search(r'\d+', repr(traces))[0]),
  )


def loss_of(sums):
  return metrics.mean(sums)['loss']


def test_the_step_is_traced_once_and_its_metrics_are_finite(case):
  state = case.start(0)
  for _ in range(2):
    state, sums = case.update(state, case.batch(state))
    assert all(math.isfinite(value) for value in metrics.mean(sums).values())
  assert case.traces() == len(case.experiment.task.losses)
  assert (int(state.step), state.skipped.tolist()) == (2, [0, 0, -1])


def test_a_batch_is_as_the_spec_declares(case):
  batch = case.batch(case.start(0))
  chex.assert_trees_all_equal_shapes_and_dtypes(batch, case.experiment.data.spec.batch)


def test_the_same_seed_gives_the_same_loss_and_another_seed_another(case):
  def first(seed):
    state = case.start(seed)
    return loss_of(case.update(state, case.batch(state))[1])

  assert first(0) == first(0)
  if case.name not in SEES_NO_SEED:
    assert first(0) != first(1)


def players(case):
  """Returns (update, state, name of the loss) of each player, the others held fixed."""
  e, state = case.experiment, case.start(0)
  if len(e.task.losses) == 1:
    return [(case.update, state, 'loss')]

  def alone(turn):
    def valued(*args):
      value, (extra, sums) = e.task.losses[turn](*args)
      return value, (extra, sums | {'value': (value, 1.0)})

    optimizers = e.optimizers[turn : turn + 1]
    update = train.make_update(e.task._replace(losses=(valued,)), optimizers)
    own = state.replace(opt_state=state.opt_state[turn : turn + 1])
    return compiled(update), own, 'value'

  return [alone(turn) for turn in range(len(e.task.losses))]


def test_the_loss_of_every_player_falls_on_one_fixed_batch(case):
  for update, state, name in players(case):
    batch, losses = case.batch(state), []
    for _ in range(30):
      state, sums = update(state, batch)
      losses.append(metrics.mean(sums)[name])
    if case.name in FALLS_NOT:
      assert losses[0] == 0
    else:
      assert losses[-1] < 0.9 * losses[0]


# One operation at a time, which compiles each: of one experiment of each kind.
PLAIN = ('char_lm', 'gan', 'gcn', 'lenet', 'linear_regression', 'mlp', 'perceptron')


@pytest.mark.parametrize('case', marked(BUILT, PLAIN.__contains__), indirect=True)
def test_compiled_and_not_compiled_say_the_same_of_a_batch(case):
  state = case.start(0)
  batch = case.batch(state)
  _, found = case.update(state, batch)
  key = jax.random.fold_in(jax.random.fold_in(state.key, 0), 0)  # first step and turn
  loss = case.experiment.task.losses[0]
  _, (_, plain) = loss(state.params, state.extra, batch, key)
  chex.assert_trees_all_close({name: found[name] for name in plain}, plain, rtol=1e-4)


@pytest.mark.parametrize('name', marked(BUILT, lambda name: name not in SLOW))
def test_tiny_runs_to_a_result_and_draws_its_report(name, digits_dir):
  e = MODULES[name].build(config_of(name, digits_dir))
  assert e.config.steps == 2
  run = train.fit(e)
  assert [line['split'] for line in run.lines[-3:]] == ['train', 'validation', 'test']
  for line in run.lines:
    assert line['loss'] is not None
    assert np.isfinite(line['loss'])
  for metric, score in run.lines[-1]['baseline'].items():
    assert metric in run.lines[-1]
    assert 0 <= score <= (1 if metrics.kind(metric).fraction else math.inf)
  pictures = jobs.pictures(e, run)
  assert pictures
  for picture in pictures:
    assert picture.title
    assert picture.caption
    assert svg.attempt(picture).failure == ''


@pytest.mark.parametrize('name', by_family(STUDIES))
def test_a_tiny_study_finishes_and_draws_what_it_found(name, digits_dir, tmp_path):
  module, c = MODULES[name], config_of(name, digits_dir, workdir=str(tmp_path))
  study = studies.of(module, c)
  plan = studies.plan(module, name, c, study)
  assert studies.perform(plan, study, lambda: False, Progress(quiet=True))
  assert plan.finished
  page = (tmp_path / 'report' / 'index.html').read_text(encoding='utf-8')
  for label in study.runs:
    assert label in page
  assert pages.undrawn(tmp_path) == []


@pytest.mark.parametrize('name', STUDIES)
def test_what_a_study_trains_can_be_built(name, digits_dir):
  study = studies.of(MODULES[name], config_of(name, digits_dir))
  for module, c in study.runs.values():
    assert module.build(dataclasses.replace(c, data_dir=digits_dir)).data.spec.source


@pytest.mark.parametrize('name', BUILT)
def test_building_reads_and_prepares_nothing(name, tmp_path, monkeypatch):
  def touched(*_, **__):
    raise AssertionError('an example was asked for')

  for reader in ('prepare', 'records', 'examples'):
    monkeypatch.setattr(sources, reader, touched)
  e = MODULES[name].build(config_of(name, str(tmp_path / 'nothing')))
  assert e.data.spec.source
  assert not (tmp_path / 'nothing').exists()


@pytest.mark.parametrize('name', by_family(BUILT))
def test_what_is_built_does_not_depend_on_the_seed(name, digits_dir):
  def programs(seed):  # runs that share the loop are all made of what the first built
    e = MODULES[name].build(config_of(name, digits_dir, seed=seed))
    state, batch = (
      jax.eval_shape(lambda: train.init_state(e, jax.random.key(0))),
      e.data.spec.batch,
    )
    update = jax.make_jaxpr(train.make_update(e.task, e.optimizers))(state, batch)
    arrays = e.data.feed(jax.random.key(0), 0)
    take = jax.make_jaxpr(e.data.take)(arrays, jax.random.key(0), 0)
    said = [re.sub(' at 0x[0-9a-f]+', '', str(each)) for each in (update, take)]
    return said, update.consts + take.consts

  (said, consts), (others, other_consts) = programs(0), programs(1)
  assert said == others
  chex.assert_trees_all_equal(consts, other_consts)


@pytest.mark.parametrize('name', [name for name in BUILT if name not in ONE_EXAMPLE])
def test_tiny_batches_can_be_shared_by_eight_devices(name):
  assert MODULES[name].TINY.batch_size % 8 == 0


@pytest.mark.parametrize('name', NAMES)
def test_a_docstring_names_the_lecture_and_the_command(name):
  doc = MODULES[name].__doc__
  assert re.search(r' Lecture \d+\.$', doc.splitlines()[0])
  assert f'python -m experiments.{name}' in doc


def test_exemptions_are_of_experiments_that_exist():
  assert set(FALLS_NOT) | set(SEES_NO_SEED) | set(ONE_EXAMPLE) <= set(BUILT)
  assert LIKE.keys() | set(SLOW) | set(DEAR) <= set(NAMES)
  assert set(LIKE.values()) <= set(NAMES) - LIKE.keys() - set(SLOW)
