"""A user's own annotations: bad ones are named by file and object."""

import re

import numpy as np
import pytest
from PIL import Image

from dl_core.config import Config
from dl_core.data import detection, own_boxes, voc
from dl_core.types import UserError

BOX = '<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>'


def annotation(*objects, image='a.jpg'):
  """Returns XML; an object is a name, four corners, and perhaps True: difficult."""
  inner = ''.join(
    f'<object><name>{name}</name><difficult>{int(bool(hard))}</difficult>'
    f'{BOX.format(*corners)}</object>'
    for name, corners, *hard in objects
  )
  size = '<size><width>40</width><height>30</height></size>'
  return f'<annotation><filename>{image}</filename>{size}{inner}</annotation>'


def test_a_box_of_voc_begins_at_one_and_includes_its_last_pixel():
  found = voc.parsed('a', annotation(('cat', (1, 1, 40, 30)), ('dog', (3, 4, 5, 6), 1)))
  np.testing.assert_array_equal(found.boxes, [[0, 0, 40, 30], [2, 3, 5, 6]])
  assert (found.names, found.difficult.tolist()) == (('cat', 'dog'), [False, True])
  zero = voc.parsed('a', annotation(('cat', (0, 0, 39, 29))), first=0)
  np.testing.assert_array_equal(zero.boxes, [[0, 0, 40, 30]])
  assert voc.parsed('a', annotation()).boxes.shape == (0, 4)


@pytest.mark.parametrize(
  ('corners', 'words'),
  [
    ((5, 5, 5, 9), r'object 2 \(dog\) of a.xml has the box 5, 5, 5, 9, .* no width'),
    ((9, 5, 2, 9), 'which is reversed: xmax is below xmin'),
    ((0, 5, 9, 9), 'before the first pixel, 1; .* --first_pixel=0'),
    ((5, 5, 41, 9), 'reaches beyond the 40 x 30 pixels'),
  ],
)
def test_a_bad_box_is_left_out_and_told_by_file_and_object(corners, words):
  found = voc.parsed('a.xml', annotation(('cat', (3, 4, 5, 6)), ('dog', corners)))
  assert found.names == ('cat',)
  (said,) = found.bad
  assert re.search(words, said)


@pytest.mark.parametrize(
  ('content', 'words'),
  [
    ('no xml', 'syntax error'),
    ('<annotation><object><name>x</name></object></annotation>', 'no bndbox'),
    ('<labels><image/></labels>', 'its root is labels, not annotation'),
    (b'<?xml version="1.0" encoding="klingon"?><annotation/>', 'encoding: klingon'),
  ],
)
def test_what_is_no_annotation_is_refused(content, words):
  with pytest.raises(UserError, match=rf'a.xml is no annotation of VOC \(.*{words}'):
    voc.parsed('a.xml', content)


@pytest.mark.parametrize(
  ('old', 'new', 'words'),
  [
    ('<xmax>9</xmax>', '', 'a bndbox has no xmax'),
    ('<xmax>9</xmax>', '<xmax>nan</xmax>', 'xmax of a bndbox is nan, no number'),
    ('<xmax>9</xmax>', '<xmax>9px</xmax>', 'xmax of a bndbox is 9px, no number'),
    ('<xmax>9</xmax>', '<xmax> </xmax>', 'xmax of a bndbox is empty, no number'),
    ('<width>40</width>', '', 'a size has no width'),
  ],
)
def test_a_corner_that_is_missing_or_no_number_is_named(old, new, words):
  content = annotation(('cat', (3, 4, 9, 12))).replace(old, new)
  with pytest.raises(UserError, match=words):
    voc.parsed('a.xml', content)


@pytest.fixture
def folder(tmp_path):
  """A folder of five images, with the writer of one more annotation."""
  for name in ('JPEGImages', 'Annotations'):
    (tmp_path / name).mkdir()

  def write(name, *objects, image=True):
    if image:
      Image.new('RGB', (40, 30), 'red').save(tmp_path / 'JPEGImages' / f'{name}.jpg')
    text = annotation(*objects, image=f'{name}.jpg')
    (tmp_path / 'Annotations' / f'{name}.xml').write_text(text)

  for n in range(20):
    write(f'{n:02}', ('dog', (1, 1, 20, 30)), ('cat', (11, 11, 40, 30)))
  return tmp_path, write


def lists(folder, **splits):
  (folder / 'ImageSets' / 'Main').mkdir(parents=True)
  for name, text in splits.items():
    (folder / 'ImageSets' / 'Main' / f'{name}.txt').write_text(text)


def test_classes_and_splits_follow_from_the_data(folder):
  path, write = folder
  write('empty')
  found = own_boxes.own(str(path))
  assert found.classes == ('cat', 'dog')
  data = detection.load(Config(batch_size=4), found, (30, 40), 2)
  counts = {
    name: sum(int(b.weight['image'].sum()) for b in batches())
    for name, batches in data.splits.items()
  }
  assert counts == {'train': 15, 'validation': 2, 'test': 4}
  first = next(iter(data.splits['train']()))
  np.testing.assert_array_equal(first.y['boxes'][0], [[0, 0, 20, 30], [10, 10, 40, 30]])
  assert first.y['labels'][0].tolist() == [1, 0]


