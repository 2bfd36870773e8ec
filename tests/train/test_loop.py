import functools
import itertools
import shutil

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from dl_core import config, tasks, train, trees
from dl_core.data import batches
from dl_core.tasks import measures, optimizers
from dl_core.train import checkpoint, compiled, evaluate, log, workdir
from dl_core.train.progress import Progress
from dl_core.types import Batch, Experiment, Spec, Task, UserError
from experiments import perceptron

TIMES = ('seconds', 'examples_per_second')


def shape(*sides):
  return jax.ShapeDtypeStruct(sides, np.float32)


@functools.cache
def numbers(split):
  """48 examples of 3 features, the first of which is the number of the example."""
  random = np.random.default_rng(len(split))
  x = random.normal(size=(48, 3)).astype(np.float32)
  x[:, 0] = np.arange(48) / 48
  return x, (x[:, 1] > x[:, 2]).astype(np.int32)


def numbered(batch_size=8):
  spec = Batch(
    shape(batch_size, 3), jax.ShapeDtypeStruct((batch_size,), np.int32), shape(8)
  )
  return batches.resident(Spec(spec, 'numbers/1', ('no', 'yes')), numbers)


class Noisy(nn.Module):
  """Dropout draws and batch normalisation remembers: all that a step can move."""

  @nn.compact
  def __call__(self, x, *, train):
    x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(nn.Dense(4)(x))
    return nn.Dense(2)(nn.Dropout(0.5, deterministic=not train)(x))


def noisy(**settings):
  c = config.Config(**{'steps': 13, 'batch_size': 8, 'eval_every': 5} | settings)
  task = tasks.supervised(Noisy(), accuracy=measures.accuracy)
  return Experiment(c, task, (optax.adam(0.01),), numbered())


def walk(data=None, **settings):
  """w goes up by the mean of the batch's weights a step; validation likes w = 3."""
  c = config.Config(**{'steps': 8, 'batch_size': 8, 'eval_every': 1} | settings)

  def loss(params, extra, batch, key):
    value = -params['w'] * jnp.mean(batch.weight)
    return value, (extra, {'loss': (value, 1.0)})

  def evaluator(variables, batch, key):
    return {'loss': ((variables['params']['w'] - 3) ** 2, 1.0)}

  task = Task(lambda key, batch: {'params': {'w': jnp.zeros(())}}, (loss,), evaluator)
  return Experiment(c, task, (optax.sgd(1.0),), data or numbered())


def streamed(bad=()):
  """A new host batch at every step, its weights not finite at the steps `bad`."""

  def feed(key, step):
    del key
    return {'weight': np.full(8, np.nan if step in bad else 1, np.float32)}

  return numbered()._replace(
    feed=feed, take=lambda fed, key, step: Batch(*2 * (None,), fed['weight'])
  )


def timeless(lines):
  return [{k: v for k, v in line.items() if k not in TIMES} for line in lines]


def equal(a, b):
  flat = trees.flatten
  chex.assert_trees_all_equal(flat(a), flat(b))


def after(calls):
  """Interrupts a run when so many calls have been made."""
  asked = itertools.count()
  return lambda: next(asked) == calls


@pytest.mark.parametrize('poison', ['loss', 'gradient'])
def test_what_is_not_finite_moves_nothing_but_the_counters(poison):
  e = noisy()
  (supervised,) = e.task.losses

  def loss(params, extra, batch, key):
    value, rest = supervised(params, extra, batch, key)
    zero = jnp.sum(params['Dense_0']['kernel']) * 0
    if poison == 'loss':
      return value + jnp.log(-1 - zero), rest
    return value + jnp.sqrt(zero), rest  # its value is 0, its slope is not a number

  task = e.task._replace(losses=(loss,))
  batch = jax.tree.map(lambda s: jnp.ones(s.shape, s.dtype), e.data.spec.batch)
  before = train.init_state(e, jax.random.key(0))
  state, sums = jax.jit(train.make_update(task, e.optimizers))(before, batch)
  same = ('params', 'extra', 'opt_state', 'key')
  for name in same:
    equal(getattr(before, name), getattr(state, name))
  assert state.step == 1
  np.testing.assert_array_equal(state.skipped, [1, 1, -1])
  chex.assert_trees_all_equal(sums, jax.tree.map(jnp.zeros_like, sums))
  state, _ = jax.jit(train.make_update(e.task, e.optimizers))(before, batch)
  for name in same[:3]:  # without the poison, all of them move
    with pytest.raises(AssertionError):
      equal(getattr(before, name), getattr(state, name))
  np.testing.assert_array_equal(state.skipped, [0, 0, -1])


