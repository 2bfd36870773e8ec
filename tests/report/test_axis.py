import pytest

from dl_core.report import axis


@pytest.mark.parametrize(
  ('low', 'high', 'log'),
  [
    (0, 1, False),
    (0.0937, 0.9861, False),
    (-3.2, 1e4, False),
    (0, 1000, False),
    (5, 5, False),
    (0, 0, False),
    (1, 1 + 1e-16, False),
    (1e-7, 3e-7, False),
    (0.03, 2.4, True),
    (1e-8, 5e3, True),
    (1e-23, 1e-3, True),
    (1e-300, 1e300, True),
  ],
)
def test_ticks_are_few_and_enclose_the_values(low, high, log):
  found = axis.ticks(low, high, log)
  assert 2 <= len(found) <= 8
  assert found[0] <= low
  assert found[-1] >= high
  assert found == sorted(set(found))
