"""Faults of files: damaged, missing, of another run; a disk that is full or closed."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess

import jax.numpy as jnp

from dl_core.train import checkpoint
from tests.faults.place import Seen, compared, flip
from tests.runs import resumed


def arrays(folder):
  """The file of a checkpoint that holds most of its arrays."""
  files = (folder / 'leaves').glob('**/d/*')
  return max(files, key=lambda file: file.stat().st_size)


def damaged_checkpoints(place):
  def truncated(folder):
    os.truncate(arrays(folder), arrays(folder).stat().st_size // 2)

  def flipped(folder):
    flip(arrays(folder), arrays(folder).stat().st_size // 2, 3)

  said = []
  for damage in (flipped, truncated):
    runs = place.stopped(f'damaged-{damage.__name__}')
    *_, before, newest = runs.steps()
    damage(runs.folder / 'checkpoints' / str(newest))
    out = runs.finish()
    (sentence,) = (line for line in out.splitlines() if 'is damaged' in line)
    assert sentence.startswith(f'checkpoint {newest} is damaged ('), sentence
    assert sentence.endswith(f'going back to {before}'), sentence
    assert resumed(out) == before
    assert (runs.folder / 'checkpoints' / 'damaged' / str(newest)).is_dir()
    said.append(sentence)
    lost = compared(runs.end(), place.whole())
    if lost != 'nothing':
      return Seen(damage.__name__, sentence, '0', lost)
  runs = place.stopped('damaged-all')
  kept = shutil.copytree(runs.folder / 'checkpoints', place.folder / 'kept')
  for step in runs.steps():
    flipped(runs.folder / 'checkpoints' / str(step))
  assert 'holds no good checkpoint: step ' in runs.refused()
  assert not (runs.folder / 'checkpoints' / 'damaged').exists()
  shutil.rmtree(runs.folder / 'checkpoints')
  kept.rename(runs.folder / 'checkpoints')
  return Seen(
    'a bit of the newest flipped; the newest truncated; a bit of every one flipped',
    f'{said[0]}; all damaged: refused, nothing moved, and went on with a copy',
    '0, 0, 2',
    place.lost(runs),
  )


@contextlib.contextmanager
def volume(folder, size):
  """Mounts a file system of `size`; gives False where that is not allowed."""
  folder.mkdir(parents=True)
  command = ['mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', folder]
  mounted = not subprocess.run(command, capture_output=True, check=False).returncode
  try:
    yield mounted
  finally:
    if mounted:
      subprocess.run(['umount', folder], check=True)


def full_disk(place):
  with volume(place.folder / 'volume', '4m') as mounted:
    runs = place.runs('volume/run')
    process = runs.start()
    runs.wait(process, 20)
    filler = place.folder / 'volume' / 'filler'
    if mounted:
      full = _filled(filler)
      done = 'a file system of 4 MB was filled at step 20'
    else:
      path = runs.folder / 'metrics.jsonl'
      full = path.stat().st_size
      resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, full))
      done = f'no file may become larger than {full} bytes, from step 20 on'
    assert full
    out, err = process.communicate(timeout=300)
    assert process.returncode == 2, (process.returncode, out, err)
    assert err.startswith('error: '), err
    assert err.count('\n') == 1, err
    assert 'be written' in err or 'or written' in err, err
    assert 'make room' in err, err
    again = runs.refused() if mounted else ''
    filler.unlink(missing_ok=True)
    lost = place.lost(runs)
  happened = f'{err.strip()}; once more: {again}' if again else err.strip()
  return Seen(done, happened, '2, 2, then 0' if again else '2, then 0', lost)


def _filled(path):
  """Writes until the disk is full; returns how many bytes."""
  written = 0
  with path.open('wb', buffering=0) as file, contextlib.suppress(OSError):
    while True:
      written += file.write(bytes(512))
  return written


def closed_disk(place):
  (place.folder / 'a-file').touch()
  runs = place.runs('a-file/run')
  sentences, done = [_before_compiling(runs)], 'a workdir below a file'
  with volume(place.folder / 'closed', '10m') as mounted:
    folder = place.folder / 'closed'
    runs = place.stopped('closed/run')
    if mounted:
      subprocess.run(['mount', '-o', 'remount,ro', folder], check=True)
      done += '; a stopped run on a file system that was remounted read-only'
    elif os.geteuid():
      runs.folder.chmod(0o500)
      (runs.folder / 'lock').chmod(0o400)
      done += '; the workdir of a stopped run without leave to write'
    if mounted or os.geteuid():
      sentences.append(_before_compiling(runs))
    if mounted:
      subprocess.run(['mount', '-o', 'remount,rw', folder], check=True)
    elif os.geteuid():
      runs.folder.chmod(0o700)
      (runs.folder / 'lock').chmod(0o600)
    lost = place.lost(runs)
  if lost == 'nothing':
    sentence, lost = _moved_away(place)
    sentences.append(sentence)
  done += '; the workdir moved away at step 20'
  return Seen(done, '; '.join(sentences), f'{len(sentences)} times 2, then 0', lost)


def _moved_away(place):
  runs, elsewhere = place.runs('moved'), place.folder / 'elsewhere'
  process = runs.start()
  runs.wait(process, 20)
  runs.folder.rename(elsewhere)
  out, err = process.communicate(timeout=300)
  assert (process.returncode, err.count('\n')) == (2, 1), (out, err)
  assert 'moved has been moved or removed while the run was at work' in err, err
  shutil.rmtree(runs.folder, ignore_errors=True)  # an empty one, made again by orbax
  elsewhere.rename(runs.folder)
  return err.strip(), place.lost(runs)


def _before_compiling(runs):
  code, out, err = runs.call()
  assert (code, err.count('\n')) == (2, 1), (code, out, err)
  assert 'cannot be written (' in err, err
  assert 'first step after' not in out, out
  return err.strip()


def damaged_records(place):
  data = place.folder / 'damaged-data'
  runs = place.stopped('records', environment={'TFDS_DATA_DIR': str(data)})
  shutil.copytree(place.data_dir, data)
  for cache in data.rglob('*.npz'):
    cache.unlink()  # else no record is read
  (train,) = data.glob('digits/*/digits-train.array_record*')
  middle = train.stat().st_size // 2
  flip(train, middle)
  sentences = [runs.refused(), runs.refused(runs.command('--resident_bytes=0'))]
  flip(train, middle)
  train.rename(place.folder / 'aside')
  sentences.append(runs.refused())
  assert all('digits/1.0.0 cannot be read (' in each for each in sentences), sentences
  (place.folder / 'aside').rename(train)
  return Seen(
    'a bit of an array_record flipped, then streamed; the file missing',
    f'{sentences[0]}; {sentences[2]}',
    '2, 2, 2, then 0',
    place.lost(runs),
  )


def other_checkpoints(place):
  runs = place.stopped('others')
  other = place.runs('four-channels', more=('--channels=4', '--steps=5'))
  other.finish()
  folder, kept = runs.folder / 'checkpoints', place.folder / 'kept-others'
  folder.rename(kept)
  shutil.copytree(other.folder / 'checkpoints', folder)
  sentences = [runs.refused()]
  assert 'is a checkpoint of another model: state.' in sentences[0], sentences
  assert sentences[0].count(' there and ') == 5, sentences
  shutil.rmtree(folder)
  with checkpoint.Checkpoints(kept, read_only=True) as store:
    step = store.steps()[-1]
    leaves = store.read(step, {}, ())
  name = 'state.params.C1.kernel'
  leaves[name] = leaves[name].astype(jnp.bfloat16)
  with checkpoint.Checkpoints(folder) as store:
    store.save(step, leaves)
  sentences.append(runs.refused())
  assert f'{name} is bfloat16[5, 5, 1, 2] there and float32[' in sentences[1], sentences
  shutil.rmtree(folder)
  kept.rename(folder)
  return Seen(
    'its checkpoints replaced by those of --channels=4; by its own with one leaf cast',
    '; '.join(sentences),
    '2, 2, then 0',
    place.lost(runs),
  )


def torn_logs(place):
  runs, said = place.runs('torn'), []
  process = runs.start()
  runs.wait(process, 20)
  process.kill()
  process.communicate()
  assert process.returncode == -signal.SIGKILL
  path = runs.folder / 'metrics.jsonl'
  with path.open('a') as file:
    file.write('{"step": 30, "split": "train"}\n{"step": 30, "spl')
  (runs.folder / 'observed').mkdir(exist_ok=True)
  (runs.folder / 'observed' / '99.npz').write_bytes(b'half of a file')
  for events in (runs.folder / 'tensorboard').iterdir():
    os.truncate(events, max(events.stat().st_size - 5, 0))
  whole = path.read_text()
  path.write_text('')
  said.append(runs.refused())
  assert 'has 0 good lines up to step ' in said[0], said
  path.write_text(whole)
  lost = place.lost(runs)
  assert all(line.endswith('}') for line in path.read_text().splitlines())
  assert not (runs.folder / 'observed' / '99.npz').exists()
  return Seen(
    'after kill -9: metrics.jsonl ends in half a line, events and arrays are torn; '
    'then metrics.jsonl is empty',
    f'lines beyond the checkpoint were cut and written again; empty: {said[0]}',
    '-9, 2, then 0',
    lost,
  )
