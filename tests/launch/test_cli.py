import dataclasses
import errno
import gzip
import json
import os
import resource
import runpy
import shutil
import signal
import stat
import subprocess
import sys
import types
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import experiments
from dl_core import launch
from dl_core.launch import errors
from dl_core.train import log, workdir
from dl_core.train.log import Log
from dl_core.types import Picture
from experiments import char_lm, lenet, mlp, perceptron

ROOT = Path(__file__).parents[2]
TINY = ('--channels=2', '--batch_size=16', '--steps=4', '--eval_every=2')


@pytest.fixture(autouse=True)
def _places(tmp_path, monkeypatch, digits_dir):
  monkeypatch.chdir(tmp_path)  # where runs/ would go
  monkeypatch.setenv('TFDS_DATA_DIR', digits_dir)
  monkeypatch.setattr('sys.argv', ['prog'])


@pytest.fixture
def call(capsys):
  """Calls an experiment: (exit code, stdout, stderr)."""

  def run(module, *words):
    name = module.__name__.rpartition('.')[2]
    code = launch.run(module, name, ['prog', *words])
    said = capsys.readouterr()
    return code, said.out, said.err

  return run


@pytest.fixture
def refused(call):
  """Calls an experiment that must end with one sentence; returns it."""

  def run(module, *words):
    code, _, err = call(module, *words)
    assert code == 2
    assert err.startswith('error: ')
    assert err.count('\n') == 1, err
    return err.strip()

  return run


@pytest.fixture(scope='session')
def trained(tmp_path_factory, digits_dir):
  """A finished tiny run of lenet."""
  folder = tmp_path_factory.mktemp('trained') / 'lenet'
  words = ['prog', f'--workdir={folder}', f'--data_dir={digits_dir}', *TINY]
  assert launch.run(lenet, 'lenet', words) == 0
  return folder


@pytest.fixture
def copied(trained, tmp_path):
  """A copy of it that a test may change."""
  return shutil.copytree(trained, tmp_path / 'run')


BAD = {
  ('--batch_siz=8',): 'did you mean --batch_size?',
  ('--steps=many',): '--steps=many was given, an integer of at least 0',
  ('--batch_size=0',): '--batch_size=0 was given, an integer of at least 1',
  ('--steps=-1',): '--steps=-1 was given',
  ('--learning_rate=nan',): '--learning_rate=nan was given, a finite number above 0',
  ('--learning_rate=inf',): '--learning_rate=inf was given',
  ('--seed=-1',): '--seed=-1 was given',
  ('--dataset=digitz',): 'did you mean digits?',
  ('--dataset=imagenet2012',): 'once it is prepared as array_record under',
  ('--dataset=folder', '--data_dir=nowhere'): 'nowhere',
  ('--batch_size=2000',): '--batch_size=1258 is the most',
  ('--until=nonsense',): '--until=nonsense was given, METRIC:VALUE is wanted',
  ('--until=beauty:1', *TINY): 'but the metrics are loss, accuracy',
  ('--init_from=nowhere', *TINY): 'there is no folder nowhere',
  ('--platform=gpu',): "pip install -e '.[cuda]'",
  ('--platform=tpu',): '--platform=tpu was given, but JAX finds only cpu',
  ('steps=3',): 'steps=3 was given, but every flag begins with --',
  ('--flagfile=nowhere',): 'nowhere',
  ('--variant=1998', '--channels=2'): 'take --variant=modern',
  ('--predict=x.png', '--workdir=nowhere'): 'there is no folder nowhere',
}


@pytest.mark.parametrize(('words', 'told'), BAD.items())
def test_bad_input_is_answered_in_a_sentence(refused, words, told):
  assert told in refused(lenet, *words)


def test_a_missing_set_says_how_to_get_it(refused, tmp_path):
  said = refused(lenet, '--dataset=mnist', f'--data_dir={tmp_path}')
  assert str(tmp_path) in said
  assert 'http' in said or 'put' in said


def test_a_truncated_original_file_is_refused(refused, tmp_path):
  manual = tmp_path / 'downloads' / 'manual' / 'mnist'
  manual.mkdir(parents=True)
  name = 'train-images-idx3-ubyte.gz'
  (manual / name).write_bytes(gzip.compress(bytes(1000))[:50])
  assert name in refused(lenet, '--dataset=mnist', f'--data_dir={tmp_path}')


