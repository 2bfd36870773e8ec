"""A user's own two domains: of any numbers, each in its own order, none left out."""

import chex
import jax
import numpy as np
import pytest
from PIL import Image

from dl_core import config
from dl_core.data import contents, pillow, unpaired
from dl_core.interpret import unpaired as judged
from dl_core.types import UserError

KEY = jax.random.key(0)
SPLITS = ('train', 'validation', 'test')


def draw(folder, count, grey, kind='png'):
  """Saves `count` images, each of one grey, up to 100 different ones."""
  folder.mkdir(parents=True, exist_ok=True)
  for number in range(count):
    shade = grey + number % 100
    Image.new('RGB', (20, 16), (shade,) * 3).save(folder / f'{number:03}.{kind}')


@pytest.fixture
def own(tmp_path):
  """20 and 9 training images, 3 and 40 of test; those of B are brighter than 100."""
  draw(tmp_path / 'own' / 'trainA', 20, 0)
  draw(tmp_path / 'own' / 'trainB', 9, 101, 'bmp')
  draw(tmp_path / 'own' / 'testA', 3, 30)
  draw(tmp_path / 'own' / 'testB', 40, 140, 'gif')
  return tmp_path / 'own'


def load(root, batch_size=4, **options):
  c = config.Config(
    dataset='folder', data_dir=str(root), batch_size=batch_size, **options
  )
  return unpaired.load(c, 16)


def greys(images):
  """Reads the grey of each image in its middle."""
  return np.rint(127.5 * (np.asarray(images)[:, 8, 8, 0] + 1)).astype(int).tolist()


def real(data, split):
  """Returns {domain: the greys of its images in a split, without the padding}."""
  found = {side: [] for side in unpaired.SIDES}
  for batch in data.splits[split]():
    for side, read in found.items():
      read += greys(batch.x[side][batch.weight[side] > 0])
  return found


def test_each_domain_has_epochs_of_its_own(own):
  draw(own / 'valA', 1, 90)
  draw(own / 'valB', 1, 190)
  data = load(own)
  fed = {side: [] for side in unpaired.SIDES}
  for step in range(10):
    batch = data.take(data.feed(KEY, step), KEY, step)
    chex.assert_trees_all_equal_shapes_and_dtypes(batch, data.spec.batch)
    for side, read in fed.items():
      read.append(greys(batch.x[side]))
  first, second = (np.array(fed[side]).ravel() for side in unpaired.SIDES)
  assert sorted(first[:20]) == sorted(first[20:]) == [*range(20)]  # five steps
  for epoch in second.reshape(5, 8):  # two steps, which leave out one image of nine
    assert len({*epoch}) == 8
  assert {*second} == {*range(101, 110)}
  assert data.notes == ()


def test_an_evaluation_has_all_images_of_both_domains(own):
  data = load(own)
  assert real(data, 'test') == {'first': [30, 31, 32], 'second': [*range(140, 180)]}
  both = [np.prod([*batch.weight.values()], axis=0) for batch in data.splits['test']()]
  assert np.sum(both) == 3  # losses are those of as many pairs


def test_an_evaluation_goes_on_where_one_domain_has_no_more_batches(own):
  draw(own / 'testB', 300, 140, 'gif')
  data = load(own)
  assert real(data, 'test') == {
    'first': [30, 31, 32],
    'second': [140 + number % 100 for number in range(300)],
  }
  sizes = [len(batch.weight['first']) for batch in data.splits['test']()]
  assert sizes == [256, 256]


def test_splits_that_are_lacking_are_carved_from_each_domain(own):
  for name in ('testA', 'testB'):
    for path in (own / name).iterdir():
      path.unlink()
    (own / name).rmdir()
  data = load(own)
  counts = [[len(read) for read in real(data, split).values()] for split in SPLITS]
  assert counts == [[14, 6], [2, 1], [4, 2]]
  assert ['set is' in note for note in data.notes] == [True, True]


def test_folders_inside_of_a_domain_are_no_classes(own):
  draw(own / 'trainA' / 'old', 5, 60)
  draw(own / 'trainA' / 'new', 5, 70)
  (own / 'trainB' / 'notes.txt').touch()
  draw(own / 'train', 1, 0)
  data = load(own)
  assert data.spec.classes == ()
  assert sum(len(real(data, split)['first']) for split in SPLITS[:2]) == 30
  assert data.notes[-1] == (
    'Passed over in the folder: 2 (no image by the suffix: 1, which is '
    'trainB/notes.txt; no split by the name: 1, which is train).'
  )


