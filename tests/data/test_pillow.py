import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from dl_core.data import modes, pillow
from dl_core.types import UserError


def opened(content, name='a.png', shape=(1, 4, 1)):
  """Decodes a file and frames it, as training and `--predict` do."""
  return pillow.fitted(pillow.decoded(pillow.File(name, content)), shape)


def png(bits, kind, row, transparent):
  """Writes a PNG of one row of 4 pixels, in a depth that Pillow does not write."""

  def chunk(name, content):
    checked = name + content
    return (
      struct.pack('>I', len(content)) + checked + struct.pack('>I', zlib.crc32(checked))
    )

  header = struct.pack('>IIBBBBB', 4, 1, bits, kind, 0, 0, 0)
  return b'\x89PNG\r\n\x1a\n' + b''.join(
    (
      chunk(b'IHDR', header),
      chunk(b'tRNS', struct.pack(f'>{len(transparent)}H', *transparent)),
      chunk(b'IDAT', zlib.compress(b'\0' + row)),
      chunk(b'IEND', b''),
    )
  )


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


EXACT = ('1', 'L', 'LA', 'La', 'P', 'PA', 'RGB', 'RGBA', 'RGBa', 'RGBX', 'CMYK', 'HSV')


@pytest.mark.parametrize('mode', [*EXACT, 'YCbCr', 'LAB', 'I'])
@pytest.mark.parametrize('grey', [0, 255])
def test_every_mode_of_8_bits_is_read(mode, grey):
  rgb = Image.new('RGB', (32, 32), (grey,) * 3)
  via = {'LA': 'L', 'La': 'LA', 'PA': 'P', 'RGBa': 'RGBA', 'I': 'L'}.get(mode, 'RGB')
  image = rgb.convert('LA' if mode == 'La' else via).convert(mode)
  assert image.mode == mode
  for channels in (1, 3):
    found = pillow.fitted(modes.opaque(image, 'a'), (32, 32, channels)).astype(int)
    assert np.abs(found - grey).max() <= (0 if mode in EXACT or mode == 'I' else 3)


@pytest.mark.parametrize('mode', ['I;16', 'I;16B', 'I;16L', 'I;16N'])
def test_of_16_bits_the_upper_8_are_kept(mode):
  image = Image.new(mode, (32, 32), 0x40FF)
  for channels in (1, 3):
    found = pillow.fitted(modes.opaque(image, 'a'), (32, 32, channels))
    assert (found == 0x40).all()


def test_a_grey_of_16_bits_is_not_clipped_by_a_transparent_value(encoded):
  row = np.array([[0, 300, 0x40FF, 0xFFFF]], np.uint16)
  plain = encoded(Image.fromarray(row), 'png')
  assert opened(plain).ravel().tolist() == [0, 1, 0x40, 0xFF]
  transparent = encoded(Image.fromarray(row), 'png', transparency=300)
  assert opened(transparent).ravel().tolist() == [0, 255, 0x40, 0xFF]


@pytest.mark.parametrize(
  ('content', 'wanted'),
  [
    (png(2, 0, bytes([0b00011011]), [1]), [0, 255, 170, 255]),
    (png(4, 0, bytes([0x03, 0x8F]), [3]), [0, 255, 136, 255]),
    (png(1, 0, bytes([0b01010000]), [0]), [255] * 4),
    (png(8, 0, bytes([0, 9, 90, 255]), [9]), [0, 255, 90, 255]),
    (png(8, 2, bytes([0] * 3 + [9] * 3 + [90] * 6), [9] * 3), [0, 255, 90, 90]),
  ],
)
def test_the_transparent_value_is_found_at_every_depth(content, wanted):
  assert opened(content).ravel().tolist() == wanted


