import io
import os
import shutil
import unicodedata

import jax
import numpy as np
import pytest
from PIL import Image

from dl_core import config
from dl_core.data import images, pillow
from dl_core.types import UserError

SPLITS = ('train', 'validation', 'test')


def draw(folder, count, grey, kind='png', shape=(40, 30)):
  """Saves `count` images, each of one grey."""
  folder.mkdir(parents=True, exist_ok=True)
  for number in range(count):
    Image.new('L', shape, grey + number).save(folder / f'{number:02}.{kind}')


@pytest.fixture
def own(tmp_path):
  root = tmp_path / 'own'
  draw(root / 'train' / 'ant', 20, 10)
  draw(root / 'train' / 'bee', 10, 100, 'bmp')
  draw(root / 'train' / 'cow', 10, 200, 'gif')
  return root


def listing(root):
  return sorted((str(path), path.stat().st_mtime_ns) for path in root.rglob('*'))


def test_a_folder_of_ones_own_images_is_a_data_set(own, load, everything):
  (own / 'train' / 'ant' / 'notes.txt').write_text('not an image')
  (own / 'train' / 'ant' / '._00.png').write_text('what a Mac leaves behind')
  (own / 'train' / '.cache').mkdir()
  before = listing(own)
  data = load(own, 'folder')
  assert data.spec.classes == ('ant', 'bee', 'cow')
  sizes = {split: np.bincount(everything(data, split)[1]).tolist() for split in SPLITS}
  assert sizes == {'train': [14, 7, 7], 'validation': [2, 1, 1], 'test': [4, 2, 2]}
  x, y = jax.tree.map(
    lambda *parts: np.concatenate(parts), *(everything(data, split) for split in SPLITS)
  )
  greys = (x[:, 16, 16, 0] * 255).round().astype(int)
  assert sorted(zip(y, greys, strict=True)) == [
    (label, grey + number)
    for label, (count, grey) in enumerate([(20, 10), (10, 100), (10, 200)])
    for number in range(count)
  ]
  assert 'test set is 20%' in data.notes[0]
  assert 'validation set is 10%' in data.notes[1]
  assert data.notes[2:] == (
    'Passed over in the folder: 3 (hidden: 2, as train/.cache; no image by the '
    'suffix: 1, which is train/ant/notes.txt).',
  )
  assert listing(own) == before  # nothing is written into it
  assert data.feed(jax.random.key(0), 0) is data.feed(jax.random.key(1), 1)


def test_a_test_folder_is_the_test(own, load, everything):
  draw(own / 'test' / 'bee', 3, 100, 'webp')
  draw(own / 'test' / 'cow', 1, 100, 'jpeg')
  data = load(own, 'folder', channels=3)
  assert everything(data, 'test')[1].tolist() == [1, 1, 1, 2]
  assert len(everything(data, 'train')[1]) == 36
  assert ['validation' in note for note in data.notes] == [True]


@pytest.mark.parametrize('name', ['val', 'valid', 'validation', 'Val'])
def test_a_validation_folder_is_the_validation_split(name, own, load, everything):
  draw(own / name / 'bee', 3, 100)
  draw(own / name / 'cow', 2, 200)
  data = load(own, 'folder')
  assert everything(data, 'validation')[1].tolist() == [1, 1, 1, 2, 2]
  assert len(everything(data, 'train')[1]) == 32
  assert len(everything(data, 'test')[1]) == 8
  assert [note[:12] for note in data.notes] == ['The test set']
  draw(own / 'test' / 'ant', 4, 10)
  data = load(own, 'folder')
  sizes = [len(everything(data, split)[1]) for split in SPLITS]
  assert (sizes, data.notes) == ([40, 5, 4], ())


