"""Faces are always the same, and show what their traits say."""

import numpy as np
import pytest

from dl_core.data import faces, folder, pillow, sources
from dl_core.data.builders.faces import faces_dataset_builder as builder

COUNTS = {'train': 9, 'validation': 2, 'test': 3}


def traits(number=0, split='train', **changed):
  return faces.drawn(faces.generator(split, number))._replace(**changed)


def test_a_face_depends_on_its_split_and_number_alone():
  first = faces.painted(traits(3))
  np.testing.assert_array_equal(first, faces.painted(traits(3)))
  assert not np.array_equal(first, faces.painted(traits(4)))
  assert not np.array_equal(first, faces.painted(traits(3, 'test')))
  assert first.shape == (faces.SIDE, faces.SIDE, 3)
  assert first.dtype == np.uint8


def test_the_kinds_are_equally_likely_and_their_bits_independent():
  kinds = np.array([traits(number).kind for number in range(2_000)])
  assert np.all(np.abs(np.bincount(kinds, minlength=8) - 250) < 60)
  assert np.all(np.abs(np.corrcoef(faces.parts(kinds).T) - np.eye(3)) < 0.08)


def test_a_kind_is_named_by_its_bits():
  assert faces.KINDS[0] == 'short hair'
  assert faces.KINDS[5] == 'long hair, smile'
  assert faces.KINDS[traits(long=False, glasses=True, smile=False).kind] == (
    'short hair, glasses'
  )
  np.testing.assert_array_equal(faces.parts(np.array([6, 1])), [[1, 1, 0], [0, 0, 1]])


PLACES = {  # rows and columns outside of which a trait changes nothing
  'smile': (slice(14, 29), slice(6, 26)),
  'glasses': (slice(7, 22), slice(4, 28)),
  'long': (slice(0, 32), slice(2, 30)),
}


@pytest.mark.parametrize('name', PLACES)
def test_a_trait_changes_its_own_part_of_the_image(name):
  for number in range(20):
    given = traits(number, pose=faces.Pose(0.0, 0.0, 1.0, 0.0))
    without, having = (
      faces.painted(given._replace(**{name: value})).astype(int)
      for value in (False, True)
    )
    changed = np.abs(having - without).max(axis=-1) > 0
    assert changed.sum() >= 10
    changed[PLACES[name]] = False
    assert not changed.any()


def test_the_colours_are_those_of_the_traits():
  for number in range(20):
    given = traits(number, pose=faces.Pose(0.0, 0.0, 1.0, 0.0), long=False)
    image = faces.painted(given) / 255
    cheek = image[18, 11]
    np.testing.assert_allclose(cheek, faces.between(faces.SKIN, given.tone), atol=0.01)
    np.testing.assert_allclose(image[:4, 0].mean(0), given.ground, rtol=0.06)
    np.testing.assert_allclose(image[-1, 16], given.shirt, atol=0.01)


def test_a_prepared_set_says_what_was_drawn(tmp_path, monkeypatch):
  monkeypatch.setattr(builder.Builder, 'COUNTS', COUNTS)
  found = folder.prepared('faces', str(tmp_path))
  assert found.classes == faces.KINDS
  arrays = found.decoded('test', pillow.Frame((faces.SIDE, faces.SIDE, 3)))
  drawn = [traits(number, 'test') for number in range(COUNTS['test'])]
  np.testing.assert_array_equal(arrays.x, [faces.painted(each) for each in drawn])
  truth = faces.truth(str(tmp_path), 'test')
  assert truth['kind'].tolist() == arrays.y.tolist() == [each.kind for each in drawn]
  for name in ('tone', 'shade', 'ground', 'shirt', 'pose'):
    np.testing.assert_allclose(truth[name], [getattr(each, name) for each in drawn])
  assert sources.declare('faces', str(tmp_path)).counts == COUNTS