@pytest.mark.parametrize('most', [1_023, 65_535])
def test_a_pgm_of_more_than_8_bits_is_scaled(most):
  row = struct.pack('>4H', 0, most // 4, most // 2, most)
  found = opened(b'P5 4 1 %d\n' % most + row, 'a.pgm').ravel().tolist()
  assert found == pytest.approx([0, 63.75, 127.5, 255], abs=1)


@pytest.mark.parametrize('values', [[0, 3, 200, 255], [0, 300, 20_000, 65_535]])
@pytest.mark.parametrize('kind', ['png', 'ppm', 'tiff', 'jpeg2000'])
def test_16_bits_mean_the_same_in_every_format_however_dark(values, kind, encoded):
  row = Image.fromarray(np.array([values] * 4, np.uint16))
  found = opened(encoded(row, kind), f'a.{kind}', (4, 4, 1))
  np.testing.assert_array_equal(found[..., 0], [[value >> 8 for value in values]] * 4)


def test_colours_of_16_bits_keep_their_upper_8():
  pixels = [0, 300, 40_000, 65_535] * 3
  file = b'P6 4 1 65535\n' + struct.pack('>12H', *pixels)
  found = opened(file, 'a.ppm', (1, 4, 3)).ravel()
  np.testing.assert_allclose(found, np.array(pixels) / 257, atol=1)


def wide(values, kind):
  return Image.fromarray(np.array([values], kind))


@pytest.mark.parametrize(
  ('image', 'options', 'words'),
  [
    (wide([0, 70_000], np.int32), {}, 'has integers from 0 to 70000, whose scale'),
    (wide([-1, 255], np.int32), {}, 'has integers from -1 to 255, whose scale'),
    (wide([0, 1], np.float32), {}, 'has pixels of mode F, whose scale is not known'),
    (
      wide([0, 65_535], np.uint16),
      {'tiffinfo': {262: 0}},
      'has more than 8 bits in which white is 0',
    ),
  ],
)
def test_pixels_without_a_known_scale_are_refused_by_name(
  image, options, words, encoded
):
  with pytest.raises(UserError, match=rf'^ant/a\.tif {words}.*; save it') as raised:
    opened(encoded(image, 'tiff', **options), 'ant/a.tif')
  assert '\n' not in str(raised.value)


def test_a_transparent_colour_of_16_bits_is_refused_by_name():
  row = struct.pack('>12H', *[300] * 3, *[40_000] * 9)
  with pytest.raises(UserError, match=r'^a\.png has a transparent colour of 16 bits'):
    opened(png(16, 2, row, [40_000] * 3))


def test_transparent_pixels_are_white():
  image = Image.new('RGBA', (32, 32), (0, 0, 0, 0))
  image.paste((0, 0, 0, 255), (0, 0, 16, 32))
  for mode in ('RGBA', 'RGBa', 'LA', 'La', 'PA'):
    given = image.convert('LA').convert(mode) if mode == 'La' else image
    if mode == 'PA':  # Pillow makes none of RGBA
      given = image.convert('L').convert('PA')
      given.putalpha(image.getchannel('A'))
    given = given if given.mode == mode else given.convert(mode)
    found = pillow.fitted(modes.opaque(given, 'a'), (32, 32, 1))[..., 0]
    assert (found[:, :16] == 0).all()
    assert (found[:, 16:] == 255).all()


def test_a_transparent_entry_of_a_palette_is_white(encoded):
  image = Image.new('P', (4, 1))
  image.putpalette([0, 0, 0, 9, 9, 9, 90, 90, 90, 200, 200, 200])
  image.putdata([0, 1, 2, 3])
  for kind in ('png', 'gif'):
    found = opened(encoded(image, kind, transparency=1), f'a.{kind}').ravel()
    assert found.tolist() == [0, 255, 90, 200]


def test_of_an_animation_the_first_frame_is_read(encoded):
  frames = [Image.new('L', (4, 1), grey) for grey in (20, 200)]
  for kind in ('gif', 'png', 'tiff'):
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert opened(content, f'a.{kind}').ravel().tolist() == [20] * 4


@pytest.mark.parametrize('size', [(2_600, 20), (20, 2_600), (5_000, 1), (1, 5_000)])
def test_an_image_much_longer_than_wide_stays_at_least_a_pixel_wide(size):
  image = Image.new('L', size, 200)
  found = pillow.fitted(image, (32, 32, 1))[..., 0]
  line = found.max(0 if size[0] > size[1] else 1)
  np.testing.assert_array_equal(line, np.full(32, 200))
  assert (pillow.covering(image, (32, 32, 1)) == 200).all()


def test_a_photograph_is_turned_as_its_camera_says(encoded):
  image = Image.new('L', (32, 32))
  image.paste(255, (0, 0, 32, 16))  # white above
  exif = Image.Exif()
  exif[0x0112] = 6  # to be turned a quarter clockwise
  file = pillow.File('photo', encoded(image, 'jpeg', exif=exif))
  found = pillow.fitted(pillow.decoded(file), (32, 32, 1))[..., 0]
  assert found[:, :14].max() < 50
  assert found[:, 18:].min() > 200


@pytest.mark.parametrize('kind', ['jpeg', 'png', 'tiff'])
@pytest.mark.parametrize('turn', [1, 3, 6])
def test_the_sides_of_a_photograph_are_known_without_its_pixels(
  kind, turn, encoded, monkeypatch
):
  exif = Image.Exif()
  exif[0x0112] = turn
  file = pillow.File('photo', encoded(Image.new('L', (30, 20)), kind, exif=exif))
  plain = pillow.File('plain', encoded(Image.new('L', (30, 20)), kind))
  wanted = pillow.decoded(file).size
  monkeypatch.setattr(ImageFile.ImageFile, 'load', None)
  assert pillow.sides(file) == wanted == ((20, 30) if turn == 6 else (30, 20))
  assert pillow.sides(plain) == (30, 20)


def test_what_is_no_image_has_no_sides():
  with pytest.raises(UserError, match=r'mine.png is not an image that Pillow'):
    pillow.sides(pillow.File('mine.png', b'no image'))


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