@pytest.mark.parametrize(
  'suffix', ['tif', 'TIFF', 'ppm', 'pgm', 'PNM', 'webp', 'JPG', 'jp2', 'tga', 'pcx']
)
def test_every_suffix_that_pillow_opens_is_read(suffix, own, load, everything):
  draw(own / 'test' / 'cow', 3, 100, suffix)
  data = load(own, 'folder')
  assert everything(data, 'test')[1].tolist() == [2, 2, 2]
  assert [note[:18] for note in data.notes] == ['The validation set']


@pytest.mark.filterwarnings('ignore::DeprecationWarning')  # of old formats, by Pillow
def test_what_pillow_saves_and_decodes_again_has_a_suffix_that_is_read():
  Image.init()
  checked = 0
  for suffix, kind in Image.registered_extensions().items():
    if kind not in {*Image.SAVE} & {*Image.OPEN} - pillow.UNREAD:
      continue
    for mode in ('RGB', 'L', 'P', '1'):
      memory = io.BytesIO()
      try:
        Image.new(mode, (32, 32)).save(memory, kind)
        pillow.decoded(pillow.File(suffix, memory.getvalue()))
      except (OSError, KeyError, UserError, ValueError):  # not in this mode
        continue
      assert suffix in pillow.suffixes()
      checked += 1
      break
  assert checked > 30


def test_images_in_folders_of_a_class_belong_to_it(own, load, everything):
  draw(own / 'train' / 'cow' / 'second-session' / 'evening', 20, 220)
  (own / 'train' / 'cow' / 'second-session' / 'again').symlink_to(own / 'train' / 'cow')
  data = load(own, 'folder')
  labels = np.concatenate([everything(data, split)[1] for split in SPLITS])
  assert np.bincount(labels).tolist() == [20, 10, 30]
  assert data.notes[-1] == (
    'Passed over in the folder: 1 (link to a folder above: 1, which is '
    'train/cow/second-session/again).'
  )


def test_whatever_lies_beside_the_classes_is_counted(own, load):
  draw(own / 'train', 3, 10)
  draw(own / 'test', 2, 10)
  draw(own / 'extra' / 'ant', 7, 10)
  (own / '.DS_Store').touch()
  (own / 'labels.csv').touch()
  assert load(own, 'folder').notes[-1] == (
    'Passed over in the folder: 8 (hidden: 1, which is .DS_Store; no split by the '
    'name: 1, which is extra; outside of the class folders: 5, as test/00.png; outside '
    'of the folders of the splits: 1, which is labels.csv).'
  )


def test_two_unicode_forms_of_a_name_are_one_class(own, load, everything):
  forms = [unicodedata.normalize(form, '벌é') for form in ('NFC', 'NFD')]
  for form in forms:
    draw(own / 'train' / form, 10, 100)
  draw(own / 'test' / forms[1], 3, 100)
  data = load(own, 'folder')
  assert data.spec.classes == ('ant', 'bee', 'cow', forms[0])
  assert everything(data, 'test')[1].tolist() == [3, 3, 3]
  assert data.notes[-1].endswith(f'in their Unicode form are one class: {forms[0]}.')


def test_a_folder_of_before_keeps_its_identity(own, load):
  draw(own / 'test' / 'bee', 3, 100)
  for place in own.rglob('*.*'):
    place.write_bytes(b'x' * int(place.stem))
  # As computed before validation, nested folders and other suffixes were read.
  assert load(own, 'folder').spec.source == 'folder/35680bed1e15'


def test_a_folder_is_known_by_its_names_and_sizes_not_by_its_place(own, tmp_path, load):
  source = load(own, 'folder').spec.source
  assert source.startswith('folder/')
  assert str(tmp_path) not in source
  copy = shutil.copytree(own, tmp_path / 'copy')
  assert load(copy, 'folder').spec.source == source
  (copy / 'train' / 'ant' / '00.png').rename(copy / 'train' / 'ant' / '99.png')
  assert load(copy, 'folder').spec.source != source


