import numpy as np

from dl_core.lessons.networks import memory


def test_a_line_is_found_where_there_is_one_and_missed_where_there_is_none():
  straight = {batch: 3_000 * batch + 800_000 for batch in memory.LARGE}
  a, b, off = memory.line(straight | dict.fromkeys(memory.SMALL, 7))
  np.testing.assert_allclose((a, b), (3_000, 800_000), rtol=1e-6)
  assert off < 1e-6
  (claim,) = memory.picture(straight).claims
  assert claim.holds
  for wrong in (
    {batch: batch**2 for batch in memory.LARGE},
    {batch: 1e9 - batch for batch in memory.LARGE},
  ):
    (claim,) = memory.picture(wrong).claims
    assert not claim.holds


def test_the_memory_of_a_step_grows_by_what_is_kept_of_every_example():
  found = memory.measure((512, 1_024))
  grown = (found[1_024] - found[512]) / 512
  assert grown >= 4 * memory.SIZES[1]  # the hidden activations, at least
  assert found[512] >= grown * 512
