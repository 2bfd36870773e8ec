"""Walks between two latents of a generator: is every image on the way one of its own?

Radford, Metz & Chintala 2015, https://arxiv.org/abs/1511.06434, section 6.1: where a
generator has learnt more than its training images by heart, an image changes gradually
along a walk, and every image on it is convincing. Each score stands beside a control:
the average of two images, which is convincing only by luck, and the walk over the
training images that are nearest to those of the generator, which jumps.

Shapes: N pairs of latents, Z latents, S pixels of a side, C channels.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from dl_core.interpret.judge import Judge
from dl_core.types import Claim, Data

PAIRS, WALKS, STOPS = 200, 20, 10  # pairs, those that are walked, images of a walk
LATENTS = 2 * PAIRS
KEPT, LONGEST = 0.9, 3.0  # least share of the confidence; most strides, in mean ones

Generate = Callable[[Any], np.ndarray]  # latents [N, Z] -> images [N, S, S, C]


class Walked(NamedTuple):
  """What was measured between pairs of latents.

  Attributes:
    images: of the walks, [WALKS, STOPS, S, S, C].
    ends, arc, line, average: mean confidence of the judge in the samples at the ends,
      in those halfway along the arc and along the straight line, and in the average of
      the two images.
    strides: mean change of a pixel in each stride, [WALKS, STOPS - 1], as a share of
      its range.
    nearest: the same, from one nearest training image to the next.
  """

  images: np.ndarray
  ends: float
  arc: float
  line: float
  average: float
  strides: np.ndarray
  nearest: np.ndarray


def slerp(a: np.ndarray, b: np.ndarray, share: float | np.ndarray) -> np.ndarray:
  """Returns sin((1 - t) ω)/sin ω · a + sin(t ω)/sin ω · b, ω the angle of a and b.

  Between two draws of N(0, I) the straight line passes nearer to 0 than draws do; this
  arc does not (White 2016, https://arxiv.org/abs/1609.04468).

  Args:
    a, b: latents [..., Z].
    share: t, a number or [..., 1].
  """
  size = lambda x: np.linalg.norm(x, axis=-1, keepdims=True)
  cosine = np.sum(a * b, axis=-1, keepdims=True) / (size(a) * size(b))
  angle = np.arccos(np.clip(cosine, -1, 1))
  straight = np.sin(angle) < 1e-6  # one direction: the arc is the line
  sine = np.where(straight, 1, np.sin(angle))
  start = np.where(straight, 1 - share, np.sin((1 - share) * angle) / sine)
  end = np.where(straight, share, np.sin(share * angle) / sine)
  return start * a + end * b


def walked(generate: Generate, judge: Judge, data: Data, z: np.ndarray) -> Walked:
  """Walks between pairs of latents.

  Args:
    generate: images in [-1, 1].
    judge: the classifier of samples.
    data: its training images are the control of the strides.
    z: latents [LATENTS, Z]; each two in turn are a pair.
  """
  pairs = z.reshape(PAIRS, 2, -1)
  shares = np.linspace(0, 1, STOPS)
  halfway = slerp(pairs[:, 0], pairs[:, 1], 0.5)
  walks = [slerp(a, b, share) for a, b in pairs[:WALKS] for share in shares]
  latents = np.concatenate([z, halfway, pairs.mean(axis=1), walks])
  images = generate(jnp.asarray(latents, jnp.float32))
  drawn, along = images[: LATENTS + 2 * PAIRS], images[LATENTS + 2 * PAIRS :]
  ends = drawn[:LATENTS].reshape(PAIRS, 2, *images.shape[1:])
  seen = judge.name(np.concatenate([drawn, ends.mean(axis=1)])).confidence
  rows = lambda found: found.reshape(WALKS, STOPS, *images.shape[1:])
  parts = np.split(seen, np.cumsum([LATENTS, PAIRS, PAIRS]))
  own, arc, line, average = (float(part.mean()) for part in parts)
  strides, near = changes(rows(along)), changes(rows(nearest(along, data)))
  return Walked(rows(along), own, arc, line, average, strides, near)


def changes(walks: np.ndarray) -> np.ndarray:
  """Returns the mean change of a pixel in each stride, as a share of its range.

  Shapes: [N, STOPS, S, S, C] in [-1, 1] -> [N, STOPS - 1].
  """
  return np.abs(np.diff(walks, axis=1)).mean(axis=(2, 3, 4)) / 2


def nearest(images: np.ndarray, data: Data) -> np.ndarray:
  """Returns for each image [N, S, S, C] the training image of the least distance."""
  flat = images.reshape(len(images), -1)
  best, found = np.full(len(images), np.inf), images.copy()
  for batch in data.splits['train']():
    x = np.asarray(batch.x)[np.asarray(batch.weight) > 0]
    rows = x.reshape(len(x), -1)
    far = np.square(rows).sum(1) - 2 * flat @ rows.T
    which = far.argmin(axis=1)
    least = far[np.arange(len(far)), which]
    closer = least < best
    best[closer], found[closer] = least[closer], x[which[closer]]
  return found


def longest(strides: np.ndarray) -> float:
  """Returns the longest stride [N, STOPS - 1] of a walk over the mean of that walk."""
  return float((strides.max(axis=1) / (strides.mean(axis=1) + 1e-9)).max())


def claims(found: Walked) -> tuple[Claim, ...]:
  """Returns what the walks bear out."""
  share, control = found.arc / found.ends, found.average / found.ends
  jump, jumps = longest(found.strides), longest(found.nearest)
  return (
    Claim(
      f'Halfway along an arc, a sample keeps at least {KEPT:.0%} of the confidence at '
      'the ends',
      share >= KEPT,
      f'{share:.1%} of {found.ends:.3f}; halfway along the straight line '
      f'{found.line / found.ends:.1%}',
    ),
    Claim(
      'The average of the two images keeps less',
      control < share,
      f'{control:.1%} against {share:.1%}',
    ),
    Claim(
      f'No stride of a walk is longer than {LONGEST:g} times its mean, as it is where '
      'training images follow one another',
      jump <= LONGEST < jumps,
      f'{jump:.2f} times at most; over the nearest training images {jumps:.2f} times',
    ),
  )
