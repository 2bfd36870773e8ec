import numpy as np

from dl_core.interpret import alignment

SOURCE = ['1', '9', '년', ' ', '3', '월', ' ', '7', '일']
TARGET = ['7', '.', '3', '.', '1', '9']


def test_numbers_are_found_with_their_places_and_those_seen_twice_are_left_out():
  assert alignment.numbers(SOURCE) == {19: (0, 2), 3: (4, 5), 7: (7, 8)}
  assert alignment.numbers(['3', 'a', '0', '3', 'b', ' 4']) == {4: (5, 6)}
  assert alignment.numbers([]) == {}


def test_the_share_of_a_digit_is_on_its_number_and_what_follows_it():
  weights = np.zeros((6, 9))
  weights[0, 8] = 1  # 7: on its unit
  weights[2, 4] = weights[2, 0] = 0.5  # 3: half of it on 19
  weights[4] = weights[5] = 1 / 9  # 19: everywhere
  found = sorted(alignment.share(weights, SOURCE, TARGET))
  np.testing.assert_allclose(found, [4 / 9, 4 / 9, 0.5, 1])


def test_a_number_that_is_not_read_counts_for_nothing():
  assert alignment.share(np.ones((1, 9)), SOURCE, ['5']) == []
