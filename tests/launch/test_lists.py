import pytest

from dl_core.launch import lists
from dl_core.types import UserError


def test_numbers_are_read_in_their_order():
  assert lists.numbers('hidden', '500, 150', '8') == (500, 150)
  assert lists.numbers('rates', '0.1,1', '1', float, 0) == (0.1, 1.0)
  assert lists.numbers('hidden', '', '8', empty=True) == ()


@pytest.mark.parametrize('text', ['', 'x', '0', '8,', '8;8', '-1', '1.5', ','])
def test_what_is_no_list_of_numbers_is_refused_in_a_sentence(text):
  with pytest.raises(UserError, match=f'--hidden={text} was given, whole numbers of'):
    lists.numbers('hidden', text, '500,150')


@pytest.mark.parametrize('text', ['nan', 'inf', '-0.1'])
def test_rates_are_finite_and_not_below_their_bound(text):
  with pytest.raises(UserError, match='numbers of at least 0, parted by commas'):
    lists.numbers('rates', text, '0.1,1', float, 0)


def test_a_bound_above_is_told():
  with pytest.raises(UserError, match='of at least 1 and below 100, parted'):
    lists.numbers('degrees', '1,100', '1,3', below=100)


def test_names_are_of_those_that_are_known():
  assert lists.names('methods', 'l1,l2', {'l1': 0, 'l2': 0}) == ('l1', 'l2')
  assert lists.names('methods', '', (), empty=True) == ()
  with pytest.raises(UserError, match="'l3' is unknown; name some of l1, l2"):
    lists.names('methods', 'l1,l3', ('l1', 'l2'))
