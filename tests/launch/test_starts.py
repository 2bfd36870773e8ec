"""A run of a study starts from part of another, which is made before it."""

import dataclasses
import functools
import itertools
import types

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from dl_core import config, launch, tasks, train
from dl_core.data import batches
from dl_core.launch import jobs, predict, studies
from dl_core.models.weights import files
from dl_core.tasks import freezing, measures
from dl_core.train import log
from dl_core.train.progress import Progress
from dl_core.types import Batch, Experiment, Names, Spec, Study

TIMES = ('seconds', 'examples_per_second')
SIZE = 3


class Encoder(nn.Module):
  width: int

  @nn.compact
  def __call__(self, x, train):
    x = nn.Dense(self.width, name='dense')(x)
    return jnp.tanh(nn.BatchNorm(not train, momentum=0.5, name='norm')(x))


class Rebuild(nn.Module):
  """Says its input again."""

  width: int

  def setup(self):
    self.encoder, self.decoder = Encoder(self.width), nn.Dense(SIZE)

  def __call__(self, x, *, train):
    return self.decoder(self.encoder(x, train))


class Classify(nn.Module):
  width: int

  def setup(self):
    self.encoder, self.output = Encoder(self.width), nn.Dense(2)

  def __call__(self, x, *, train):
    return self.output(self.encoder(x, train))


class Bare(nn.Module):
  """A classifier without a head: what its encoder says are logits."""

  width: int

  def setup(self):
    self.encoder = Encoder(self.width)

  def __call__(self, x, *, train):
    return self.encoder(x, train)


def split(name):
  x = np.random.default_rng(len(name)).normal(size=(48, SIZE)).astype(np.float32)
  return x, (x[:, 0] > x[:, 1]).astype(np.int32)


def itself(name):
  x, _ = split(name)
  return x, x


def data(batch_size, read, y):
  shape = jax.ShapeDtypeStruct
  spec = Batch(
    shape((batch_size, SIZE), np.float32), y, shape((batch_size,), np.float32)
  )
  return batches.resident(Spec(spec, 'numbers/1', ('no', 'yes')), read)


@dataclasses.dataclass(frozen=True)
class Config(config.Transfer):
  width: int = config.field(4, 'units of the encoder', low=1)
  steps: int = 12
  batch_size: int = 8
  eval_every: int = 4
  checkpoint_every: int = 4


def rebuild(c):
  error = lambda output, y: jnp.mean((output - y) ** 2, -1)
  y = jax.ShapeDtypeStruct((c.batch_size, SIZE), np.float32)
  task = tasks.supervised(Rebuild(c.width), loss=error)
  return Experiment(c, task, (optax.sgd(0.1),), data(c.batch_size, itself, y))


TABLE = {'encoder.dense': 'trunk.fc', 'encoder.norm': 'trunk.bn', 'output': 'head'}


def classify(c, net=Classify, taken=('encoder',)):
  y = jax.ShapeDtypeStruct((c.batch_size,), np.int32)
  task = tasks.supervised(net(c.width), accuracy=measures.accuracy)
  found = data(c.batch_size, split, y)
  names = Names({'own': TABLE})
  experiment = Experiment(
    c, task, (optax.sgd(0.1, 0.9),), found, names=names, taken=taken
  )
  return freezing.frozen(experiment)


def module(name, build):
  return types.SimpleNamespace(
    __name__=f'experiments.{name}', __doc__='A model.', Config=Config, build=build
  )


PRE, CLASS = module('rebuild', rebuild), module('classify', classify)


def study(source='pretrained', **more):
  """A study that lists the second run first; `source` is what that starts from."""

  def runs(c):
    given = {'init_from': f'study:{source}', **more}
    return Study(
      {
        'classified': (CLASS, dataclasses.replace(c, **given)),
        'pretrained': (PRE, dataclasses.replace(c, steps=8)),
      }
    )

  return types.SimpleNamespace(
    __name__='experiments.two', __doc__='Two runs.', Config=Config, study=runs
  )


def call(folder, *words, module, name='two'):
  return launch.run(module, name, ['x', f'--workdir={folder}', *words])


def variables(module, name, folder):
  c = Config(workdir=str(folder))
  return predict.trained(module, name, c).variables(lambda text: None)


def timeless(folder):
  return [
    {name: value for name, value in line.items() if name not in TIMES}
    for line in log.read(folder / 'metrics.jsonl')
  ]


