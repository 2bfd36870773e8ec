"""easy-VQA: one coloured shape on a plain background, and questions about it."""

import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data.builders import originals
from dl_core.types import UserError

ARCHIVE = 'easy-vqa.tar.xz'
FILES = ('train/questions.json', 'test/questions.json')
VALIDATION = 200  # images


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """5,000 images of 64×64 pixels with 48,248 questions of 13 answers (Zhou, 2019).

  Every example is an image with all of its questions.
  """

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 3_800, 'validation': VALIDATION, 'test': 1_000}  # noqa: RUF012
  NAMES = (
    *('circle', 'green', 'red', 'gray', 'yes', 'teal', 'black', 'rectangle'),
    *('yellow', 'triangle', 'brown', 'blue', 'no'),
  )
  ORIGINALS = originals.listed(__file__)

  def _info(self):
    asked = {
      'question': tfds.features.Text(),
      'answer': tfds.features.ClassLabel(names=self.NAMES),
    }
    features = {
      'image': tfds.features.Image(shape=(64, 64, 3), encoding_format='png'),
      'questions': tfds.features.Sequence(asked),
    }
    note = (
      f'The validation set is {VALIDATION} images of the 4,000 of training, drawn by a '
      'fixed seed, with all of their questions.'
    )
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      disable_shuffling=True,
      homepage='https://github.com/vzhou842/easy-VQA',
      metadata=tfds.core.MetadataDict(notes=[note]),
    )

  def _split_generators(self, dl_manager):
    unpacked = [self.ORIGINALS[name] for name in FILES]
    archive = (self.ORIGINALS[ARCHIVE],)
    paths = originals.obtain(
      self.name, Path(self.data_dir_root), dl_manager, unpacked, archive
    )
    content = packed(paths[ARCHIVE]) if ARCHIVE in paths else beside(paths)
    questions = {
      split: json.loads(content(f'{split}/questions.json'))
      for split in ('train', 'test')
    }
    count = self.COUNTS['train'] + self.COUNTS['validation']
    order = np.random.RandomState(0).permutation(count)
    numbers = {
      'train': ('train', np.sort(order[VALIDATION:])),
      'validation': ('train', np.sort(order[:VALIDATION])),
      'test': ('test', np.arange(self.COUNTS['test'])),
    }
    return {
      split: self._generate_examples(content, origin, questions[origin], of)
      for split, (origin, of) in numbers.items()
    }

  def _generate_examples(self, content, origin, questions, numbers):
    own: dict[int, list] = {number: [] for number in numbers.tolist()}
    for question, answer, number in questions:
      if number in own:
        own[number].append({'question': question, 'answer': answer})
    for number, asked in own.items():
      image = content(f'{origin}/images/{number}.png')
      yield number, {'image': image, 'questions': asked}


def packed(path: Path) -> Callable[[str], bytes]:
  """Reads an archive at once; returns (path of a file in it) -> its content."""
  with tarfile.open(path) as archive:
    files = {
      member.name.partition('/')[2]: archive.extractfile(member).read()
      for member in archive
      if member.isfile()
    }
  return files.__getitem__


def beside(paths: Mapping[str, Path]) -> Callable[[str], bytes]:
  """Returns (path of a file in the unpacked folder) -> its content."""
  root = paths[FILES[0]].parent.parent

  def content(name: str) -> bytes:
    try:
      return (root / name).read_bytes()
    except OSError as error:
      raise UserError(
        f'{root / name} cannot be read ({error.strerror}), an image that a question of '
        f'easy_vqa is about; put all images beside {FILES[0]}'
      ) from error

  return content