def test_a_workdir_below_a_file_cannot_be_written(refused, tmp_path):
  (tmp_path / 'file').write_text('')
  said = refused(perceptron, f'--workdir={tmp_path}/file/x')
  assert 'cannot be written (Not a directory); name another one with --workdir' in said


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere')
def test_a_read_only_workdir_cannot_be_written(refused, tmp_path):
  (tmp_path / 'closed').mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
  said = refused(perceptron, f'--workdir={tmp_path}/closed')
  assert 'cannot be written (Permission denied)' in said


def test_two_runs_do_not_share_a_workdir(refused, tmp_path):
  with workdir.locked(tmp_path / 'run'):
    said = refused(perceptron, f'--workdir={tmp_path}/run')
  assert f'process {os.getpid()} on ' in said
  assert f'is at work in {tmp_path}/run' in said


def test_changed_settings_are_refused_and_shown_and_nothing_is_lost(refused, copied):
  before = {path: path.read_bytes() for path in copied.rglob('*') if path.is_file()}
  said = refused(lenet, f'--workdir={copied}', *TINY, '--seed=3', '--batch_size=8')
  assert 'seed was 0 and is now 3' in said
  assert 'batch_size was 16 and is now 8' in said
  assert 'holds a run of lenet, and perceptron was called' in refused(
    perceptron, f'--workdir={copied}'
  )
  same = {p: p.read_bytes() for p in before if p.name != 'lock'}
  assert same == {p: v for p, v in before.items() if p.name != 'lock'}


def test_a_checkpoint_of_another_model_is_refused_by_name(refused, copied):
  (copied / 'metrics.jsonl').write_text('')  # as if it had not ended
  stored = json.loads((copied / 'config.json').read_text())
  stored['identity']['channels'] = 4
  (copied / 'config.json').write_text(json.dumps(stored))
  said = refused(lenet, f'--workdir={copied}', *TINY, '--channels=4')
  assert 'is a checkpoint of another model: state.' in said
  assert 'C1' in said


def test_a_workdir_classifies_without_the_data_it_was_trained_on(call, tmp_path):
  for number in range(20):
    folder = tmp_path / 'images' / 'train' / 'ab'[number % 2]
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.full((20, 20), 60 + 120 * (number % 2), np.uint8)
    Image.fromarray(pixels).save(folder / f'{number}.png')
  Image.fromarray(pixels).save('bright.png')
  words = ('--dataset=folder', '--data_dir=images', '--workdir=run')
  assert call(lenet, *words, '--batch_size=8', '--channels=2', '--steps=2')[0] == 0
  answer = call(lenet, '--workdir=run', '--predict=bright.png')
  shutil.rmtree('images')
  assert call(lenet, '--workdir=run', '--predict=bright.png') == answer
  assert answer[0] == 0
  assert answer[1].splitlines()[-1].startswith('bright.png: ')


@pytest.mark.parametrize('kind', ['characters', 'bpe', 'file'])
def test_a_workdir_writes_in_the_vocabulary_it_was_trained_on(call, tmp_path, kind):
  text, file = tmp_path / 'own.txt', tmp_path / 'vocab.txt'
  text.write_text('the quick brown fox jumps over the lazy dog. ' * 100)
  file.write_text('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nfox\ndog\n.\n')
  words = ('--dataset=text', f'--data_dir={text}', '--workdir=run', '--length=8')
  tiny = ('--steps=2', '--batch_size=8', '--window=8', '--hidden=8')
  name = file if kind == 'file' else kind
  assert call(char_lm, *words, *tiny, f'--vocabulary={name}')[0] == 0
  file.unlink()
  figures = json.loads(Path('run/metrics.jsonl').read_text().splitlines()[-1])
  assert ('nats_per_character' in figures) == (kind != 'characters')
  run = json.loads(Path('run/config.json').read_text())
  assert run['classes'] == []
  assert 'quick' not in Path('run/config.json').read_text()
  prompt = ('--workdir=run', '--prompt=the ', '--length=8', '--top_k=5', '--top_p=0.9')
  answer = call(char_lm, *prompt)
  assert answer[0] == 0
  text.write_text('QZ ' * 2_000)  # another alphabet
  assert call(char_lm, *prompt) == answer
  text.unlink()
  assert call(char_lm, *prompt) == answer


def test_a_text_file_is_not_classified(refused, trained, tmp_path):
  (tmp_path / 'letter.txt').write_text('Dear reader')
  said = refused(lenet, f'--workdir={trained}', '--predict=letter.txt')
  assert 'letter.txt' in said


