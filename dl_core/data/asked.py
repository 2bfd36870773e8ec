"""Loads questions about images and their answers.

`--dataset=scenes` computes them; any other name is a prepared set, or one of ours,
whose examples hold an image and a sequence of questions, each with an answer.

Shapes: B batch, n questions, m images, H x W pixels, C channels, T tokens of each.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import (
  batches,
  declarations,
  pillow,
  questions,
  scenes,
  sources,
  stored,
  stream,
  warps,
  wording,
)
from dl_core.data.images import most_frequent
from dl_core.data.wording import Wording
from dl_core.types import Batch, Data, Spec, UserError

LENGTH = 12  # T; longer questions are cut
SIZE = 64  # of the vocabulary
SCENES = 'scenes'


class Asked(NamedTuple):
  """Questions of a split; several may be about one image.

  Attributes:
    of: int32 [n], the image of each question.
    tokens: int32 [n, T].
    answers: int32 [n].
    images: uint8 [m, H, W, C].
  """

  of: np.ndarray
  tokens: np.ndarray
  answers: np.ndarray
  images: np.ndarray


class Set(NamedTuple):
  """A set of questions, not read yet.

  Attributes:
    source, notes, declaration: see `Data`.
    answers: the names of the answers.
    shape: of an image, (H, W, C).
    counts: {split: number of images}.
    read: (split) -> questions, answers [n], the image of each [n], images [m, H, W, C].
    text: () -> all words that questions have; see `wording.of`.
    kept: the vocabulary that a workdir stores; None elsewhere.
  """

  source: str
  answers: tuple[str, ...]
  shape: pillow.Shape
  read: Callable[[str], tuple[Sequence[str], Any, Any, np.ndarray]]
  text: Callable[[], str]
  notes: tuple[str, ...] = ()
  declaration: dict[str, Any] = {}  # noqa: RUF012
  kept: Wording | None = None


def load(c: Config, warp: float = 0.0) -> Data:
  """Makes the Data of `c.dataset`; nothing is read before the first batch.

  Batches hold x = {'image': float32 [B, H, W, C] in [0, 1], 'question': int32 [B, T],
  padded}, y int32 [B], weight float32 [B]. Questions are read in lower case and without
  a question mark.

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used.
    warp: see `warps.warped`.

  Raises:
    UserError: there is no such set, or it holds no questions about images.
  """
  found = of_scenes(c.data_dir) if c.dataset == SCENES else prepared(c)
  words = found.kept or wording.of(found.source, SIZE, found.text)

  @functools.cache
  def asked(split):
    texts, answers, of, images = found.read(split)
    tokens, _ = wording.padded(words.vocabulary(), texts, LENGTH)
    whole = (np.asarray(each, np.int32) for each in (of, answers))
    of, answers = whole
    return Asked(of, tokens, answers, images)

  def gathered(arrays, places):
    of, tokens, answers, images = arrays
    return {'image': images[of[places]], 'question': tokens[places]}, answers[places]

  def way(places, count):
    def arrays():
      count()  # raises where there are too few
      return asked('train')

    return stream.whole(arrays, places, gathered)

  examples = batches.Examples(
    count=lambda split: len(asked(split).of),
    read=lambda split, index: gathered(asked(split), index),
    labels=lambda split: asked(split).answers,
    digests=lambda: {
      name: batches.digest(asked(name)) for name in ('train', 'validation', 'test')
    },
  )
  each = functools.partial(jax.ShapeDtypeStruct, (c.batch_size,))
  image = jax.ShapeDtypeStruct((c.batch_size, *found.shape), np.float32)
  question = jax.ShapeDtypeStruct((c.batch_size, LENGTH), np.int32)
  spec = Spec(
    Batch({'image': image, 'question': question}, each(np.int32), each(np.float32)),
    found.source if found.kept else f'{found.source}, {words.tag}',
    found.answers,
    channels=found.shape[-1],
    native=found.shape[:2],
    limits=Batch({'image': 0, 'question': words.size}, len(found.answers), 0),
  )
  data = batches.assembled(
    spec,
    examples,
    way,
    prepare=lambda x: x | {'image': x['image'].astype(np.float32) / np.float32(255)},
    augment=warps.warped(warp),
    baseline=most_frequent,
    read=lambda given: one(given, found.shape, words),
    notes=found.notes,
    declaration=found.declaration,
  )
  return data._replace(write=words.write, files=words.files)


def of_scenes(data_dir: str) -> Set:
  """Finds the questions about scenes of digits; see `questions`."""
  digits = scenes.source(data_dir)
  ink = scenes.ink(digits)

  def read(split):
    count = scenes.COUNTS[split]
    generators = (
      scenes.generator(questions.SEED, split, number) for number in range(count)
    )
    drawn = [questions.draw(random, ink(split)) for random in generators]
    answers = [questions.ANSWERS.index(each.answer) for each in drawn]
    images = np.stack([each.scene.image for each in drawn])[..., None]
    return [each.words for each in drawn], answers, range(count), images

  return Set(
    source=f'{digits.source}, questions {questions.VERSION}',
    answers=questions.ANSWERS,
    shape=(scenes.SIDE, scenes.SIDE, 1),
    read=read,
    text=questions.every_word,
    notes=digits.notes,
  )


def prepared(c: Config) -> Set:
  """Finds a set of `sources` whose examples hold an image and questions."""
  declaration = sources.declare(c.dataset, c.data_dir)
  image = declaration.features.get('image', declarations.Feature(''))
  asked = declaration.features.get('questions', declarations.Feature(''))
  answer = asked.parts.get('answer', declarations.Feature(''))
  sides = tuple(side for side in image.shape if side)
  if answer.kind != 'ClassLabel' or len(sides) != 3:
    held = ', '.join(f'{key} ({f.kind})' for key, f in declaration.features.items())
    raise UserError(
      f'--dataset={c.dataset} was given, whose examples hold {held}; wanted are image '
      '(Image) of one size and questions (Sequence of question and answer), give a set '
      'that has them'
    )

  def read(split):
    texts, of, images = [], [], []
    answers: list[Any] = []
    for number, example in enumerate(sources.examples(declaration, split)):
      images.append(example['image'])
      own = example['questions']
      texts += [text.decode() for text in own['question']]
      answers += map(int, own['answer'])
      of += [number] * len(own['answer'])
    return list(map(normal, texts)), answers, of, np.stack(images)

  vocabulary = stored.vocabulary(declaration) if declaration.stored else None
  return Set(
    source=declaration.source,
    answers=answer.names,
    shape=sides,
    read=read,
    text=lambda: '\n'.join(sorted(set(read('train')[0]))),
    notes=declaration.notes,
    declaration=stored.packed(declaration.features),
    kept=wording.given(vocabulary) if vocabulary else None,
  )


def normal(question: str) -> str:
  """Returns a question as it is read: in lower case, without a question mark."""
  return question.lower().strip(' ?')


def one(given: str, shape: pillow.Shape, words: Wording) -> dict[str, np.ndarray]:
  """Reads 'FILE: QUESTION', an image of one's own and what is asked about it.

  Raises:
    UserError: there is no question, it has an unknown word, or the image cannot be
      read.
  """
  path, colon, question = given.rpartition(': ')
  if not colon or not normal(question):
    raise UserError(
      f"--predict={given} was given, without a question; give 'FILE: QUESTION'"
    )
  vocabulary = words.vocabulary()
  text = normal(question)
  unknown = [
    word
    for number, word in enumerate(text.split())
    if vocabulary.unknown in vocabulary.encode(' ' * bool(number) + word).ids
  ]
  if unknown:
    raise UserError(
      f'the question {question!r} was given, whose word {unknown[0]!r} is in no '
      'question of training; ask without it'
    )
  image = pillow.framed(pillow.decoded(pillow.read(path)), pillow.Frame(shape))
  tokens, _ = wording.padded(vocabulary, [text], LENGTH)
  return {'image': image, 'question': tokens[0]}
