"""Scenes with captions: from an image to a sentence.

Shapes: B batch, S pixels of a side, T = `LENGTH` tokens.
"""

import collections
import functools

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import batches, scenes, warps, wording
from dl_core.types import Batch, Data, Spec

LENGTH = 10  # of the longest caption with its stop token
SIZE = 32  # rows of the vocabulary; 23 are filled
SEED = 0  # of all scenes


def load(c: Config, warp: float = 0.0) -> Data:
  """Makes the Data of scenes and their captions.

  Batches hold x = {'image': float32 [B, S, S, 1] in [0, 1], 'words': int32 [B, T], the
  token before each of the caption}, y int32 [B, T], the tokens of the caption and a
  stop token, and weight float32 [B, T], 0 after that.

  Args:
    c: `data_dir` and `batch_size` are used.
    warp: see `warps.warped`.
  """
  digits = scenes.source(c.data_dir)
  ink = scenes.ink(digits)
  source = f'{digits.source}, scenes {scenes.VERSION}'
  words = wording.of(source, SIZE, every_word)

  def load_split(split):
    drawn = [
      scenes.draw(scenes.generator(SEED, split, number), ink(split))
      for number in range(scenes.COUNTS[split])
    ]
    texts = list(map(scenes.caption, drawn))
    y, weight = wording.padded(words.vocabulary(), texts, LENGTH, ended=True)
    images = np.stack([scene.image for scene in drawn])[..., None]
    return {'image': images, 'words': wording.shifted(words.vocabulary(), y)}, y, weight

  of = functools.partial(jax.ShapeDtypeStruct, (c.batch_size, LENGTH))
  side = (scenes.SIDE, scenes.SIDE, 1)
  image = jax.ShapeDtypeStruct((c.batch_size, *side), np.float32)
  batch = Batch({'image': image, 'words': of(np.int32)}, of(np.int32), of(np.float32))
  limits = Batch({'image': 0, 'words': SIZE}, SIZE, 0)
  spec = Spec(
    batch,
    f'{source}, {words.tag}',
    tokens=LENGTH,
    channels=1,
    native=side[:2],
    limits=limits,
  )
  data = batches.resident(
    spec,
    load_split,
    prepare=lambda x: x | {'image': x['image'].astype(np.float32) / np.float32(255)},
    augment=warps.warped(warp),
    baseline=most_frequent,
    read=lambda path: {
      'image': scenes.read(path),
      'words': np.zeros(LENGTH, np.int32),
    },
    notes=digits.notes,
  )
  return data._replace(write=words.write, files=words.files)


def every_word() -> str:
  """Returns a text of all words of all captions."""
  named = [f'{scenes.article(word)} {word}' for word in scenes.WORDS]
  return '\n'.join(f'{a} and {b} left of {a} above {b}' for a in named for b in named)


def most_frequent(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
  """Scores the constant answer: the most frequent caption of training."""
  counts = collections.Counter(map(bytes, train))
  best = max(counts, key=lambda caption: (counts[caption], caption))
  return {'exact': float(np.mean([bytes(caption) == best for caption in test]))}


def count(text: str) -> int:
  """Returns how many digits a caption names."""
  return sum(word in scenes.WORDS for word in text.split())