@pytest.fixture
def made(monkeypatch):
  """Lists the folders of the runs in the order in which they are made."""
  found, fit_together = [], train.fit_together

  def note(experiments, folders, **kwargs):
    found.append([folder.name for folder in folders])
    return fit_together(experiments, folders, **kwargs)

  monkeypatch.setattr(train, 'fit_together', note)
  return found


def test_a_run_takes_its_encoder_from_the_run_before_and_no_more(
  tmp_path, made, capsys
):
  assert call(tmp_path, module=study(freeze='backbone')) == 0
  assert made == [['pretrained'], ['classified']]
  source = tmp_path / 'pretrained'
  assert (
    f'parameters of {source}, step 8; encoder was taken, and output begins anew; '
    'decoder has no place here, and is left out'
  ) in capsys.readouterr().out.splitlines()
  before = variables(PRE, 'rebuild', source)
  after = variables(CLASS, 'classify', tmp_path / 'classified')
  for kind in ('params', 'batch_stats'):  # frozen, so they stay what they were
    for layer, leaves in before[kind]['encoder'].items():
      for name, leaf in leaves.items():
        np.testing.assert_array_equal(leaf, after[kind]['encoder'][layer][name])
  assert after['params'].keys() == {'encoder', 'output'}
  identity = jobs.workdir.read_config(tmp_path / 'classified')['identity']
  assert identity['init_from'] == 'study:pretrained'


def test_a_study_killed_at_any_time_resumes_as_if_it_had_not_been(
  tmp_path, made, monkeypatch
):
  assert call(tmp_path / 'whole', module=study()) == 0
  module = study()
  for stop in (3, 8, 13):  # in the first run, at the start of the second, in its midst
    folder = tmp_path / str(stop)
    c = Config(workdir=str(folder))
    asked = itertools.count()
    plan = studies.plan(module, 'two', c, studies.of(module, c))
    interrupted = lambda: next(asked) == stop  # noqa: B023
    assert not studies.perform(plan, studies.of(module, c), interrupted, Progress())
    assert log.tested(folder / 'pretrained') == (stop > 3)
  folder, perform = tmp_path / 'between', jobs.perform

  def kill(runs, *rest):
    if runs[0].folder.name == 'classified':
      raise KeyboardInterrupt
    return perform(runs, *rest)

  monkeypatch.setattr(jobs, 'perform', kill)
  with pytest.raises(KeyboardInterrupt):
    call(folder, module=module)
  monkeypatch.undo()
  assert log.tested(folder / 'pretrained')
  assert not (folder / 'classified').exists()
  for name in ('3', '8', '13', 'between'):
    assert call(tmp_path / name, module=module) == 0
    for label in ('pretrained', 'classified'):
      assert timeless(tmp_path / name / label) == timeless(tmp_path / 'whole' / label)


def test_each_seed_starts_from_the_run_of_its_own_seed(tmp_path, made, capsys):
  assert call(tmp_path, '--seeds=2', '--seed=3', module=study()) == 0
  assert made[0] == ['pretrained-seed-3', 'pretrained-seed-4']
  out = capsys.readouterr().out
  for seed in (3, 4):
    source = tmp_path / f'pretrained-seed-{seed}'
    assert f'parameters of {source}, step 8; encoder was taken' in out
  one = tmp_path / 'alone'
  assert call(one, '--seed=3', module=study()) == 0
  for label in ('pretrained', 'classified'):
    a, b = (
      [line['loss'] for line in timeless(folder)]
      for folder in (one / label, tmp_path / f'{label}-seed-3')
    )
    assert a == pytest.approx(b, rel=1e-4)


def test_a_run_of_a_study_can_be_given_again_by_itself(tmp_path, made, capsys):
  assert call(tmp_path, module=study()) == 0
  folder = tmp_path / 'classified'
  before = timeless(folder)
  (folder / 'report' / 'index.html').unlink()
  words = ('--init_from=study:pretrained',)
  assert call(folder, *words, module=CLASS, name='classify') == 0
  assert made[-1] == ['classified']
  assert timeless(folder) == before
  assert (folder / 'report' / 'index.html').exists()
  (tmp_path / 'pretrained' / 'metrics.jsonl').unlink()
  capsys.readouterr()
  assert call(folder, *words, module=CLASS, name='classify') == 2
  assert 'pretrained is not finished; give the command of' in capsys.readouterr().err


REFUSED = {
  'pretraned': 'has no run pretraned; name one of classified, pretrained',
  'classified': 'was given to the run classified itself; name another run',
}


