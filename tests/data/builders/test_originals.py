import functools
import http.server
import threading

import pytest
from tensorflow_datasets.core import download

from dl_core.data.builders import originals
from dl_core.types import UserError


@pytest.fixture
def obtain(tmp_path):
  """obtain(wanted, ...) in a data_dir of its own."""
  manager = download.DownloadManager(
    download_dir=tmp_path / 'downloads',
    manual_dir=tmp_path / 'downloads' / 'manual' / 'toy',
    dataset_name='toy',
  )
  return functools.partial(originals.obtain, 'toy', tmp_path, manager)


@pytest.fixture
def manual(tmp_path):
  return tmp_path / 'downloads' / 'manual'


@pytest.fixture
def server(tmp_path):
  """The address of a server of the files in tmp_path/server."""
  folder = tmp_path / 'server'
  folder.mkdir()

  class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
      super().__init__(*args, directory=folder)

    def log_message(self, *args):
      pass

  with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as running:
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{running.server_port}/'
    running.shutdown()


def test_checksums_of_our_builders_are_whole(manual):
  from dl_core.data.builders.cifar10 import cifar10_dataset_builder
  from dl_core.data.builders.fashion_mnist import fashion_mnist_dataset_builder
  from dl_core.data.builders.mnist import mnist_dataset_builder

  modules = (
    cifar10_dataset_builder,
    fashion_mnist_dataset_builder,
    mnist_dataset_builder,
  )
  counts = []
  for module in modules:
    files = originals.listed(module.__file__)
    counts.append(len(files))
    for name, file in files.items():
      assert file.name == name
      assert file.url.startswith('http')
      assert len(bytes.fromhex(file.sha256)) == 32
      assert file.size > 1_000
  assert counts == [7, 4, 4]


@pytest.mark.parametrize('place', ['toy/a.gz', 'a.gz'])
def test_a_file_is_found_in_the_folder_of_its_set_or_above(
  obtain, manual, original, place
):
  wanted = original(manual / place, b'right')
  assert obtain([wanted]) == {'a.gz': manual / place}


def test_a_file_in_a_folder_of_the_archive_is_found_with_or_without_it(
  obtain, manual, original
):
  for folder in (manual / 'toy', manual / 'bin', manual / 'toy' / 'bin'):
    wanted = original(folder / 'a.bin', b'right')._replace(name='bin/a.bin')
    assert obtain([wanted]) == {'bin/a.bin': folder / 'a.bin'}
    (folder / 'a.bin').unlink()


def test_the_checksum_decides_between_files_of_one_name(obtain, manual, original):
  original(manual / 'toy' / 'a.gz', b'of another set')
  right = original(manual / 'a.gz', b'of this set...')  # of the same size
  assert obtain([right]) == {'a.gz': manual / 'a.gz'}


def test_the_first_choice_that_is_whole_is_taken(obtain, manual, original):
  parts = [original(manual / name, name.encode()) for name in ('a.bin', 'b.bin')]
  archive = original(manual / 'all.tar.gz', b'archive')
  assert list(obtain(parts, [archive])) == ['a.bin', 'b.bin']
  (manual / 'b.bin').unlink()
  assert list(obtain(parts, [archive])) == ['all.tar.gz']


@pytest.mark.parametrize(
  ('there', 'words'),
  [
    (None, 'manual/toy and .*manual have no such file'),
    (b'short', 'a.gz has 5 bytes'),
    (b'of the same size.', r'a.gz has sha256 [0-9a-f]{16}\.\.\.'),
  ],
)
def test_a_missing_file_is_told_with_what_was_found_and_what_to_do(
  obtain, manual, original, tmp_path, there, words
):
  wanted = original(manual / 'a.gz', b'the original file')
  (manual / 'a.gz').unlink()
  if there is not None:
    original(manual / 'a.gz', there)
  with pytest.raises(UserError) as raised:
    obtain([wanted])
  assert raised.match(
    rf'toy is not prepared in {tmp_path}, and its original file a.gz \(17 bytes, '
    rf'sha256 {wanted.sha256[:16]}\.\.\.\) is missing: .*{words}, and '
    rf'http://127.0.0.1:9/a.gz gives .*refused.*; put a.gz into {manual}/toy/ and run '
    rf'make data DATASET=toy DATA_DIR={tmp_path}$'
  )
  assert '\n' not in str(raised.value)


def test_a_missing_file_is_downloaded(obtain, original, server, tmp_path):
  wanted = original(tmp_path / 'server' / 'a.gz', b'the original', server)
  assert obtain([wanted])['a.gz'].read_bytes() == b'the original'


def test_a_download_of_another_sum_is_refused_and_removed(
  obtain, original, server, tmp_path
):
  wanted = original(tmp_path / 'server' / 'a.gz', b'the original', server)
  original(tmp_path / 'server' / 'a.gz', b'another file')
  with pytest.raises(UserError, match=r'gives a file of sha256 [0-9a-f]{16}'):
    obtain([wanted])
  left = [path for path in (tmp_path / 'downloads').rglob('*') if path.is_file()]
  assert not any(path.read_bytes() == b'another file' for path in left)