def test_help_lists_every_flag(call):
  for module in (lenet, perceptron):
    code, out, err = call(module, '--help')
    assert (code, err) == (0, '')
    assert out.startswith(module.__doc__.splitlines()[0])
    for entry in dataclasses.fields(module.Config):
      assert f'--{entry.name} ' in out or f'--[no]{entry.name} ' in out


def test_a_finished_run_is_left_as_it_is_and_fresh_starts_over(call, copied):
  before = {path: path.read_bytes() for path in copied.rglob('*') if path.is_file()}
  code, out, _ = call(lenet, f'--workdir={copied}', *TINY)
  assert code == 0
  assert 'is finished already; --fresh starts over' in out
  assert 'test accuracy' in out
  for path, content in before.items():
    assert path.name in ('lock', 'config.json') or path.read_bytes() == content
  (copied / 'mine.txt').write_text('kept')
  code, out, _ = call(lenet, f'--workdir={copied}', *TINY, '--fresh', '--seed=1')
  assert code == 0
  assert 'first step after' in out
  assert workdir.read_config(copied)['identity']['seed'] == 1
  assert (copied / 'mine.txt').exists()


def test_how_a_run_is_executed_may_change_in_its_workdir(call, copied):
  how = ('--eval_every=1', '--checkpoint_every=3', '--max_seconds=100')
  code, out, _ = call(lenet, f'--workdir={copied}', *TINY, *how)
  assert code == 0
  assert 'is finished already' in out


def test_out_of_time_saves_and_prints_the_command_that_goes_on(call, monkeypatch):
  words = ('--gate=xor', '--workdir=run', '--max_seconds=0.001', '--fresh')
  monkeypatch.setattr('sys.argv', ['prog', *words])
  code, out, err = call(perceptron, *words)
  assert (code, err) == (0, '')
  last = out.splitlines()[-1]
  assert last.startswith('saved; to go on: python ')
  assert last.endswith('prog --gate=xor --workdir=run --max_seconds=0.001')
  assert not workdir.finished(workdir.Path('run'))
  assert list(workdir.Path('run/checkpoints').glob('[0-9]*'))
  code, out, _ = call(perceptron, '--gate=xor', '--workdir=run')
  assert code == 0
  assert 'resumed at step' in out


def test_no_steps_evaluate_alone(call, tmp_path, trained):
  words = [word for word in TINY if 'steps' not in word] + ['--steps=0']
  code, out, _ = call(lenet, *words, f'--init_from={trained}', '--workdir=new')
  assert code == 0
  lines = log.read(tmp_path / 'new' / 'metrics.jsonl')
  assert [line['split'] for line in lines] == ['validation', 'test']
  ended = log.read(trained / 'metrics.jsonl')[-1]
  assert lines[-1]['loss'] == ended['loss']  # the same parameters, the same result
  assert f'parameters of {trained}, step 4' in out


def test_a_workdir_classifies_files_with_probabilities(call, trained, tmp_path):
  random = np.random.default_rng(0)
  for name in ('a.png', 'b.png'):
    Image.fromarray(random.integers(0, 255, (20, 20), np.uint8)).save(name)
  code, out, err = call(lenet, f'--workdir={trained}', '--predict=a.png', 'b.png')
  assert (code, err) == (0, '')
  first, second = out.splitlines()[-2:]
  for line, name in ((first, 'a.png: '), (second, 'b.png: ')):
    assert line.startswith(name)
    answers = [answer.split() for answer in line.removeprefix(name).split(', ')]
    chances = [float(chance.rstrip('%')) for _, chance in answers]
    assert chances == sorted(chances, reverse=True)
    assert len({label for label, _ in answers}) == 3
    assert 30 < sum(chances) <= 100.2


def test_without_a_workdir_the_settings_name_it(call, tmp_path):
  for words in ((), ('--seed=1',), ('--eval_every=2',)):  # the last one says `until`
    assert call(perceptron, *words)[0] == 0
  found = sorted(path.name for path in (tmp_path / 'runs').iterdir())
  assert len(found) == 3
  assert all(name.startswith('perceptron-') for name in found)
  assert 'is finished already' in call(perceptron, '--checkpoint_every=9')[1]
  assert len(list((tmp_path / 'runs').iterdir())) == 3


