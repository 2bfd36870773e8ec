"""Contents are read once; what has changed since is read again, however it changed."""

import os
import time

import numpy as np
import pytest

from dl_core.data import contents, pillow
from dl_core.types import UserError


@pytest.fixture
def files(tmp_path, monkeypatch):
  """A folder of three files, which are old enough to be known; a cache of its own."""
  monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
  monkeypatch.setattr(contents, 'SETTLED', 0.01)
  root = tmp_path / 'images'
  root.mkdir()
  paths = [root / name for name in ('a.png', 'b.png', os.fsdecode(b'c\xff.png'))]
  for number, path in enumerate(paths):
    path.write_bytes(bytes([number]) * 9)
  time.sleep(0.03)
  return paths


@pytest.fixture
def read(monkeypatch):
  """The names of the files that are read."""
  names, whole = [], pillow.read

  def counted(path):
    names.append(os.path.basename(path)[0])
    return whole(path)

  monkeypatch.setattr(pillow, 'read', counted)
  return names


def digest(files):
  return contents.digest(files[0].parent, files)


def test_a_second_start_reads_no_file_and_a_third_one_that_changed(files, read):
  first = digest(files)
  assert sorted(read) == ['a', 'b', 'c']
  read.clear()
  assert digest(files) == first
  assert read == []
  files[1].write_bytes(b'other now')
  assert digest(files) != first
  assert read == ['b']


def test_the_order_of_files_counts(files):
  assert digest(files) != digest(files[::-1])


def restored(path):
  """Writes other bytes and sets the time of modification back."""
  before = path.stat()
  path.write_bytes(b'other now')
  os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def moved(path):
  """Puts another file of the same size and time in its place."""
  before, other = path.stat(), path.with_name('other')
  other.write_bytes(b'other now')
  os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
  other.replace(path)


def exchanged(path):
  """Exchanges the names of two files."""
  other, third = path.with_name('a.png'), path.with_name('third')
  path.replace(third)
  other.replace(path)
  third.replace(other)


def linked(path):
  """Puts a link to a file elsewhere in its place."""
  elsewhere = path.parent.parent / 'elsewhere'
  elsewhere.write_bytes(b'other now')
  path.unlink()
  path.symlink_to(elsewhere)


@pytest.mark.parametrize('swap', [restored, moved, exchanged, linked])
def test_a_swapped_file_of_the_same_size_is_noticed(files, swap):
  first = digest(files)
  swap(files[1])
  assert [path.stat().st_size for path in files] == [9, 9, 9]
  assert digest(files) != first


def test_a_file_that_has_just_changed_is_read_again(files, read, monkeypatch):
  """A file system whose clock is coarse gives both contents the same times."""
  monkeypatch.setattr(contents, 'SETTLED', 60.0)
  now = files[1].stat()
  times = now.st_mtime_ns, now.st_ctime_ns
  monkeypatch.setattr(contents, '_status', lambda path: (1, 2, 9, *times))
  first = digest(files)
  files[1].write_bytes(b'other now')
  assert digest(files) != first


@pytest.mark.parametrize('harm', ['absent', 'damaged', 'unwritable', 'homeless'])
def test_no_cache_is_needed(files, read, monkeypatch, tmp_path, harm):
  first = digest(files)
  (kept,) = (tmp_path / 'cache' / 'dl_core' / 'digests').iterdir()
  if harm == 'absent':
    kept.unlink()
  elif harm == 'damaged':
    kept.write_bytes(kept.read_bytes()[:-40])
  elif harm == 'unwritable':
    monkeypatch.setenv('XDG_CACHE_HOME', '/dev/null')
  else:
    monkeypatch.setattr(contents.compilation, 'cache', lambda: kept.relative_to('/'))
  read.clear()
  assert digest(files) == first
  assert sorted(read) == ['a', 'b', 'c']


def test_a_file_that_has_gone_is_named(files):
  digest(files)
  files[1].unlink()
  with pytest.raises(UserError, match=r'b\.png cannot be read \(No such file'):
    digest(files)


def test_many_files_are_no_matter(tmp_path, files):
  """More than are read at a time, and names that begin with each other."""
  root = tmp_path / 'many'
  root.mkdir()
  many = [root / f'{"x" * (number % 7)}{number}' for number in range(600)]
  for number, path in enumerate(many):
    path.write_bytes(np.int64(number).tobytes())
  assert len({contents.digest(root, each) for each in (many, many, many[:-1])}) == 2
