"""Spaces of colours: RGB [..., 3] in [0, 1] to three channels of about that range."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

# sRGB to XYZ, and the white point D65 (IEC 61966-2-1).
XYZ = np.array(
  [
    [0.412453, 0.357580, 0.180423],
    [0.212671, 0.715160, 0.072169],
    [0.019334, 0.119193, 0.950227],
  ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def hsv(rgb: np.ndarray) -> np.ndarray:
  """Returns hue, saturation and value; the hue of a grey is 0."""
  most, least = rgb.max(axis=-1), rgb.min(axis=-1)
  span = most - least
  safe = np.where(span > 0, span, 1)
  red, green, blue = (rgb[..., n] for n in range(3))
  hue = np.select(
    [most == red, most == green],
    [((green - blue) / safe) % 6, (blue - red) / safe + 2],
    (red - green) / safe + 4,
  )
  hue = np.where(span > 0, hue / 6, 0)
  return np.stack([hue, span / np.where(most > 0, most, 1), most], axis=-1)


def lab(rgb: np.ndarray) -> np.ndarray:
  """Returns CIE L*a*b* divided by 100, of sRGB colours under D65."""
  linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
  xyz = linear @ XYZ.T / WHITE
  root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
  x, y, z = (root[..., n] for n in range(3))
  return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1) / 100


SPACES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = MappingProxyType(
  {'rgb': lambda rgb: rgb, 'hsv': hsv, 'lab': lab}
)