def contents(folder):
  return {p: p.read_bytes() for p in folder.rglob('*') if p.is_file()}


def test_a_fresh_start_keeps_what_no_run_of_ours_has_left(refused, tmp_path):
  (tmp_path / 'report').mkdir()
  (tmp_path / 'report' / 'thesis.tex').write_text('years of work')
  (tmp_path / 'config.json').write_text('{"mine": true}')
  before = contents(tmp_path)
  assert 'foreign config.json' in refused(
    perceptron, f'--workdir={tmp_path}', '--fresh', '--steps=4'
  )
  del before[tmp_path / 'config.json']
  assert before.items() <= contents(tmp_path).items()


@pytest.mark.parametrize(
  'words', [('--init_from=nowhere',), ('--init_from={run}',), ('--batch_size=2000',)]
)
def test_a_fresh_start_that_is_refused_has_cleared_nothing(refused, copied, words):
  before = contents(copied)
  words = [word.format(run=copied) for word in words]
  refused(lenet, f'--workdir={copied}', *TINY, '--fresh', *words)
  assert contents(copied) == before


def test_a_fresh_start_that_is_killed_while_it_clears_can_be_made_again(
  call, copied, monkeypatch
):
  words = (f'--workdir={copied}', *TINY, '--fresh')
  remove, removed = shutil.rmtree, []

  def killed(path, *args, **options):
    if Path(path).parent != copied:
      return remove(path, *args, **options)
    removed.append(path)
    raise KeyboardInterrupt

  with monkeypatch.context() as patch:
    patch.setattr(shutil, 'rmtree', killed)
    with pytest.raises(KeyboardInterrupt):
      call(lenet, *words)
  assert removed
  assert not (copied / 'metrics.jsonl').exists()
  code, out, err = call(lenet, *words)
  assert (code, err) == (0, '')
  assert 'first step after' in out


def asks(for_too_much):
  """The perceptron, whose first step asks for eight terabytes."""

  def build(c):
    e = perceptron.build(c)
    if for_too_much == 'host':
      feed = lambda key, step: np.zeros(2**40)
      return e._replace(data=e.data._replace(feed=feed))

    def take(arrays, key, step):
      batch = e.data.take(arrays, key, step)
      much = jnp.sort(jax.random.uniform(key, (2**20, 2**20)))
      return batch._replace(x=batch.x + jnp.sum(much))

    return e._replace(data=e.data._replace(take=take))

  return SimpleNamespace(__name__='perceptron', Config=perceptron.Config, build=build)


@pytest.mark.parametrize(
  ('where', 'reason'),
  [('host', 'Unable to allocate'), ('device', 'RESOURCE_EXHAUSTED: Out of memory')],
)
def test_what_memory_cannot_hold_is_told_with_what_to_do(refused, where, reason):
  limits = resource.getrlimit(resource.RLIMIT_AS)
  resource.setrlimit(resource.RLIMIT_AS, (2**40, limits[1]))  # whatever is promised
  try:
    said = refused(asks(where), '--workdir=run')
  finally:
    resource.setrlimit(resource.RLIMIT_AS, limits)
  assert f'there is not enough memory ({reason}' in said
  assert 'smaller --batch_size' in said


def test_only_what_the_user_can_mend_is_a_sentence():
  full = errors.mendable(OSError(errno.ENOSPC, 'No space left on device', 'x.npz'))
  assert full.startswith('x.npz cannot be read or written (No space left on device);')
  assert errors.mendable(MemoryError()).startswith('there is not enough memory (Memory')
  for bug in (
    RuntimeError('RESOURCE_EXHAUSTED'),
    jax.errors.JaxRuntimeError('INTERNAL: bug'),
    FileNotFoundError(errno.ENOENT, 'No such file or directory'),
  ):
    assert errors.mendable(bug) == ''


@pytest.mark.parametrize(
  ('name', 'hint'), [('lenett', 'did you mean lenet? '), ('xyzzy', '')]
)
def test_an_unknown_experiment_is_answered_in_a_sentence(name, hint):
  command = [sys.executable, '-m', f'experiments.{name}', '--steps=3']
  done = subprocess.run(
    command,
    cwd=Path(__file__).parents[2],
    capture_output=True,
    text=True,
    timeout=60,
  )
  told = f'error: {name} is no experiment; {hint}python -m experiments lists them\n'
  assert (done.returncode, done.stdout, done.stderr) == (2, '', told)