def test_statistics_move_in_training_and_not_in_evaluation():
  e = noisy(steps=3)
  start = train.init_state(e, jax.random.key(0))
  state = train.fit(e).state
  moved = jax.tree.map(
    lambda a, b: bool(jnp.any(a != b)), start.extra, dict(state.extra)
  )
  assert jax.tree.leaves(moved) == [True, True]  # mean and variance
  evaluator = evaluate.make_evaluator(e)
  assert evaluator(state, 'validation') == evaluator(state, 'validation')


def test_python_needs_five_lines_and_no_flags():
  run = train.fit(perceptron.build(perceptron.Config(steps=100)))
  assert run.ended
  assert run.lines[-1]['split'] == 'test'
  assert run.lines[-1]['accuracy'] == 1


@pytest.mark.parametrize('make', [noisy, lambda **s: walk(streamed(), **s)])
def test_the_step_is_traced_once_however_many_steps(make):
  def traces(steps):
    e, found = make(steps=steps, eval_every=4), []
    take = e.data.take
    count = lambda *args: found.append(1) or take(*args)
    train.fit(e._replace(data=e.data._replace(take=count)))
    return len(found)

  assert traces(1) == traces(12) == 1


def test_states_larger_than_the_memory_are_refused_before_they_are_made():
  compiled.check_memory([shape(2, 2)], runs=5)
  with pytest.raises(MemoryError, match='4,096 GiB for the state'):
    compiled.check_memory([shape(2**20, 2**20)])
  with pytest.raises(MemoryError, match='8,192 GiB for the state'):
    compiled.check_memory([shape(2**20, 2**20)], runs=2)


def dispatches(e, workdir=None):
  """The run, and how often the loop asked whether to go on."""
  calls = itertools.count()
  run = train.fit(e, workdir, interrupted=lambda: next(calls) < 0)
  return run, next(calls)


@pytest.mark.parametrize('make', [noisy, walk])
def test_all_ways_to_group_updates_agree_bit_for_bit(make, tmp_path):
  make = functools.partial(make, eval_every=5)
  runs = {most: dispatches(make(steps_per_call=most)) for most in (2, 3, 100)}
  (first, calls), *others = runs.values()
  for run, fewer in others:
    assert fewer < calls
    equal(run.state, first.state)
    assert timeless(run.lines) == timeless(first.lines)
  cut = make(steps_per_call=3, checkpoint_every=4)
  train.fit(cut, tmp_path, interrupted=after(2))
  equal(train.fit(cut, tmp_path).state, first.state)


def test_a_streamed_set_is_updated_step_by_step_with_the_same_result():
  run, calls = dispatches(walk(streamed(), steps_per_call=3, eval_every=4))
  resident, fewer = dispatches(walk(steps_per_call=3, eval_every=4))
  assert fewer < calls
  equal(run.state, resident.state)


def test_an_update_by_itself_is_that_of_the_loop_but_for_rounding():
  def run(most):  # Adam makes whole steps of gradients that are rounding alone
    e = noisy(steps=1, steps_per_call=most)
    return train.fit(e._replace(optimizers=(optax.sgd(0.01),))).state

  plain, looped = run(1), run(5)
  chex.assert_trees_all_close(plain.params, looped.params, rtol=1e-6, atol=1e-7)


