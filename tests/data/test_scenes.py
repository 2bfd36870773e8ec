"""Scenes, captions, films and questions are functions of (seed, split, number)."""

import re

import chex
import jax
import numpy as np
import pytest
from PIL import Image

from dl_core import config
from dl_core.data import asked, captions, films, questions, scenes, wording
from dl_core.types import UserError

FEW = {'train': 64, 'validation': 16, 'test': 16}
LOADED = {'captions': captions, 'films': films, 'asked': asked}


@pytest.fixture(scope='module')
def ink(digits_dir):
  return scenes.ink(scenes.source(digits_dir))('train')


@pytest.fixture
def load(digits_dir, monkeypatch):
  """load(name) -> the Data of one of the sets, with few examples."""
  monkeypatch.setattr(scenes, 'COUNTS', FEW)
  monkeypatch.setattr(films, 'COUNTS', FEW)

  def data(name):
    dataset = {'films': 'films'}.get(name, 'scenes')
    return LOADED[name].load(
      config.Config(dataset=dataset, data_dir=digits_dir, batch_size=8)
    )

  return data


def drawn(ink, count, seed=0):
  return [scenes.draw(scenes.generator(seed, 'train', n), ink) for n in range(count)]


def boxes(random, arrangement):
  top, left = scenes.corners(random, arrangement).T
  return top, left, top + scenes.DIGIT, left + scenes.DIGIT


EVERY = [each for found in scenes.ARRANGEMENTS.values() for each in found]


@pytest.mark.parametrize('arrangement', EVERY, ids=str)
def test_digits_are_inside_the_frame_and_apart(arrangement):
  for number in range(300):
    top, left, bottom, right = boxes(np.random.RandomState(number), arrangement)
    assert min(top.min(), left.min()) >= 0
    assert max(bottom.max(), right.max()) <= scenes.SIDE
    for a in range(len(top)):
      for b in range(a):
        gap = max(
          top[a] - bottom[b], top[b] - bottom[a], left[a] - right[b], left[b] - right[a]
        )
        assert gap >= scenes.GAP


def true_captions(top, left, bottom, right):
  """Returns all (first group, beside) that are true of digits at these places."""
  count, found = len(top), set()
  for first in range(1, 2**count - 1):
    one = [n for n in range(count) if first >> n & 1]
    other = [n for n in range(count) if not first >> n & 1]
    for beside, near, far in ((True, right, left), (False, bottom, top)):
      if all(far[b] - near[a] >= scenes.GAP for a in one for b in other):
        found.add((tuple(one), beside))
  return found


@pytest.mark.parametrize('arrangement', EVERY[1:], ids=str)
def test_only_the_caption_is_true_of_a_scene(arrangement):
  first = tuple(range(arrangement.sizes[0]))
  for number in range(300):
    found = boxes(np.random.RandomState(number), arrangement)
    assert true_captions(*found) == {(first, arrangement.beside)}


def test_captions_keep_to_the_grammar_and_fit(ink):
  digit = f'an? (?:{"|".join(scenes.WORDS)})'
  group = f'{digit}(?: and {digit})?'
  grammar = re.compile(f'{group}(?: (?:left of|above) {group})?')
  texts = [scenes.caption(scene) for scene in drawn(ink, 400)]
  assert all(grammar.fullmatch(text) for text in texts)
  assert not any(re.search(r'\ba eight|\ban (?!eight)', text) for text in texts)
  assert {captions.count(text) for text in texts} == {1, 2, 3}
  assert max(len(text.split()) for text in texts) == captions.LENGTH - 1


def test_a_scene_depends_on_seed_split_and_number_alone(ink):
  first, again, other = drawn(ink, 20), drawn(ink, 20)[::-1], drawn(ink, 20, seed=1)
  for a, b in zip(first, reversed(again), strict=True):
    np.testing.assert_array_equal(a.image, b.image)
    assert a.digits == b.digits
  assert any(np.any(a.image != b.image) for a, b in zip(first, other, strict=True))


def test_no_digit_of_the_test_split_is_in_a_training_scene(digits_dir):
  of = scenes.ink(scenes.source(digits_dir))
  train, test = ({bytes(image) for image in of(s).images} for s in ('train', 'test'))
  assert len(test & train) <= 3  # some digits are there twice