def test_a_run_whose_history_or_checkpoints_are_lost_is_refused(refused, copied):
  shutil.rmtree(copied / 'report')
  (copied / 'metrics.jsonl').rename(copied / 'aside')
  assert 'has 0 good lines' in refused(lenet, f'--workdir={copied}', *TINY)
  (copied / 'aside').rename(copied / 'metrics.jsonl')
  shutil.rmtree(copied / 'checkpoints')
  assert 'and no checkpoint' in refused(lenet, f'--workdir={copied}', *TINY)


def test_a_workdir_that_is_moved_away_is_named(refused, monkeypatch, tmp_path):
  looks, observe = [], Log.observe

  def moved(history, step, arrays):
    looks.append(step)
    if len(looks) == 3:
      (tmp_path / 'run').rename(tmp_path / 'elsewhere')
    observe(history, step, arrays)

  monkeypatch.setattr(Log, 'observe', moved)
  words = ('--gate=xor', '--workdir=run', '--steps=40', '--until=')
  assert 'the workdir run has been moved or removed' in refused(perceptron, *words)
  assert len(looks) == 3


def test_classes_are_named_as_they_were_when_the_model_was_trained(
  capsys, copied, tmp_path
):
  stored = json.loads((copied / 'config.json').read_text())
  stored['classes'] = [f'kind {number}' for number in range(10)]
  (copied / 'config.json').write_text(json.dumps(stored))
  Image.new('L', (8, 8)).save(tmp_path / 'black.png')
  words = ['prog', f'--workdir={copied}', f'--predict={tmp_path / "black.png"}']
  assert launch.run(lenet, 'lenet', words) == 0
  assert capsys.readouterr().out.count('kind ') == 3


@pytest.fixture(scope='session')
def writer(tmp_path_factory, digits_dir):
  """A finished tiny run of char_lm."""
  folder = tmp_path_factory.mktemp('writer') / 'char_lm'
  tiny = ('--steps=2', '--hidden=8', '--window=8', '--length=8', '--batch_size=8')
  words = ['prog', f'--workdir={folder}', f'--data_dir={digits_dir}', *tiny]
  assert launch.run(char_lm, 'char_lm', words) == 0
  return folder


def test_a_trained_model_goes_on_with_a_prompt(call, writer):
  def written(*words):
    code, out, _ = call(char_lm, f'--workdir={writer}', '--prompt=The ', *words)
    assert code == 0
    assert out.startswith('The ')
    assert out.endswith('\n')
    return out[len('The ') : -1]

  text = written('--length=30')
  assert len(text) == 30
  assert written('--length=30', '--top_k=1') == written(
    '--length=30', '--temperature=0'
  )
  assert written('--length=30', '--top_p=1e-6') == written('--length=30', '--top_k=1')
  assert written('--length=30') == text
  assert written('--length=30', '--seed=1') != text
  assert written('--length=10', '--temperature=0', '--seed=1') == written(
    '--length=10', '--temperature=0'
  )


def test_an_earlier_run_on_characters_resumes_and_answers(call, writer, tmp_path):
  folder = tmp_path / 'earlier'
  shutil.copytree(writer, folder)
  vocabulary = json.loads((folder / 'vocabulary.json').read_text())
  run = json.loads((folder / 'config.json').read_text())
  for name in ('vocabulary', 'pieces', 'top_k', 'top_p'):
    del run['settings'][name]
    assert name not in run['identity']
  run['classes'] = list(vocabulary['tokens'])
  (folder / 'config.json').write_text(json.dumps(run))
  (folder / 'vocabulary.json').unlink()
  prompts = [
    call(char_lm, f'--workdir={place}', '--prompt=The ', '--length=20')
    for place in (folder, writer)
  ]
  assert prompts[0][:2] == prompts[1][:2]
  assert prompts[0][0] == 0
  (folder / 'metrics.jsonl').write_text(
    ''.join(
      f'{line}\n'
      for line in (writer / 'metrics.jsonl').read_text().splitlines()
      if json.loads(line)['split'] != 'test'
    )
  )  # as if it had been stopped at its last step
  settings = [
    f'--{name}={run["settings"][name]}'
    for name in ('data_dir', 'steps', 'hidden', 'window', 'length', 'batch_size')
  ]
  code, out, _ = call(char_lm, f'--workdir={folder}', *settings)
  assert code == 0
  assert 'resumed at step 2' in out
  assert json.loads((folder / 'vocabulary.json').read_text()) == vocabulary


