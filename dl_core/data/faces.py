"""Draws faces that smile or not, with and without glasses, with short or long hair.

The lecture on adversarial networks adds and subtracts smiles and glasses of photographs
of people. These faces are drawn, so what each of them shows is known: three traits that
it has or has not, which make eight kinds, and others that vary continuously: tone of
the skin, shade of the hair, colours of the ground and of the shirt, and pose. All are
independent of one another.

A face is a function of its traits, which are a function of (split, number). They are
drawn in NumPy from `RandomState`, whose stream is frozen, and painted without
trigonometry or matrix products, whose last bits differ between machines.

Shapes: S = `SIDE` pixels of a side, N faces.
"""

from typing import Any, NamedTuple

import numpy as np

from dl_core.data import sources

SIDE = 32
SPLITS = {'train': 6_144, 'validation': 512, 'test': 1_024}
PARTS = ('long hair', 'glasses', 'smile')  # bits of a kind, the highest first
SKIN = np.array([(0.98, 0.84, 0.72), (0.42, 0.26, 0.17)])  # of tone 0 and of tone 1
HAIR = np.array([(0.10, 0.07, 0.06), (0.90, 0.72, 0.38)])  # of shade 0 and of shade 1
FRAME = (0.05, 0.05, 0.12)  # colour of the frame of glasses
LIPS, TEETH, EYES = (0.62, 0.12, 0.16), (0.96, 0.95, 0.93), (0.08, 0.06, 0.10)
EYE = 3.4  # pixels from an eye to the middle of the face


class Pose(NamedTuple):
  """Where a face is and how it is turned.

  Attributes:
    right, down: offset of the middle of the face from that of the image, in pixels.
    size: factor of all lengths.
    turn: pixels by which eyes and mouth are right of the middle of the face.
  """

  right: float
  down: float
  size: float
  turn: float


class Traits(NamedTuple):
  """What a face shows.

  Attributes:
    long, glasses, smile: whether it has long hair, wears glasses, smiles.
    tone: of the skin, from 0, light, to 1, dark.
    shade: of the hair, from 0, dark, to 1, light.
    ground, shirt: colours [3] in [0, 1].
    pose: of the head.
  """

  long: bool
  glasses: bool
  smile: bool
  tone: float
  shade: float
  ground: np.ndarray
  shirt: np.ndarray
  pose: Pose

  @property
  def kind(self) -> int:
    """The number of the kind, whose bits are `PARTS`."""
    return 4 * self.long + 2 * self.glasses + self.smile


def generator(split: str, number: int) -> np.random.RandomState:
  """Returns the generator of one face; its stream is the same in every NumPy."""
  return np.random.RandomState([[*SPLITS].index(split), number])


def drawn(random: np.random.RandomState) -> Traits:
  """Draws the traits of a face; all kinds are equally likely."""
  long, glasses, smile = (bool(bit) for bit in random.randint(0, 2, 3))
  tone, shade = random.uniform(0, 1, 2)
  ground, shirt = random.uniform(0.15, 0.95, (2, 3))
  low, high = (-2, -1.5, 0.88, -1.5), (2, 1.5, 1.08, 1.5)
  pose = Pose(*map(float, random.uniform(low, high)))
  return Traits(long, glasses, smile, float(tone), float(shade), ground, shirt, pose)


