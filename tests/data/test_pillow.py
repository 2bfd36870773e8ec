import numpy as np
import pytest
from PIL import Image

from dl_core.data import pillow
from dl_core.types import UserError


def test_a_slightly_smaller_image_is_centred_in_zeros():
  image = np.random.RandomState(0).randint(1, 256, (28, 26)).astype(np.uint8)
  found = pillow.fitted(Image.fromarray(image), (32, 32, 1))
  np.testing.assert_array_equal(found[2:30, 3:29, 0], image)
  assert found.sum() == image.sum()


def test_an_image_of_the_size_is_kept():
  image = np.random.RandomState(0).randint(0, 256, (32, 32, 3)).astype(np.uint8)
  np.testing.assert_array_equal(
    pillow.fitted(Image.fromarray(image), (32, 32, 3)), image
  )


def test_other_sizes_are_scaled_evenly_and_nothing_is_cut_off():
  for height, width in ((8, 8), (64, 30), (30, 64), (20, 30), (30, 20), (300, 700)):
    found = pillow.fitted(Image.new('L', (width, height), 200), (32, 32, 1))[..., 0]
    rows, columns = (np.flatnonzero(found.any(axis)) for axis in (1, 0))
    assert (found[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == 200).all()
    assert max(len(rows), len(columns)) == 32
    assert len(rows) / len(columns) == pytest.approx(height / width, rel=0.1)


def test_grey_becomes_colour_and_colour_grey():
  grey = Image.new('L', (32, 32), 77)
  assert (pillow.fitted(grey, (32, 32, 3)) == 77).all()
  colour = Image.new('RGB', (32, 32), (255, 0, 0))
  assert (pillow.fitted(colour, (32, 32, 1)) == 76).all()  # ITU-R 601: 0.299 of red


@pytest.mark.parametrize('mode', ['RGBA', 'LA', 'PA', 'P', '1', 'CMYK', 'I'])
def test_every_mode_is_read(mode):
  image = Image.new('L' if mode in ('LA', 'I') else 'RGB', (32, 32), 'white')
  image = image.convert('P').convert('PA') if mode == 'PA' else image.convert(mode)
  for channels in (1, 3):
    assert (pillow.fitted(image, (32, 32, channels)) == 255).all()


def test_of_16_bits_the_upper_8_are_kept():
  image = Image.fromarray(np.full((32, 32), 0x40FF, np.uint16))
  for channels in (1, 3):
    assert (pillow.fitted(image, (32, 32, channels)) == 0x40).all()


def test_transparent_pixels_are_white():
  image = Image.new('RGBA', (32, 32), (0, 0, 0, 0))
  image.paste((0, 0, 0, 255), (0, 0, 16, 32))
  found = pillow.fitted(image, (32, 32, 1))[..., 0]
  assert (found[:, :16] == 0).all()
  assert (found[:, 16:] == 255).all()


def test_a_photograph_is_turned_as_its_camera_says(encoded):
  image = Image.new('L', (32, 32))
  image.paste(255, (0, 0, 32, 16))  # white above
  exif = Image.Exif()
  exif[0x0112] = 6  # to be turned a quarter clockwise
  file = pillow.File('photo', encoded(image, 'jpeg', exif=exif))
  found = pillow.fitted(pillow.decoded(file), (32, 32, 1))[..., 0]
  assert found[:, :14].max() < 50
  assert found[:, 18:].min() > 200


@pytest.mark.parametrize('size', [12, 200], ids=['serially', 'in threads'])
def test_images_are_stacked_in_their_order(size, encoded):
  random = np.random.RandomState(0)
  arrays = random.randint(0, 256, (600, size, size, 1)).astype(np.uint8)
  files = [
    pillow.File('', encoded(Image.fromarray(a[..., 0]), 'png', compress_level=0))
    for a in arrays
  ]
  assert (len(files[0].content) > pillow.SMALL) == (size == 200)
  np.testing.assert_array_equal(
    pillow.stacked(iter(files), 600, pillow.Frame((size, size, 1))), arrays
  )


@pytest.mark.parametrize(
  ('content', 'reason'),
  [
    (b'dear reader', ''),
    (b'', ''),
    ('png', r' \(.+\)'),
    ('jpeg', r' \(image file is truncated .*\)'),
    ('gif', r'( \(.+\))?'),
  ],
)
def test_what_is_no_whole_image_is_refused_in_words(content, reason, encoded):
  if isinstance(content, str):
    noise = np.random.RandomState(0).randint(0, 256, (90, 90)).astype(np.uint8)
    content = encoded(Image.fromarray(noise), content)[:-900]
  wanted = rf'^a\.png is not an image that Pillow can read{reason}; give a PNG, JPEG'
  with pytest.raises(UserError, match=wanted):
    pillow.decoded(pillow.File('a.png', content))


def test_a_file_that_cannot_be_read_is_told_in_words(tmp_path):
  with pytest.raises(UserError, match=r'a\.png cannot be read \(No such file'):
    pillow.read(str(tmp_path / 'a.png'))
  with pytest.raises(
    UserError, match=r'cannot be read \(Is a directory\); give the pa'
  ):
    pillow.read(str(tmp_path))


def striped(height, width):
  """Grey, but for what overhangs a square at both ends, which is black."""
  image = np.full((height, width, 3), 128, np.uint8)
  over = abs(height - width) // 2
  if over and height > width:
    image[:over] = image[-over:] = 0
  elif over:
    image[:, :over] = image[:, -over:] = 0
  return Image.fromarray(image)


@pytest.mark.parametrize('sides', [(50, 90), (91, 50), (32, 32), (10, 20), (400, 33)])
def test_what_covers_its_frame_shows_its_own_middle_without_a_border(sides):
  found = pillow.covering(striped(*sides), (32, 32, 3))
  assert found.shape == (32, 32, 3)
  # Scaling blurs the edge of what is cut off over at most a pixel of either.
  reach = 1 + 32 // min(sides)
  np.testing.assert_array_equal(found[reach:-reach, reach:-reach], 128)
  assert found.min() > 40


def test_an_image_of_the_shape_covers_it_unchanged():
  image = np.random.RandomState(0).randint(0, 256, (20, 30, 3)).astype(np.uint8)
  found = pillow.covering(Image.fromarray(image), (20, 30, 3))
  np.testing.assert_array_equal(found, image)


def test_a_frame_says_whether_what_overhangs_is_cut_off():
  image = striped(32, 64)
  for cut, make in ((False, pillow.fitted), (True, pillow.covering)):
    found = pillow.framed(image, pillow.Frame((32, 32, 3), cut))
    np.testing.assert_array_equal(found, make(image, (32, 32, 3)))
    assert (found[:8] == 0).all() != cut  # the border that `fitted` adds