@pytest.mark.parametrize('name', LOADED)
def test_a_batch_is_what_the_spec_declares(load, name):
  data = load(name)
  key = jax.random.key(0)
  batch = jax.jit(data.take)(data.feed(key, 0), key, 0)
  chex.assert_trees_all_equal_shapes_and_dtypes(batch, data.spec.batch)


def test_captions_are_written_back_and_padding_weighs_nothing(load):
  data = load('captions')
  batch = next(data.splits['test']())
  for words, y, weight in zip(batch.x['words'], batch.y, batch.weight, strict=True):
    length = int(weight.sum())
    assert y[length - 1] == wording.STOP
    assert not y[length:].any()
    assert words[0] == wording.START
    np.testing.assert_array_equal(words[1:length], y[: length - 1])
    assert len(data.write(y).split()) == length - 1


def test_films_show_one_digit_or_two_and_end_as_they_begin(load):
  x, y, _ = next(load('films').splits['train']())
  kinds = [len(np.unique(labels)) for labels in y]
  assert set(kinds) == {1, 2}
  ink_of = x.sum(axis=(2, 3, 4))
  middle = ink_of[:, films.FRAMES // 2]
  assert np.all(ink_of[:, 0] < middle)
  assert np.all(ink_of[:, -1] < middle)


def answers(question):
  """Answers a question from the digits of its scene and where they stand."""
  scene, words, _ = question
  sizes, beside = scene.arrangement
  groups = scene.digits[: sizes[0]], scene.digits[sizes[0] :]
  asked_of = words.split()[-1]
  if words.startswith('how many'):
    return scenes.WORDS[len(scene.digits)]
  if words.startswith('is there'):
    return 'yes' if scenes.WORDS.index(asked_of) in scene.digits else 'no'
  if words.startswith('what is the largest'):
    return scenes.WORDS[max(scene.digits)]
  row = scene.digits if beside else next(group for group in groups if len(group) == 2)
  if words.startswith('what is left'):
    return scenes.WORDS[row[row.index(scenes.WORDS.index(asked_of)) - 1]]
  return 'yes' if row[0] > row[1] else 'no'


def test_questions_have_the_answers_that_their_scenes_give(ink):
  found = [
    questions.draw(scenes.generator(2, 'train', number), ink) for number in range(2_000)
  ]
  assert all(answers(question) == question.answer for question in found)
  assert all(len(set(q.scene.digits)) == len(q.scene.digits) for q in found)
  counts = {}
  for question in found:
    kind = ' '.join(question.words.split()[:3]).replace(' an', ' a')
    counts.setdefault(kind, {}).setdefault(question.answer, 0)
    counts[kind][question.answer] += 1
  assert len(counts) == len(questions.KINDS)
  for of_kind in counts.values():  # within four deviations of an equal share
    equal = sum(of_kind.values()) / len(of_kind)
    assert max(abs(n - equal) for n in of_kind.values()) < 4 * equal**0.5
    assert len(of_kind) in (2, 3, 10)


def test_one_asks_about_an_image_of_ones_own(load, tmp_path):
  data = load('asked')
  path = tmp_path / 'a b.png'
  Image.fromarray(np.full((40, 60), 200, np.uint8)).save(path)
  x = data.read(f'{path}: Is there an eight?')
  assert x['image'].shape == (32, 32, 1)
  assert data.write(x['question']) == 'is there an eight'
  for given, word in (
    (str(path), 'without a question'),
    (f'{path}: is there a cat', "'cat'"),
    (f'{tmp_path / "none.png"}: is there an eight', 'cannot be read'),
  ):
    with pytest.raises(UserError, match=word):
      data.read(given)


def test_films_of_ones_own_are_files_or_folders(load, tmp_path):
  read = load('films').read
  frames = [Image.new('L', (30, 30), 20 * n) for n in range(films.FRAMES)]
  path = tmp_path / 'film.gif'
  frames[0].save(path, save_all=True, append_images=frames[1:])
  folder = tmp_path / 'film'
  folder.mkdir()
  for number, frame in enumerate(frames):
    frame.save(folder / f'{number:02}.png')
  np.testing.assert_allclose(read(str(path)), read(str(folder)), atol=0.02)
  assert read(str(folder))[:, 0, 0, 0] == pytest.approx(np.arange(12) * 20 / 255)
  (folder / '03.png').unlink()
  with pytest.raises(UserError, match='11 frames'):
    read(str(folder))