def test_a_prompt_that_cannot_be_gone_on_with_is_refused(refused, writer):
  here = f'--workdir={writer}'
  assert "the prompt has '☃' at character 3" in refused(char_lm, here, '--prompt=a ☃')
  assert '--prompt= was given without' in refused(char_lm, here, '--prompt=')
  told = refused(char_lm, here, '--prompt=a', '--cell=gru')
  assert '--cell=gru was given, but' in told
  assert 'no folder nowhere' in refused(char_lm, '--workdir=nowhere', '--prompt=a')
  assert '--temperature=-1' in refused(char_lm, here, '--prompt=a', '--temperature=-1')
  assert 'a finite number above 0 and at most 1 is wanted' in refused(
    char_lm, here, '--prompt=a', '--top_p=1.5'
  )


def failing():
  raise RuntimeError('no ink')


def unfinished(*_):
  return [Picture('A picture', 'It is not there.', failing)]


def unmade(*_):
  raise RuntimeError('no ink')


@pytest.mark.parametrize('report', [unfinished, unmade])
@pytest.mark.parametrize('seeds', [1, 2])
def test_a_picture_that_fails_costs_no_run_and_sets_the_exit_code(call, report, seeds):
  build = lambda c: perceptron.build(c)._replace(report=report)
  spoilt = types.SimpleNamespace(
    __name__='experiments.spoilt', __doc__=perceptron.__doc__,
    Config=perceptron.Config, build=build,
  )  # fmt: skip
  words = ('--workdir=run', '--gate=and', f'--seeds={seeds}')
  for said in ('report: ', 'is finished already'):
    code, out, err = call(spoilt, *words)
    assert code == 1
    assert said in out
    assert err.count('could not be drawn: RuntimeError: no ink') == seeds
  assert workdir.finished(Path('run'))


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGPIPE])
def test_writing_ends_at_once_when_nobody_wants_it_any_more(number, writer):
  command = [sys.executable, '-m', 'experiments.char_lm', f'--workdir={writer}']
  with subprocess.Popen(
    [*command, '--prompt=The ', '--length=1000000'],
    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
  ) as process:  # fmt: skip
    assert process.stdout.read(10).startswith('The ')
    if number == signal.SIGINT:
      process.send_signal(number)
    else:
      process.stdout.close()
    assert process.wait(timeout=60) == -number
    assert 'Traceback' not in process.stderr.read()


def test_a_copied_file_is_an_experiment_like_any_other(tmp_path, monkeypatch, capsys):
  text = Path(perceptron.__file__).read_text(encoding='utf-8')
  assert text.count('\n') < 70
  (tmp_path / 'newcomer.py').write_text(text, encoding='utf-8')
  monkeypatch.setattr(experiments, '__path__', [*experiments.__path__, str(tmp_path)])
  monkeypatch.setattr('sys.argv', ['prog', '--seeds=2', '--workdir=run'])
  with pytest.raises(SystemExit) as ended:
    runpy.run_module('experiments.newcomer', run_name='__main__', alter_sys=True)
  assert ended.value.code == 0
  assert 'newcomer on gate-and/1' in capsys.readouterr().out
  for label in ('', 'seed-0', 'seed-1'):
    assert (tmp_path / 'run' / label / 'report' / 'index.html').exists()


def test_a_workdir_whose_settings_hold_a_list_is_used_again(
  call, refused, tmp_path, digits_dir
):
  words = ('--workdir=run', f'--data_dir={digits_dir}', '--size=8')
  assert call(mlp, *words, '--steps=2', '--hidden=8, 4')[0] == 0
  stored = json.loads((tmp_path / 'run' / 'config.json').read_text())
  for part in ('settings', 'identity'):
    assert stored[part]['hidden'] == '8, 4'  # as every version has written it
  assert stored['defaults']['hidden'] == '800'
  Image.fromarray(np.zeros((8, 8), np.uint8)).save('a.png')
  for more in ((), ('--hidden=8,4',)):
    code, out, _ = call(mlp, '--workdir=run', '--predict=a.png', *more)
    assert (code, out.splitlines()[-1][:7]) == (0, 'a.png: ')
  said = refused(mlp, '--workdir=run', '--predict=a.png', '--hidden=8')
  assert '--hidden=8 was given, but run was trained with --hidden=8, 4' in said