@pytest.mark.parametrize(('source', 'told'), REFUSED.items())
@pytest.mark.parametrize('words', [(), ('--seeds=2',)])
def test_a_label_that_cannot_serve_is_refused_before_anything_is_written(
  tmp_path, capsys, source, told, words
):
  folder = tmp_path / 'new'
  assert call(folder, *words, module=study(source)) == 2
  seed = '-seed-0' if words else ''
  assert told.replace('run classified', f'run classified{seed}') in (
    capsys.readouterr().err
  )
  assert not folder.exists()


def test_runs_that_start_from_each_other_are_refused(tmp_path, capsys):
  circle = study()
  runs = lambda c: Study(
    {
      a: (CLASS, dataclasses.replace(c, init_from=f'study:{b}'))
      for a, b in (('a', 'b'), ('b', 'a'))
    }
  )
  circle.study = runs
  assert call(tmp_path / 'new', module=circle) == 2
  assert 'the runs a, b start from each other' in capsys.readouterr().err


def test_a_run_of_no_study_has_no_other_to_start_from(tmp_path, capsys):
  words = ('--init_from=study:pretrained',)
  assert call(tmp_path / 'new', *words, module=CLASS, name='classify') == 2
  assert 'which only a run of a study can start from' in capsys.readouterr().err


def test_a_taken_part_of_another_shape_is_refused_by_name(tmp_path, capsys):
  source, new = tmp_path / 'pre', tmp_path / 'new'
  assert call(source, module=PRE, name='rebuild') == 0
  words = (f'--init_from={source}', '--width=5')
  capsys.readouterr()
  assert call(new, *words, module=CLASS, name='classify') == 2
  said = capsys.readouterr().err
  assert (
    'state.params.encoder.dense.kernel is float32[3, 4] there and float32[3, 5]'
    in (said)
  )
  assert 'decoder' not in said
  assert 'output' not in said


def test_a_head_that_the_other_run_lacks_begins_anew(tmp_path, capsys):
  bare = module('bare', functools.partial(classify, net=Bare, taken=()))
  whole = module('whole', functools.partial(classify, taken=()))
  source, words = tmp_path / 'bare', ('--width=2', '--steps=0')
  assert call(source, '--width=2', module=bare, name='bare') == 0
  given = (*words, f'--init_from={source}')
  assert call(tmp_path / 'new', *given, module=whole, name='whole') == 0
  said = f'parameters of {source}, step 12; the head begins anew: it is absent there'
  assert said in capsys.readouterr().out.splitlines()
  before, after = (
    predict.trained(m, n, Config(workdir=str(tmp_path / f))).variables(lambda _: None)
    for m, n, f in ((bare, 'bare', 'bare'), (whole, 'whole', 'new'))
  )
  a, b = (each['params']['encoder']['dense']['kernel'] for each in (before, after))
  np.testing.assert_array_equal(a, b)
  given = (*words, f'--init_from={tmp_path / "new"}')
  assert call(tmp_path / 'back', *given, module=bare, name='bare') == 0
  said = f'parameters of {tmp_path / "new"}, step 0; output has no place here, and is '
  assert f'{said}left out' in capsys.readouterr().out.splitlines()


def test_a_part_is_taken_from_a_file_and_the_rest_of_it_is_named(tmp_path, capsys):
  source = tmp_path / 'a'
  assert call(source, module=CLASS, name='classify') == 0
  file = tmp_path / 'a.safetensors'
  assert call(source, f'--export={file}', module=CLASS, name='classify') == 0
  capsys.readouterr()
  words = (f'--init_from={file}', '--freeze=backbone')
  assert call(tmp_path / 'b', *words, module=CLASS, name='classify') == 0
  assert (
    f'parameters of {file}; encoder was taken, and output begins anew; head.bias, '
    'head.weight have no place here, and are left out'
  ) in capsys.readouterr().out.splitlines()
  again = tmp_path / 'b.safetensors'
  assert call(tmp_path / 'b', f'--export={again}', module=CLASS, name='classify') == 0
  old, new = files.read(file).arrays, files.read(again).arrays
  for name, array in old.items():
    assert np.array_equal(array, new[name]) == name.startswith('trunk'), name


def test_a_part_that_the_model_lacks_is_our_own_error(tmp_path):
  wrong = lambda c: classify(c)._replace(taken=('trunk',))
  assert call(tmp_path / 'a', module=PRE, name='rebuild') == 0
  words = (f'--init_from={tmp_path / "a"}',)
  with pytest.raises(ValueError, match="'trunk' was named, and the model has"):
    call(tmp_path / 'b', *words, module=module('classify', wrong), name='classify')
