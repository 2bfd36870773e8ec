"""Annotations of images in the layout of PASCAL VOC: one XML file an image.

Everingham et al. 2010, https://doi.org/10.1007/s11263-009-0275-4. VOC counts pixels
from 1 and its boxes include their last pixel. A set that counts from 0 read as VOC's
begins at -1; a box without width has an infinite logarithm, which is why a detector's
loss is not a number after some hundred steps: bad boxes are reported by file and
object before training.

Shapes: n objects of an image.
"""

import math
import xml.etree.ElementTree as ElementTree
from typing import NamedTuple

import numpy as np

from dl_core.types import UserError


class Annotation(NamedTuple):
  """The content of an annotation file.

  Attributes:
    name: of the annotation's file.
    image: file name of the image.
    names: the class of each object.
    boxes: float64 [n, 4], left, top, right, bottom in pixels, the last two excluded.
    difficult: bool [n].
    bad: sentences about objects whose boxes are left out.
  """

  name: str
  image: str
  names: tuple[str, ...]
  boxes: np.ndarray
  difficult: np.ndarray
  bad: tuple[str, ...] = ()


def parsed(name: str, content: str | bytes, first: int = 1) -> Annotation:
  """Reads an annotation; objects with bad boxes are left out and described in `bad`.

  Args:
    name: what to call the file in words.
    content: XML.
    first: number of the first pixel: 1 in VOC's own annotations, 0 in others.

  Raises:
    UserError: the file is not an annotation.
  """
  try:
    root = ElementTree.fromstring(content)
    if root.tag != 'annotation':
      raise ValueError(f'its root is {root.tag}, not annotation')
    size = root.find('size')
    sides = [0.0, 0.0]
    if size is not None:
      sides = [_number(size, side) for side in ('width', 'height')]
    image = root.findtext('filename', '').strip()
    found = [_object(each) for each in root.findall('object')]
  except (ElementTree.ParseError, LookupError, ValueError) as error:  # or its encoding
    raise UserError(
      f'{name} is no annotation of VOC ({error}); it should be XML with a filename, a '
      'size, and objects with a name and a bndbox of xmin, ymin, xmax and ymax'
    ) from error
  names, boxes, difficult, bad = [], [], [], []
  for number, (label, corners, hard) in enumerate(found, start=1):
    if reason := wrong(corners, sides, first):
      read = ', '.join(f'{value:g}' for value in corners)
      bad.append(f'object {number} ({label}) of {name} has the box {read}, {reason}')
      continue
    low = [value - first for value in corners[:2]]
    boxes.append([*low, *(value - first + 1 for value in corners[2:])])
    names.append(label)
    difficult.append(hard)
  return Annotation(
    name,
    image,
    tuple(names),
    np.array(boxes, np.float64).reshape(-1, 4),
    np.array(difficult, bool),
    tuple(bad),
  )


def wrong(corners: list[float], sides: list[float], first: int) -> str:
  """Returns what is wrong with a box as it was read, or ''.

  Args:
    corners: xmin, ymin, xmax, ymax, the last pixels included.
    sides: width and height of the image, 0 where they are not known.
    first: number of the first pixel.
  """
  left, top, right, bottom = corners
  if right < left or bottom < top:
    return 'which is reversed: xmax is below xmin, or ymax below ymin'
  if right == left or bottom == top:
    return 'which has no width or no height'
  if min(left, top) < first:
    return f'which begins before the first pixel, {first}' + (
      '; if the set counts from 0, give --first_pixel=0' if first else ''
    )
  width, height = (side - 1 + first if side else np.inf for side in sides)
  if right > width or bottom > height:
    return f'which reaches beyond the {sides[0]:g} x {sides[1]:g} pixels of its image'
  return ''


def _object(node: ElementTree.Element) -> tuple[str, list[float], bool]:
  box = node.find('bndbox')
  if box is None:
    raise ValueError('an object has no bndbox')
  corners = [_number(box, side) for side in ('xmin', 'ymin', 'xmax', 'ymax')]
  hard = node.findtext('difficult', '0').strip() == '1'
  name = node.findtext('name', '').strip()
  if not name:
    raise ValueError('an object has no name')
  return name, corners, hard


def _number(node: ElementTree.Element, name: str) -> float:
  text = node.findtext(name)
  if text is None:
    raise ValueError(f'a {node.tag} has no {name}')
  try:
    value = float(text)
  except ValueError:
    value = math.nan
  if not math.isfinite(value):
    raise ValueError(f'{name} of a {node.tag} is {text.strip() or "empty"}, no number')
  return value
