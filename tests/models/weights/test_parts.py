"""Parts of a model are found by whole words of their paths, and said in a sentence."""

import pytest

from dl_core.models.weights import parts

PATHS = ['encoder.a.kernel', 'encoder.norm.mean', 'encoder_2.a.kernel', 'top.out.bias']


@pytest.mark.parametrize(
  ('path', 'expected'),
  [('encoder', True), ('encoder.a', True), ('encoder_2.a', False), ('en', False)],
)
def test_a_part_holds_what_begins_with_its_path(path, expected):
  assert parts.inside(path, ['decoder', 'encoder']) == expected


@pytest.mark.parametrize(
  ('chosen', 'rest', 'words'),
  [
    (
      ['encoder'],
      ['encoder_2', 'top'],
      'encoder was taken, and encoder_2, top begin anew',
    ),
    (
      ['encoder.a', 'top.out'],
      ['encoder.norm', 'encoder_2'],
      'encoder.a, top.out were taken, and encoder.norm, encoder_2 begin anew',
    ),
    (['encoder', 'encoder_2', 'top'], [], 'encoder, encoder_2, top were taken'),
  ],
)
def test_what_is_beside_some_parts_is_named_by_its_largest_parts(chosen, rest, words):
  assert parts.beside(PATHS, chosen) == rest
  assert parts.described(PATHS, chosen) == words


def test_a_part_that_no_path_belongs_to_is_refused():
  with pytest.raises(ValueError, match="'trunk' was named, and the model has"):
    parts.described(PATHS, ['trunk'])


def test_a_list_ends_with_the_number_of_the_others():
  assert parts.left_out(['a']) == 'a has no place here, and is left out'
  assert parts.left_out('abcde') == (
    'a, b, c and 2 more have no place here, and are left out'
  )