def swapped(own):
  """Changes an image to another one of the same size, at the same time."""
  path = own / 'train' / 'bee' / '03.bmp'
  times, content = path.stat(), path.read_bytes()
  path.write_bytes(content[:-9] + b'x' + content[-8:])
  os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_images_swapped_for_others_of_the_same_size_are_noticed(own, tmp_path, load):
  copy = shutil.copytree(own, tmp_path / 'copy', copy_function=shutil.copyfile)
  for make in (streamed, lambda place: load(place, 'folder')):
    before = make(own).digests()
    assert make(copy).digests() == before  # whenever it was copied
    swapped(copy)
    assert make(copy).spec.source == make(own).spec.source
    found = make(copy).digests()
    assert found.keys() == before.keys()
    assert found != before
    shutil.copyfile(own / 'train/bee/03.bmp', copy / 'train/bee/03.bmp')


def no_train(own):
  (own / 'train').rename(own / 'training')


def one_class(own):
  for name in ('bee', 'cow'):
    shutil.rmtree(own / 'train' / name)


def empty_class(own):
  (own / 'train' / 'dog').mkdir()


def strange_class(own):
  draw(own / 'test' / 'dog', 2, 0)


def no_image(own):
  (own / 'train' / 'bee' / '03.bmp').write_text('not an image')


def two_validations(own):
  for name in ('val', 'valid'):
    draw(own / name / 'bee', 2, 0)


def too_few(own):
  for name in ('ant', 'bee', 'cow'):
    shutil.rmtree(own / 'train' / name)
    draw(own / 'train' / name, 1, 0)


@pytest.mark.parametrize(
  ('fault', 'words'),
  [
    (no_train, r'--data_dir=.*own, which has no folder train; put .*DIR/train/CLASS/'),
    (one_class, 'train holds 1 class folders, at least 2 are wanted'),
    (empty_class, 'train/dog holds no image .*; add some'),
    (strange_class, 'test/dog was given, a class that .*train lacks'),
    (two_validations, 'has both val and valid, two folders of one split; join them'),
    (no_image, r'train/bee/03\.bmp is not an image that Pillow can read'),
    (too_few, 'has 3 training examples of 3 classes, too few'),
  ],
)
def test_a_folder_that_will_not_do_is_refused_in_words(own, fault, words, load):
  fault(own)
  with pytest.raises(UserError, match=words) as raised:
    load(own, 'folder').feed(jax.random.key(0), 0)
  assert '\n' not in str(raised.value)


def streamed(own):
  c = config.Config(dataset='folder', data_dir=str(own), batch_size=8, resident_bytes=0)
  return images.load(c, 32, 1)


def test_a_streamed_folder_is_the_resident_one_and_is_read_when_asked(own, load):
  key, one, other = jax.random.key(2), load(own, 'folder'), streamed(own)
  for step in range(2, 5):  # three batches an epoch
    batch, of = (data.take(data.feed(key, step), key, step) for data in (one, other))
    jax.tree.map(np.testing.assert_array_equal, batch, of)
  for split in SPLITS:
    for batch, of in zip(one.splits[split](), other.splits[split](), strict=True):
      jax.tree.map(np.testing.assert_array_equal, batch, of)
  assert one.baseline() == other.baseline()


def test_a_bad_image_of_a_streamed_folder_is_told_by_its_name(own):
  data = streamed(own)
  no_image(own)
  with pytest.raises(UserError, match=r'train/bee/03\.bmp is not an image'):
    [data.feed(jax.random.key(0), step) for step in range(6)]
  (own / 'train' / 'bee' / '03.bmp').unlink()
  with pytest.raises(UserError, match=r'train/bee/03\.bmp cannot be read'):
    [list(data.splits[split]()) for split in SPLITS]


def test_a_folder_needs_a_data_dir(load):
  with pytest.raises(
    UserError, match=r'--data_dir=\(empty\), which has no folder train'
  ):
    load('', 'folder')
