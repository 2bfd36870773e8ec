"""Sums of latents are counted beside controls, and the claim can fail."""

import numpy as np
import pytest

from dl_core.data import faces
from dl_core.interpret import arithmetic
from dl_core.interpret.judge import Judge, Names

LATENT = 3  # its signs are the bits of a kind


@pytest.fixture
def judge():
  """A judge that reads a kind off the signs of three pixels."""

  def name(images):
    bits = np.asarray(images)[:, 0, 0] > 0
    said = bits @ np.array([4, 2, 1])
    return Names(said, np.ones(len(said)), np.zeros((len(said), 1)), 8)

  unused = lambda: pytest.fail('not asked for')
  return Judge(name, unused, unused, lambda: 1.0)


def shown(z):
  return np.asarray(z)[:, None, None, :]


def pool(kinds=range(8), count=80, size=1.0):
  """Latents whose signs are the bits of kinds, and whose sizes are one."""
  said = np.resize(np.array(kinds), count)
  z = size * (2.0 * faces.parts(said) - 1)
  return arithmetic.Pool(z.astype(np.float32), said, np.ones(count))


def added(judge, own, equation=arithmetic.SMILE):
  return arithmetic.added(equation, faces.KINDS, shown, judge, own, 0)


@pytest.mark.parametrize('equation', arithmetic.EQUATIONS)
def test_where_traits_are_directions_every_sum_is_right(judge, equation):
  found = added(judge, pool(), equation)
  assert [found.right[count] for count in arithmetic.MEANS] == [1, 1, 1]
  assert found.right[arithmetic.ALONE] == 0
  assert 0 < found.right[arithmetic.STEP] < 0.5
  assert found.shown.shape == (arithmetic.SHOWN, 5, 1, 1, LATENT)
  plus, minus, base, total, _ = np.moveaxis(found.shown, 1, 0)
  np.testing.assert_allclose(plus - minus + base, total)


def test_the_claim_needs_right_sums_and_a_control_that_is_not(judge):
  found = added(judge, pool())
  holds = lambda sums: arithmetic.claim(arithmetic.SMILE, sums).holds
  even = found._replace(right={**found.right, arithmetic.STEP: 0.2})
  assert holds(even)
  assert not holds(even._replace(right={**even.right, arithmetic.USED: 0.5}))
  assert not holds(even._replace(right={**even.right, arithmetic.STEP: 0.4}))


def test_without_a_clear_sample_of_a_term_the_claim_does_not_hold(judge):
  found = added(judge, pool(kinds=(0, 1, 4)))
  assert found.lacking == ('long hair, smile',)
  claim = arithmetic.claim(arithmetic.SMILE, found)
  assert not claim.holds
  assert 'long hair, smile' in claim.measured
  assert 'long hair, smile' in arithmetic.picture(arithmetic.SMILE, found, judge).draw()


def test_samples_that_the_judge_doubts_are_not_chosen(judge):
  doubtful = pool()._replace(confidence=np.full(80, arithmetic.CLEAR - 0.01))
  assert len(added(judge, doubtful).lacking) == 3
