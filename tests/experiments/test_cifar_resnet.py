"""ResNets for small images, from and to files of weights, as a user calls them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dl_core import launch
from dl_core.models.weights import files
from dl_core.train import log
from experiments import cifar_resnet, degradation, lenet

TINY = ('--depth=8', '--batch_size=8', '--steps=2')


@pytest.fixture(scope='module')
def run(tmp_path_factory, digits_dir):
  """Runs the experiment in a new workdir: (exit code, workdir)."""
  base = tmp_path_factory.mktemp('runs')

  def start(name, *words, module=cifar_resnet):
    words = ['prog', f'--workdir={base / name}', f'--data_dir={digits_dir}', *words]
    return launch.run(module, module.__name__.rpartition('.')[2], words), base / name

  return start


@pytest.fixture(scope='module')
def exported(run):
  """A finished tiny run, and the file that it was exported to."""
  code, folder = run('trained', *TINY)
  assert code == 0
  file = folder.parent / 'weights.safetensors'
  assert export(folder, file) == 0
  return folder, file


def export(folder, file):
  """Exports the model of a workdir; returns the exit code."""
  words = ['prog', f'--workdir={folder}', f'--export={file}']
  return launch.run(cifar_resnet, 'cifar_resnet', words)


def result(folder):
  return log.read(folder / 'metrics.jsonl')[-1]


def written(folder, file):
  """Returns the arrays that a run is exported as."""
  assert export(folder, file) == 0
  return files.read(file).arrays


def refused(capsys, code):
  """Returns the one sentence that was said."""
  assert code == 2
  text = capsys.readouterr().err
  assert text.startswith('error: ')
  assert text.count('\n') == 1
  return text


def test_what_is_exported_and_read_again_is_the_same_model(exported, run, capsys):
  folder, file = exported
  code, again = run('again', '--depth=8', '--steps=0', f'--init_from={file}')
  assert code == 0
  assert f'parameters of {file}\n' in capsys.readouterr().out
  assert result(again)['loss'] == pytest.approx(result(folder)['loss'], rel=1e-6)
  assert len(files.read(file).arrays) == 5 * 7 + 2  # seven convolutions and their norms


def test_another_number_of_classes_and_a_frozen_backbone(exported, run, capsys):
  _, file = exported
  arrays = files.read(file).arrays
  other = file.with_name('other.safetensors')
  files.write(
    other,
    arrays | {'linear.weight': np.ones((7, 64), np.float32), 'linear.bias': np.ones(7)},
  )
  words = (*TINY, f'--init_from={other}', '--freeze=backbone')
  code, folder = run('head', *words)
  assert code == 0
  said = f'parameters of {other}; the head begins anew: linear is of 7 classes there\n'
  assert said in capsys.readouterr().out
  assert export(folder, file.with_name('b.safetensors')) == 0
  after = files.read(file.with_name('b.safetensors')).arrays
  assert after.keys() == arrays.keys()
  for name, array in arrays.items():
    same = np.array_equal(after[name], array)
    assert same != name.startswith('linear.'), name


def test_the_head_of_a_workdir_of_other_classes_begins_anew(
  exported, run, capsys, tmp_path
):
  images = np.random.RandomState(0).randint(0, 255, (18, 32, 32, 3), np.uint8)
  for number, image in enumerate(images):
    folder = tmp_path / 'train' / 'abc'[number % 3]
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(folder / f'{number}.png')
  trained, _ = exported
  data = ('--dataset=folder', f'--data_dir={tmp_path}')
  code, folder = run('three', *TINY, *data, f'--init_from={trained}', '--steps=0')
  assert code == 0
  said = (
    f'parameters of {trained}, step 2; the head begins anew: it is of other classes'
  )
  assert said in capsys.readouterr().out
  found, before = (
    written(each, tmp_path / 'out.safetensors') for each in (folder, trained)
  )
  assert found['linear.weight'].shape == (3, 64)
  for name, array in before.items():
    assert name.startswith('linear.') or np.array_equal(found[name], array), name


def test_a_folder_of_several_runs_is_no_model(run, capsys):
  code, folder = run('seeds', *TINY, '--steps=0', '--seeds=2')
  assert code == 0
  capsys.readouterr()
  code, _ = run('from', *TINY, f'--init_from={folder}')
  said = refused(capsys, code)
  assert f'{folder} holds 2 runs and no model of its own; name one of them' in said
  assert str(folder / 'seed-0') in said


def test_nothing_is_frozen_that_has_learnt_nothing(run, capsys):
  code, folder = run('frozen', *TINY, '--freeze=backbone')
  assert '--freeze=backbone was given without --init_from' in refused(capsys, code)
  assert not folder.exists()


def test_a_file_of_another_depth_is_refused_and_nothing_is_cleared(
  exported, run, capsys
):
  folder, file = exported
  before = {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}
  words = ('--depth=14', '--batch_size=8', '--fresh', f'--init_from={file}')
  code, _ = run(folder.name, *words)
  said = refused(capsys, code)
  assert f'--init_from={file} was given, which is of another model: it lacks' in said
  assert 'layer1.1.bn1.running_mean, ' in said
  assert ' more; use the settings' in said
  assert before == {path: path.read_bytes() for path in before}


def test_without_pytorch_its_files_are_refused(run, capsys, monkeypatch, tmp_path):
  monkeypatch.setitem(sys.modules, 'torch', None)
  (tmp_path / 'a.th').touch()
  code, _ = run('none', *TINY, f'--init_from={tmp_path / "a.th"}')
  assert 'or give a file that ends in .safetensors' in refused(capsys, code)


def test_a_model_without_a_table_takes_no_file(exported, run, capsys):
  code, _ = run('no-table', f'--init_from={exported[1]}', module=lenet)
  assert 'no table says what other libraries call the layers' in refused(capsys, code)


def test_a_depth_that_is_none_names_the_next(run, capsys):
  code, _ = run('none', '--depth=19')
  assert 'take --depth=20' in refused(capsys, code)


EXPORTS = {
  ('nowhere', 'b.safetensors'): 'there is no folder nowhere',
  ('{run}', 'b.pth'): 'b.pth was given, but a name that ends in .safetensors',
  ('{run}', '/proc/none/b.safetensors'): 'cannot be written (No such',
  ('{run}', ''): '--export= was given without a value',
}


@pytest.mark.parametrize(('words', 'told'), EXPORTS.items())
def test_an_export_that_cannot_be_is_refused(exported, words, told, capsys):
  capsys.readouterr()
  folder, file = words
  assert told in refused(capsys, export(folder.format(run=exported[0]), file))


def test_a_model_without_a_table_is_not_exported(run, capsys, tmp_path):
  tiny = ('--channels=2', '--batch_size=8', '--steps=0')
  code, _ = run('lenet', *tiny, module=lenet)
  assert code == 0
  capsys.readouterr()
  code, _ = run('lenet', f'--export={tmp_path / "a.safetensors"}', module=lenet)
  assert 'no table says what other libraries call the layers of lenet' in refused(
    capsys, code
  )


def test_a_study_is_not_exported(run, capsys):
  code, _ = run('none', '--export=a.safetensors', module=degradation)
  assert 'degradation is a study and has no model of its own' in refused(capsys, code)


@pytest.mark.parametrize(
  ('command', 'told'),
  [('weights', '--export=FILE.safetensors'), ('record', 'dl_core.report.record')],
)
def test_former_commands_name_the_present_ones(command, told):
  words = [sys.executable, '-m', f'dl_core.{command}', 'export', 'a', 'b']
  done = subprocess.run(words, capture_output=True, text=True)
  assert done.returncode == 2
  assert told in done.stderr


RIGHT = {20: 9_173, 32: 9_263, 44: 9_310, 56: 9_339}  # of 10,000, as published


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize('depth', RIGHT)
def test_published_weights_are_right_as_often_as_published(
  test_data, tmp_path_factory, tmp_path, depth
):
  pytest.importorskip('torch', reason='PyTorch reads the published files')
  data_dir = tmp_path_factory.getbasetemp() / 'cifar10'
  manual = data_dir / 'downloads' / 'manual'
  if not manual.exists():
    unpack = [sys.executable, test_data / 'cifar-10' / 'unpack_cifar10.py', manual]
    subprocess.run([*unpack, '--batches'], check=True, capture_output=True)
  (file,) = Path(test_data, 'resnet-cifar-weights').glob(f'resnet{depth}-*.th')
  words = [
    *('prog', '--dataset=cifar10', f'--data_dir={data_dir}', f'--depth={depth}'),
    *('--steps=0', f'--init_from={file}', f'--workdir={tmp_path / "run"}'),
  ]
  assert launch.run(cifar_resnet, 'cifar_resnet', words) == 0
  assert round(10_000 * result(tmp_path / 'run')['accuracy']) == RIGHT[depth]
