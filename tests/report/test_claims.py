"""Claims: how far two sides are apart, and what stays in the workdir."""

import numpy as np
import pytest

from dl_core.report import claims
from dl_core.types import Claim, Picture


def test_two_sides_within_the_tolerance_agree():
  found = claims.identity('a = b', np.array([[1.0], [2]]), np.array([1.0, 2]), 0.5)
  assert found == Claim('a = b, to 0.5', True, '0.5 apart at most in 4 values')


def test_two_sides_beyond_the_tolerance_do_not_agree():
  found = claims.identity('a = b', 1.0, 1.001, 1e-6)
  assert found == Claim('a = b, to 1e-6', False, '0.001 apart at most')


def test_large_numbers_agree_to_as_many_digits_as_small_ones():
  assert claims.identity('a = b', 1e6, 1e6 + 1, 1e-5).holds
  assert not claims.identity('a = b', 1e6, 1e6 + 1, 1e-7).holds


@pytest.mark.parametrize('left', [np.nan, np.inf])
def test_what_is_not_finite_agrees_with_no_finite_number(left):
  assert claims.identity('a = b', [0.0, left], [0.0, 0.0], 1.0).holds is False


def test_claims_written_are_read_back_and_an_empty_report_drops_them(tmp_path):
  held = Claim('one', np.True_, '1')  # type: ignore[arg-type]
  claims.write(tmp_path, [Picture('title', 'caption', lambda: '', (held,))])
  assert claims.read(tmp_path) == [Claim('one', True, '1')]
  assert claims.said(tmp_path) == ['holds: one (1)']
  claims.write(tmp_path, [])
  assert claims.read(tmp_path) == []
