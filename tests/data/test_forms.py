"""Marks around one text or two, segments, and what is cut where there is no room."""

import numpy as np
import pytest

from dl_core.data import forms, vocabularies

T = 10


@pytest.fixture(scope='module')
def given():
  choice = vocabularies.choice('wordpiece', 40)
  return vocabularies.train(choice, 'a b c d e f g h i j k')


def read(form, given, texts, longest=T):
  row = form.row(texts, given, longest)
  length = int(row['lengths'])
  assert (row['tokens'][length:] == given.pad).all()
  assert all(leaf.dtype == np.int32 for leaf in row.values())
  return row, row['tokens'][:length].tolist()


def test_bert_reads_one_text_between_marks(given):
  row, tokens = read(forms.BERT, given, [[7, 8]])
  assert tokens == [given.start, 7, 8, given.stop]
  assert not row['segments'].any()


def test_the_second_text_of_bert_is_the_second_segment(given):
  row, tokens = read(forms.BERT, given, [[7, 8], [9]])
  assert tokens == [given.start, 7, 8, given.stop, 9, given.stop]
  assert row['segments'].tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]


def test_the_marks_of_gpt_follow_after_its_vocabulary(given):
  start, delimiter, classify = range(given.size, given.size + 3)
  assert read(forms.GPT, given, [[7, 8]])[1] == [start, 7, 8, classify]
  assert read(forms.GPT, given, [[7], [8, 9]])[1] == (
    [start, 7, delimiter, 8, 9, classify]
  )
  assert forms.GPT.extra == 3


@pytest.mark.parametrize('form', [forms.BERT, forms.GPT])
@pytest.mark.parametrize(
  ('sizes', 'kept'),
  [((20,), (8,)), ((20, 3), (4, 3)), ((3, 20), (3, 4)), ((20, 20), (4, 3))],
)
def test_texts_are_cut_at_their_ends_and_the_longer_one_loses_more(
  given, form, sizes, kept
):
  texts = [list(range(7, 7 + size)) for size in sizes]
  _, tokens = read(form, given, texts)
  assert len(tokens) == T
  wanted = [text[:size] for text, size in zip(texts, kept, strict=True)]
  plain = [token for token in tokens if 7 <= token < given.size]
  assert plain == [token for text in wanted for token in text]


def test_length_classes_end_with_the_longest_and_are_not_narrow():
  assert forms.widths(64) == (16, 32, 64)
  assert forms.widths(16) == (8, 16)
  assert forms.widths(8) == (8,)