def test_streamed_domains_are_the_resident_ones(own):
  one, other = load(own), load(own, resident_bytes=0)
  for step in range(4, 7):
    batch, of = (data.take(data.feed(KEY, step), KEY, step) for data in (one, other))
    jax.tree.map(np.testing.assert_array_equal, batch, of)
  for split in SPLITS:
    assert real(one, split) == real(other, split)


@pytest.mark.parametrize(
  'changed', ['trainA/003.png', 'trainB/003.bmp', 'testB/003.gif']
)
def test_every_file_counts_for_the_identity_of_a_run(changed, own):
  before = load(own, resident_bytes=0)
  digests = dict(before.digests())
  content = (own / changed).read_bytes()
  Image.new('RGB', (20, 16), (77, 78, 79)).save(own / changed)
  assert load(own, resident_bytes=0).digests() != digests
  (own / changed).write_bytes(content + b'\0')
  assert load(own).spec.source != before.spec.source
  assert before.spec.source.startswith('folder/')


def test_batches_of_the_judges_are_larger_as_far_as_the_images_go(own):
  c = config.Config(dataset='folder', data_dir=str(own), batch_size=2)
  sizes = [
    len(unpaired.load(c, 16, least=least).spec.batch.x['first']) for least in (0, 3, 64)
  ]
  assert sizes == [2, 3, 4]


def test_judges_of_images_without_classes_are_of_their_domains_alone(own):
  by = judged.judges(load(own), 1)
  assert by.classes == {}


def test_a_second_start_reads_no_file_of_either_domain(own, tmp_path, monkeypatch):
  monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
  monkeypatch.setattr(contents, 'SETTLED', -60)  # all files are old enough
  before = load(own, resident_bytes=0).digests()
  monkeypatch.setattr(pillow, 'read', None)
  assert load(own, resident_bytes=0).digests() == before


def emptied(root, name):
  for path in (root / name).iterdir():
    path.unlink()


def removed(root, name):
  emptied(root, name)
  (root / name).rmdir()


def unreadable(root, name):
  (root / name).write_text('no image')


@pytest.mark.parametrize(
  ('fault', 'name', 'words'),
  [
    (removed, 'trainA', r'own, which has no folder trainA; give .*DIR/trainA and .*B$'),
    (removed, 'trainB', r'own, which has no folder trainB; give .*DIR/trainA and .*B$'),
    (removed, 'testA', r'has no folder testA; .*DIR/testA .*DIR/testB, or remove both'),
    (removed, 'testB', r'has no folder testB; .*DIR/testA .*DIR/testB, or remove both'),
    (emptied, 'trainB', r'trainB holds no image of a format that Pillow reads; add'),
    (emptied, 'testA', r'testA holds no image of a format that Pillow reads; add'),
    (unreadable, 'trainB/004.bmp', r'trainB/004\.bmp is not an image that Pillow can'),
  ],
)
def test_domains_that_will_not_do_are_refused_in_words(own, fault, name, words):
  fault(own, name)
  with pytest.raises(UserError, match=words) as raised:
    load(own).feed(KEY, 0)
  assert '\n' not in str(raised.value)


@pytest.mark.parametrize('batch_size', [12, 30])  # larger than one domain; than both
def test_a_batch_that_is_too_large_is_refused_with_the_smallest_folder(own, batch_size):
  words = f'{own / "trainB"} has 8 training examples; --batch_size=8 is the most'
  with pytest.raises(UserError, match=words):
    load(own, batch_size=batch_size).feed(KEY, 0)


def test_the_other_domain_may_be_the_smaller_one(own):
  draw(own / 'trainB', 30, 101, 'bmp')
  with pytest.raises(UserError, match='trainA has 18 training examples'):
    load(own, batch_size=30).feed(KEY, 0)


def test_no_folder_is_refused_in_words(tmp_path):
  for data_dir in ('', str(tmp_path / 'nowhere')):
    with pytest.raises(UserError, match='which has no folder trainA; give --data_dir'):
      load(data_dir)


def test_labels_of_domains_say_which_an_image_is_of(own):
  for batch in unpaired.domain_labelled(load(own)).splits['validation']():
    bright = np.array(greys(batch.x)) > 100
    there = np.asarray(batch.weight) > 0
    np.testing.assert_array_equal(np.asarray(batch.y)[there] == 1, bright[there])