def test_lists_say_which_images_are_in_which_split(folder):
  path, _ = folder
  lists(path, train='00\n01\n', val='02\n', test='03\n04')
  found = own_boxes.own(str(path))
  assert found.declared == {'train': 2, 'validation': 1, 'test': 2}


@pytest.mark.parametrize(
  ('splits', 'words'),
  [
    ({'train': '00\n01\n', 'test': '01\n'}, 'name 01 twice or more; leave each'),
    ({'train': '00\n01\n00\n', 'val': '02\n01'}, '00 and 1 more twice or more'),
  ],
)
def test_an_image_in_two_lists_is_refused(splits, words, folder):
  path, _ = folder
  lists(path, **splits)
  with pytest.raises(UserError, match=words):
    own_boxes.own(str(path))


def test_bad_objects_are_refused_or_dropped_by_rule_and_noted(folder):
  path, write = folder
  write('bad', ('cat', (5, 5, 5, 9)), ('cat', (3, 4, 5, 6)))
  with pytest.raises(UserError, match=r'object 1 \(cat\) of .*bad.xml.*bad_boxes=drop'):
    own_boxes.own(str(path))
  found = own_boxes.own(str(path), drop=True)
  assert found.notes[0].startswith('Objects left out for their bad boxes: 1 (object 1')
  assert found.source != own_boxes.own(str(path), drop=True, first=0).source


def test_a_missing_image_and_an_unknown_class_are_named(folder):
  path, write = folder
  write('gone', ('cat', (3, 4, 5, 6)), image=False)
  with pytest.raises(UserError, match=r'gone.xml annotates the image gone.jpg'):
    own_boxes.own(str(path))
  write('gone', ('bird', (3, 4, 5, 6)))
  lists(path, train='00\n01\n', test='gone\n')
  with pytest.raises(UserError, match=r'object 1 of .*gone.xml is of the class bird'):
    own_boxes.own(str(path))


def test_an_image_is_found_by_the_name_of_its_annotation_whatever_is_in_it(folder):
  path, write = folder
  write('one[1]', ('cat', (3, 4, 5, 6)))
  text = annotation(('cat', (3, 4, 5, 6)), image='elsewhere.jpg')
  (path / 'Annotations' / 'one[1].xml').write_text(text)
  (path / 'JPEGImages' / 'one[1].csv').write_text('no image')
  found = own_boxes.own(str(path))
  assert found.declared == {'train': 21}
  assert found.notes == ()


def test_an_absolute_path_in_an_annotation_is_of_another_machine(folder, tmp_path):
  path, write = folder
  elsewhere = tmp_path / 'elsewhere.jpg'
  Image.new('RGB', (4, 3)).save(elsewhere)
  write('one', ('cat', (3, 4, 5, 6)))
  text = annotation(('cat', (3, 4, 5, 6)), image=str(elsewhere))
  (path / 'Annotations' / 'one.xml').write_text(text)
  (last,) = own_boxes.own(str(path)).entries('train', [20])
  assert last.file.name == str(path / 'JPEGImages' / 'one.jpg')


def test_images_that_are_passed_over_are_counted(folder):
  path, _ = folder
  (path / 'Annotations' / '07.xml').unlink()
  words = 'Passed over in the folder: 1 (no annotation: 1, which is JPEGImages/07.jpg).'
  assert own_boxes.own(str(path)).notes == (words,)
  lists(path, train='00\n01\n', test='02\n')
  (said,) = own_boxes.own(str(path)).notes
  assert 'in no list: 16, as JPEGImages/03.jpg; no annotation: 1' in said


def test_training_images_without_objects_are_counted_and_refused(folder):
  path, _ = folder
  lists(path, train='', test='00\n')
  with pytest.raises(UserError, match=r'the 0 training images of .* have no objects'):
    own_boxes.own(str(path))


def test_difficult_objects_and_splits_tell_sets_apart(folder):
  path, write = folder
  first = own_boxes.own(str(path)).source
  write('00', ('dog', (1, 1, 20, 30), True), ('cat', (11, 11, 40, 30)))
  second = own_boxes.own(str(path)).source
  lists(path, train=''.join(f'{n:02}\n' for n in range(19)), test='19\n')
  third = own_boxes.own(str(path)).source
  assert len({first, second, third}) == 3


def test_a_list_that_is_not_utf_8_is_refused(folder):
  path, _ = folder
  lists(path)
  (path / 'ImageSets' / 'Main' / 'train.txt').write_bytes(b'\xff\xfe0')
  with pytest.raises(UserError, match=r'train.txt cannot be read .* as UTF-8'):
    own_boxes.own(str(path))


def test_a_folder_of_another_layout_is_refused(tmp_path):
  with pytest.raises(UserError, match=r'JPEGImages is not there'):
    own_boxes.own(str(tmp_path))
