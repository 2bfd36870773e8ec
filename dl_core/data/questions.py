"""Questions about scenes of digits, and their answers.

Of each kind of question as many are asked, and within a kind every answer is as likely,
so that neither the question nor the image alone tells it. The digits of a scene differ.

  how many digits are there · is there a seven · what is left of the two
  is the left digit larger · what is the largest digit
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dl_core.data import scenes
from dl_core.data.scenes import ARRANGEMENTS, WORDS, Arrangement, Ink, Scene

ANSWERS = (*WORDS, 'yes', 'no')
SEED = 2  # of all questions
VERSION = 1  # of what is asked; raised whenever that changes


class Question(NamedTuple):
  """A question about a scene.

  Attributes:
    scene: what is seen.
    words: the question.
    answer: one of `ANSWERS`.
  """

  scene: Scene
  words: str
  answer: str


Random = np.random.RandomState
Kind = Callable[[Random, Ink], Question]


def draw(random: Random, ink: Ink) -> Question:
  """Draws a question; all kinds are equally likely."""
  return scenes.chosen(random, KINDS)(random, ink)


def how_many(random: Random, ink: Ink) -> Question:
  count = random.randint(1, 4)
  scene = any_scene(random, ink, different(random, count))
  return Question(scene, 'how many digits are there', WORDS[count])


def is_there(random: Random, ink: Ink) -> Question:
  present, count = random.randint(2), random.randint(1, 4)
  digits = different(random, count + 1)
  scene = any_scene(random, ink, digits[:count])
  asked = WORDS[digits[0] if present else digits[count]]
  answer = 'yes' if present else 'no'
  return Question(scene, f'is there {scenes.article(asked)} {asked}', answer)


def left_of(random: Random, ink: Ink) -> Question:
  # Of two digits side by side, or of the pair in a scene of three.
  sizes = scenes.chosen(random, ((1, 1), (1, 2), (2, 1)))
  digits = different(random, sum(sizes))
  arrangement = Arrangement(sizes, beside=sizes == (1, 1))
  left, right = digits[1:] if sizes == (1, 2) else digits[:2]
  scene = scenes.composed(random, ink, digits, arrangement)
  return Question(scene, f'what is left of the {WORDS[right]}', WORDS[left])


def left_larger(random: Random, ink: Ink) -> Question:
  larger = bool(random.randint(2))
  digits = tuple(sorted(different(random, 2), reverse=larger))
  scene = scenes.composed(random, ink, digits, Arrangement((1, 1)))
  return Question(scene, 'is the left digit larger', 'yes' if larger else 'no')


def largest(random: Random, ink: Ink) -> Question:
  most = random.randint(len(WORDS))
  others = random.permutation(most)[: random.randint(3)].tolist()
  digits = tuple(random.permutation([most, *others]).tolist())
  scene = any_scene(random, ink, digits)
  return Question(scene, 'what is the largest digit', WORDS[most])


KINDS: tuple[Kind, ...] = (how_many, is_there, left_of, left_larger, largest)


def different(random: Random, count: int) -> tuple[int, ...]:
  """Draws digits that all differ."""
  return tuple(random.permutation(len(WORDS))[:count].tolist())


def any_scene(random: Random, ink: Ink, digits: tuple[int, ...]) -> Scene:
  """Draws a scene of these digits in any arrangement."""
  arrangement = scenes.chosen(random, ARRANGEMENTS[len(digits)])
  return scenes.composed(random, ink, digits, arrangement)


def every_word() -> str:
  """Returns a text of all words of all questions."""
  lines = ['how many digits are there', 'is the left digit larger']
  lines += ['what is the largest digit']
  for word in WORDS:
    lines += [f'is there {scenes.article(word)} {word}', f'what is left of the {word}']
  return '\n'.join(lines)