def test_the_model_has_a_say_in_how_many_updates_a_dispatch_makes():
  e = noisy()
  assert compiled.steps_per_call(e) == 1
  e = e._replace(steps_per_call={'cpu': 7, 'gpu': 9})
  assert compiled.steps_per_call(e) == 7
  given = e._replace(config=noisy(steps_per_call=2).config)
  assert compiled.steps_per_call(given) == 2


def test_a_run_that_was_interrupted_anywhere_ends_as_one_that_was_not(tmp_path):
  settings = {'keep_best': True, 'checkpoint_every': 4}
  whole = train.fit(noisy(**settings), tmp_path / 'whole')
  for calls in (3, 4):  # it stops at 3 and at 7, between evaluations and checkpoints
    run = train.fit(noisy(**settings), tmp_path / 'cut', interrupted=after(calls))
    assert run.ended == ''
    assert log.read(tmp_path / 'cut' / 'metrics.jsonl')[-1]['split'] != 'test'
  assert int(run.state.step) == 7
  run = train.fit(noisy(**settings), tmp_path / 'cut')
  equal(run.state, whole.state)
  assert timeless(run.lines) == timeless(whole.lines)
  assert run.lines == log.read(tmp_path / 'cut' / 'metrics.jsonl')


def test_the_best_state_is_the_one_that_is_tested_on_disk_and_in_memory(tmp_path):
  for folder in (tmp_path, None):
    run = train.fit(walk(keep_best=True), folder)
    assert run.state.params['w'] == 3
    assert run.lines[-1] | {'loss': 0.0, 'step': 8} == run.lines[-1]
  assert train.fit(walk()).state.params['w'] == 8


@pytest.mark.parametrize(
  ('settings', 'step', 'why'),
  [
    ({'patience': 2}, 5, 'no lower validation loss in 2 evaluations'),
    ({'until': 'loss:1'}, 2, 'validation loss reached 1'),
    ({}, 8, 'all 8 steps done'),
    ({'steps': 0}, 0, 'all 0 steps done'),
  ],
)
def test_the_result_says_why_a_run_ended(settings, step, why):
  run = train.fit(walk(**settings))
  assert run.lines[-1]['split'] == 'test'
  assert (run.lines[-1]['step'], run.lines[-1]['stopped'], run.ended) == (
    step, why, why
  )  # fmt: skip


def test_a_few_skipped_updates_are_counted_and_no_more(tmp_path):
  run = train.fit(walk(streamed(bad=(2, 3))))
  assert run.state.params['w'] == 6
  counts = [x.get('skipped', 0) for x in run.lines if x['split'] == 'train']
  assert counts == [0, 0, 1, 2, 2, 2, 2, 2]


@pytest.mark.parametrize('eval_every', [1, 1_000])
def test_many_skipped_updates_in_a_row_end_the_run_in_a_sentence(tmp_path, eval_every):
  bad = range(7, 1_000)
  e = walk(streamed(bad), steps=60, eval_every=eval_every, checkpoint_every=5)
  with pytest.raises(UserError) as caught:
    train.fit(e, tmp_path)
  key = train.data_key(train.init_state(e, jax.random.key(0)))
  numbers = ', '.join(str(n) for n in np.asarray(e.data.rows(key, 7)))
  for told in ('from step 7 ', f'(examples {numbers})', '--learning_rate=0.001'):
    assert told in str(caught.value)
  assert '\n' not in str(caught.value)
  like = {'state': train.init_state(e, jax.random.key(0))}
  with checkpoint.Checkpoints(tmp_path / 'checkpoints') as store:
    step, leaves = store.newest(like, ('state',))
    first = store.read(min(store.steps()), like, ('state',))
  assert step >= 5
  assert first['state.params.w'] <= leaves['state.params.w'] == min(step, 7)


