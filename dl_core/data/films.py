"""Films of a handwritten digit that slides through the frame, labelled frame by frame.

The digit comes in from a random side, is whole in the middle and slides out on the
other side. In every second film it is exchanged for another digit at a random frame. A
frame is labelled with the digit that it shows, however little of it can be seen.

Shapes: B batch, T = `FRAMES` frames, S = `SIDE` pixels, D pixels of a digit.
"""

import functools

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import batches, pillow, reels, scenes
from dl_core.types import Batch, Data, Spec

FRAMES, SIDE = 12, 16
COUNTS = {'train': 5_000, 'validation': 500, 'test': 1_000}
SEED = 1  # of all films
VERSION = 1  # of what is drawn; raised whenever that changes
LANE = 4  # pixels: the most by which a digit's way misses the middle of the frame


def load(c: Config) -> Data:
  """Makes the Data of films.

  Batches hold x float32 [B, T, S, S, 1] in [0, 1], y int32 [B, T], weight float32
  [B, T].

  Args:
    c: `data_dir` and `batch_size` are used.
  """
  digits = scenes.source(c.data_dir)
  ink = scenes.ink(digits)

  def load_split(split):
    films = [
      draw(scenes.generator(SEED, split, number), ink(split))
      for number in range(COUNTS[split])
    ]
    x, y = map(np.stack, zip(*films, strict=True))
    return x[..., None], y

  of = functools.partial(jax.ShapeDtypeStruct, (c.batch_size, FRAMES))
  x = jax.ShapeDtypeStruct((c.batch_size, FRAMES, SIDE, SIDE, 1), np.float32)
  spec = Spec(
    Batch(x, of(np.int32), of(np.float32)),
    f'{digits.source}, films {VERSION}',
    digits.classes,
    channels=1,
    native=(SIDE, SIDE),
  )
  return batches.resident(
    spec,
    load_split,
    prepare=lambda x: x.astype(np.float32) / np.float32(255),
    baseline=lambda train, test: {
      'accuracy': float(np.mean(test == np.bincount(train.ravel()).argmax()))
    },
    read=lambda path: reels.read(path, FRAMES, pillow.Frame((SIDE, SIDE, 1))),
    notes=digits.notes,
  )


def draw(
  random: np.random.RandomState, ink: scenes.Ink
) -> tuple[np.ndarray, np.ndarray]:
  """Draws a film: frames uint8 [T, S, S] and the digit of each int32 [T]."""
  digit, size = random.randint(len(ink.of)), scenes.DIGIT
  digits = np.full(FRAMES, digit, np.int32)
  if random.randint(2):
    digits[random.randint(1, FRAMES) :] = (digit + random.randint(1, 10)) % 10
  images = {
    int(one): ink.images[scenes.chosen(random, ink.of[one])]
    for one in np.unique(digits)
  }
  middle = (SIDE - size) // 2
  lane = middle + random.randint(-LANE, LANE + 1)
  # One column of the digit is in the first frame, and one in the last.
  way = np.round(np.linspace(1 - size, SIDE - 1, FRAMES)).astype(int)
  way = way[:: 1 - 2 * random.randint(2)]
  upright = random.randint(2)
  frames = np.zeros((FRAMES, SIDE + 2 * size, SIDE + 2 * size), np.uint8)
  for frame, place, one in zip(frames, way, digits.tolist(), strict=True):
    top, left = (place, lane) if upright else (lane, place)
    frame[size + top : 2 * size + top, size + left : 2 * size + left] = images[one]
  return frames[:, size:-size, size:-size], digits