def painted(traits: Traits) -> np.ndarray:
  """Paints a face, uint8 [S, S, 3]."""
  pose = traits.pose
  places = np.arange(SIDE) + 0.5 - SIDE / 2
  u = ((places - pose.right) / pose.size)[None]
  v = ((places + 0.5 - pose.down) / pose.size)[:, None]
  turned = u - pose.turn
  apart = np.abs(turned)  # the two halves of a face are alike
  skin = between(SKIN, traits.tone)
  hair = between(HAIR, traits.shade)
  light = 1 + 0.1 * (places / SIDE)[:, None, None]  # brighter towards the bottom
  image = np.broadcast_to(traits.ground * light, (SIDE, SIDE, 3)).copy()
  paint = lambda alpha, colour: blend(image, alpha, np.asarray(colour))
  if traits.long:
    paint(disc(u, v + 1, 10.8, 11.5), hair)
    paint(box(u, v - 6, 10.8, 8), hair)
  paint(disc(u, v - 19, 13.5, 8), traits.shirt)
  paint(box(u, v - 10, 2.8, 3.5), 0.85 * skin)
  if not traits.long:
    paint(disc(u, v + 2.5, 8.9, 9.2), hair)
  paint(disc(u, v, 7.8, 9.8), skin)
  paint(np.minimum(disc(u, v, 8.2, 10.2), soft(v + 5.2 + u * u / 40)), hair)
  paint(disc(apart - EYE, v + 0.8, 1.15, 1.35), EYES)
  paint(box(turned - 0.3 * pose.turn, v - 2.1, 0.5, 1.0), 0.72 * skin)
  mouth = v - 5
  if traits.smile:
    curve = 2.6 * (1 - (turned / 4) ** 2)
    paint(np.minimum(soft(-mouth - 0.4), soft(mouth - curve)), TEETH)
    lip = np.minimum(soft(np.abs(mouth - curve) - 0.55), soft(-mouth - 0.4))
    paint(np.minimum(lip, soft(apart - 4.2)), LIPS)
  else:
    paint(box(turned, mouth - 0.6, 2.7, 0.6), LIPS)
  if traits.glasses:
    paint(soft(np.abs(radius(apart - EYE, v + 0.8) - 2.5) - 0.5), FRAME)
    paint(box(turned, v + 0.8, 0.9, 0.5), FRAME)
  return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)


def between(ends: np.ndarray, share: float) -> np.ndarray:
  """Returns the colour [3] at a share of the way between two colours [2, 3]."""
  return ends[0] + share * (ends[1] - ends[0])


def blend(image: np.ndarray, alpha: np.ndarray, colour: np.ndarray) -> None:
  """Mixes a colour [3] into an image [S, S, 3] by shares alpha, in place."""
  image += np.broadcast_to(alpha, image.shape[:2])[..., None] * (colour - image)


def soft(distance: np.ndarray) -> np.ndarray:
  """Returns the share of a pixel inside a shape, of its distance to the outside."""
  return np.clip(0.5 - distance, 0, 1)


def radius(u: np.ndarray, v: np.ndarray) -> np.ndarray:
  """Returns the distance to the origin."""
  return np.sqrt(u * u + v * v)


def disc(u: np.ndarray, v: np.ndarray, wide: float, high: float) -> np.ndarray:
  """Returns the shares of pixels in an ellipse of two radii around the origin."""
  return soft((radius(u / wide, v / high) - 1) * min(wide, high))


def box(u: np.ndarray, v: np.ndarray, wide: float, high: float) -> np.ndarray:
  """Returns the shares of pixels in a rectangle of half sides around the origin."""
  return np.minimum(soft(np.abs(u) - wide), soft(np.abs(v) - high))


def named(kind: int) -> str:
  """Returns the name of a kind, such as 'long hair, smile'."""
  words = ['long hair' if kind & 4 else 'short hair']
  return ', '.join(words + ['glasses'] * (kind >> 1 & 1) + ['smile'] * (kind & 1))


KINDS = tuple(named(kind) for kind in range(2 ** len(PARTS)))


def parts(kinds: np.ndarray) -> np.ndarray:
  """Returns the bits [..., 3] of kinds [...], in the order of `PARTS`."""
  places = np.arange(len(PARTS))[::-1]
  return kinds[..., None] >> places & 1


def truth(data_dir: str, split: str) -> dict[str, np.ndarray]:
  """Returns what the faces of a prepared split show, without their images.

  Args:
    data_dir: see `sources.root`.
    split: its name.

  Returns:
    {'kind': int [N], 'tone': [N], 'shade': [N], 'ground': [N, 3], 'shirt': [N, 3],
    'pose': [N, 4]}, the last four float32, as in `Traits`.
  """
  declaration = sources.declare('faces', data_dir)
  rows: dict[str, list[Any]] = {}
  for example in sources.examples(declaration, split, encoded=('image',)):
    for name, value in example.items():
      rows.setdefault(name, []).append(value)
  names = ('tone', 'shade', 'ground', 'shirt', 'pose')
  found = {name: np.array(rows[name], np.float32) for name in names}
  return {'kind': np.array(rows['label'], np.int32)} | found