def test_a_run_starts_from_the_parameters_of_another_workdir(tmp_path):
  for name, settings in {'last': {}, 'best': {'keep_best': True}}.items():
    e = walk(**settings)
    (tmp_path / name).mkdir()
    owner = workdir.Owner('walk', 'doc', e.config, e.data.spec.source)
    workdir.claim(tmp_path / name, owner)
    train.fit(e, tmp_path / name)
  for name, w in {'last': 8, 'best': 3}.items():
    run = train.fit(walk(steps=1, init_from=str(tmp_path / name)), tmp_path / 'new')
    assert run.lines[0] == {'step': 0, 'split': 'validation', 'loss': (w - 3) ** 2}
    assert (int(run.state.step), run.state.params['w']) == (1, w + 1)
    equal(run.state.key, train.fit(walk(steps=1)).state.key)  # its own, all the same
    (tmp_path / 'new').rename(tmp_path / f'new-{name}')
  with pytest.raises(UserError, match=r'another model: .* is absent there'):
    train.fit(noisy(init_from=str(tmp_path / 'last')))


def test_a_streamed_set_trains_and_resumes_like_a_resident_one(tmp_path):
  run = train.fit(walk(streamed()), tmp_path, interrupted=after(3))
  assert (int(run.state.step), run.ended) == (3, '')
  run = train.fit(walk(streamed()), tmp_path)
  resident = train.fit(walk())
  equal(run.state, resident.state)
  assert timeless(run.lines) == timeless(resident.lines)


SEEDS = (3, 4, 5)


def seeds(**settings):
  return [noisy(seed=seed, **settings) for seed in SEEDS]


def folders(path):
  return [path / str(seed) for seed in SEEDS]


def test_runs_that_share_the_loop_are_the_runs_that_they_would_be_alone(tmp_path):
  settings = {'keep_best': True, 'checkpoint_every': 4}
  # Adam would enlarge the rounding in gradients that are 0 but for it.
  several = [e._replace(optimizers=(optax.sgd(0.1, 0.9),)) for e in seeds(**settings)]
  shared = train.fit_together(several, folders(tmp_path))
  for e, folder, run in zip(several, folders(tmp_path), shared, strict=True):
    alone = train.fit(e)
    chex.assert_trees_all_close(run.state.params, alone.state.params, atol=1e-5)
    for one, other in zip(timeless(run.lines), timeless(alone.lines), strict=True):
      for name in ('loss', 'accuracy'):
        assert one.pop(name) == pytest.approx(other.pop(name), abs=1e-5)
      assert one == other
    assert log.read(folder / 'metrics.jsonl') == run.lines
  assert len({run.lines[-1]['loss'] for run in shared}) == len(SEEDS)


class Kept(Progress):
  def __init__(self):
    super().__init__(quiet=True)
    self.said = []

  def say(self, text):
    self.said.append(text)


def test_remarks_come_once_before_new_runs_and_never_where_they_resume(tmp_path):
  remarks = lambda data: [f'remark on {data.spec.source}']
  runs = [each._replace(remarks=remarks) for each in seeds(checkpoint_every=4)]
  new, resumed = Kept(), Kept()
  where = folders(tmp_path)
  train.fit_together(runs, where, interrupted=after(6), progress=new)
  assert new.said.count('remark on numbers/1') == 1
  assert new.said[0] == 'remark on numbers/1'
  train.fit_together(runs, where, progress=resumed)
  assert not any('remark' in said for said in resumed.said)


def test_runs_that_share_the_loop_go_on_from_the_newest_step_that_all_have(tmp_path):
  settings = {'keep_best': True, 'checkpoint_every': 4}
  whole = train.fit_together(seeds(**settings), folders(tmp_path / 'whole'))
  cut = folders(tmp_path / 'cut')
  train.fit_together(seeds(**settings), cut, interrupted=after(11))
  shutil.rmtree(cut[1] / 'checkpoints' / '11')  # as if it had been killed in between
  progress = Kept()
  runs = train.fit_together(seeds(**settings), cut, progress=progress)
  assert any(f'resumed at step {step}' in progress.said for step in (8, 10))
  for one, other in zip(runs, whole, strict=True):
    equal(one.state, other.state)
    assert timeless(one.lines) == timeless(other.lines)


