"""A labelled set without its labels: the vocabulary and the texts of the classifier."""

import jax
import numpy as np
import pytest

from dl_core import config
from dl_core.data import forms, passages, phrases, sentences, unlabelled
from dl_core.types import UserError

KEY = jax.random.key(0)


@pytest.fixture
def own(tmp_path):
  path = tmp_path / 'own.tsv'
  lines = [f'{"so " * (n % 5)}good film {n % 7}\t{n % 2}' for n in range(120)]
  path.write_text('\n'.join(lines))
  return config.Config(dataset='folder', data_dir=str(path), batch_size=8)


def test_batches_are_those_of_the_classifier_and_nothing_follows(own):
  data, marks = unlabelled.load(own, 16, 'wordpiece', 60)
  labelled, _ = sentences.load(own, 16, 'wordpiece', 60, forms.BERT)
  batch, other = (each.take(each.feed(KEY, 3), KEY, 3) for each in (data, labelled))
  for name, leaf in other.x.items():
    np.testing.assert_array_equal(batch.x[name], leaf)
  assert not batch.y['next'].any()
  assert data.files() == labelled.files()
  assert data.spec.classes == ()
  assert marks == passages.MARKS
  found = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), batch)
  assert found == jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), data.spec.batch)


def test_constant_answers_are_those_of_tokens_that_are_no_marks(own):
  data, _ = unlabelled.load(own, 16, 'wordpiece', 60)
  scores = data.baseline()
  assert 0.1 < scores['masked_accuracy'] < 0.5
  assert 1 < scores['masked_loss'] < np.log(60)


def test_a_prompt_has_places_that_are_masked(own):
  data, marks = unlabelled.load(own, 16, 'wordpiece', 60)
  x = data.read('a [MASK] film')
  assert (x['tokens'][x['places']] == marks['mask']).all()


def test_sets_with_labels_are_told_from_texts(tmp_path):
  assert phrases.labelled('folder', str(tmp_path))
  assert phrases.labelled('languages', str(tmp_path))
  assert not phrases.labelled('text', str(tmp_path))
  assert not phrases.labelled('python_docs', str(tmp_path))


def test_a_vocabulary_without_marks_is_refused(own):
  with pytest.raises(UserError, match='--vocabulary=characters was given, which has'):
    unlabelled.load(own, 16, 'characters', 0)
