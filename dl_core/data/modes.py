"""Any mode of a Pillow image to 8 bits a channel, without transparency.

Pillow's own conversions clip what has more than 8 bits, so wide pixels are scaled here,
by the number of bits that their file format fixes. Where no format fixes a scale (32
bits, floating point), an image is refused rather than guessed at.
"""

from typing import Any

import numpy as np

from dl_core.types import UserError

NARROW = frozenset({'1', 'L', 'P', 'RGB', 'RGBX', 'CMYK', 'YCbCr', 'HSV'})  # 8 bits
UNITS = {'L;2': 85, 'L;4': 17}  # PNG: one step of a grey of 2 or 4 bits, in 8 bits
SIXTEEN = frozenset({'PNG', 'PPM'})  # formats whose mode I has 16 bits
WHITE_IS_ZERO = (262, 0)  # TIFF's tag PhotometricInterpretation


def layout_of(image: Any) -> str:
  """Returns the layout of the pixels in an image's file ('L;2'), before it is loaded.

  '' where the format declares none.
  """
  arguments = image.tile[0].args if image.tile else ''
  first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
  return first if isinstance(first, str) else ''


def opaque(image: Any, name: str, layout: str = '') -> Any:
  """Returns a Pillow image of 8 bits a channel; transparent pixels become white.

  Args:
    image: loaded.
    name: of its file, for errors.
    layout: see `layout_of`.

  Raises:
    UserError: no scale is known for its pixels.
  """
  from PIL import Image

  if image.mode.startswith('I'):
    return Image.fromarray(_scaled(image, name, layout))
  if image.mode == 'LAB':
    return image.convert('RGB')
  if image.has_transparency_data:
    if layout.startswith('RGB;16') and 'transparency' in image.info:
      raise _refused(
        name, 'a transparent colour of 16 bits, whose lower 8 Pillow drops'
      )
    if layout in UNITS and 'transparency' in image.info:
      image.info['transparency'] *= UNITS[layout]
    if image.mode == 'La':  # premultiplied; Pillow converts it to LA alone
      image = image.convert('LA')
    image = image.convert('RGBA')
    return Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
  if image.mode not in NARROW:
    raise _refused(name, f'pixels of mode {image.mode}, whose scale is not known')
  return image


def _scaled(image: Any, name: str, layout: str) -> np.ndarray:
  """Returns uint8 [H, W] of integer pixels; of 16 bits the upper 8 are kept."""
  tag, value = WHITE_IS_ZERO
  if getattr(image, 'tag_v2', {}).get(tag) == value:
    raise _refused(name, 'more than 8 bits in which white is 0')
  pixels = np.asarray(image)
  wide = image.mode.startswith('I;16') or image.format in SIXTEEN
  most = (4_095 if layout == 'I;12' else 65_535) if wide else 255
  low, high = int(pixels.min()), int(pixels.max())
  if not 0 <= low <= high <= most:
    raise _refused(name, f'integers from {low} to {high}, whose scale is not known')
  grey = (pixels >> (most.bit_length() - 8)).astype(np.uint8)
  if 'transparency' in image.info:
    grey[pixels == image.info['transparency']] = 255
  return grey


def _refused(name: str, held: str) -> UserError:
  return UserError(
    f'{name} has {held}; save it with 8 or 16 bits a channel, as a PNG for example'
  )