def test_runs_that_share_the_loop_all_begin_anew_where_one_has_no_checkpoint(tmp_path):
  whole = train.fit_together(seeds(), folders(tmp_path / 'whole'))
  cut = folders(tmp_path / 'cut')
  train.fit_together(seeds(), cut, interrupted=after(7))
  shutil.rmtree(cut[2] / 'checkpoints')
  runs = train.fit_together(seeds(), cut)
  for one, other in zip(runs, whole, strict=True):
    equal(one.state, other.state)
    assert timeless(one.lines) == timeless(other.lines)


def test_the_average_of_the_parameters_is_what_is_evaluated_and_resumed(tmp_path):
  e = noisy()
  e = e._replace(
    optimizers=(optax.chain(optax.adam(0.01), optimizers.average(0.9)),),
    averaged=optimizers.averaged,
  )
  whole = train.fit(e)
  assert evaluate.variables(e, whole.state)['params'] is not whole.state.params
  evaluator = evaluate.make_evaluator(e)
  wanted = evaluator(whole.state, 'test')
  assert whole.lines[-1]['loss'] == pytest.approx(wanted['loss'], rel=1e-6)
  plain = evaluate.make_evaluator(e._replace(averaged=None))(whole.state, 'test')
  assert plain['loss'] != pytest.approx(wanted['loss'], rel=1e-3)
  train.fit(e, tmp_path, interrupted=after(7))
  equal(train.fit(e, tmp_path).state, whole.state)


def test_scores_are_taken_once_of_what_is_evaluated(tmp_path):
  asked = []

  def scores(variables, data, key):
    asked.append(variables)
    return {'beauty': 0.5}

  e = noisy()._replace(scores=scores)
  train.fit(e, tmp_path, interrupted=after(7))
  assert not asked
  run = train.fit(e, tmp_path)
  assert [line.get('beauty') for line in run.lines[-2:]] == [None, 0.5]
  equal(asked, [run.state.variables])


def test_a_run_without_validation_is_resumed_as_any_other(tmp_path):
  e = noisy()
  splits = {name: e.data.splits[name] for name in ('train', 'test')}
  e = e._replace(data=e.data._replace(splits=splits))
  whole = train.fit(e, tmp_path / 'whole')
  assert [line['split'] for line in whole.lines] == ['train', 'train', 'train', 'test']
  for calls in (0, 2, 5, 7):
    folder = tmp_path / str(calls)
    assert not train.fit(e, folder, interrupted=after(calls)).ended
    again = train.fit(e, folder)
    assert timeless(again.lines) == timeless(whole.lines)
    equal(again.state.params, whole.state.params)


class Plain(nn.Module):
  @nn.compact
  def __call__(self, x, *, train):
    return nn.Dense(2)(x)


@pytest.mark.parametrize('at', [None, 7])
def test_a_jump_of_the_loss_is_reported_with_its_step(at, capsys):
  e, plain = noisy(), numbered()
  task = tasks.supervised(Plain(), accuracy=measures.accuracy)

  def take(arrays, key, step):
    batch = plain.take(arrays, key, step)
    return batch._replace(x=batch.x * jnp.where(step == (at or -1), 1e4, 1.0))

  e = e._replace(task=task, data=e.data._replace(take=take))
  run = train.fit(e, progress=Progress())
  spikes = [line['spike'] for line in run.lines if 'spike' in line]
  assert [spike['step'] for spike in spikes] == ([at] if at else [])
  assert ('the loss jumped to' in capsys.readouterr().out) is bool(at)
