import numpy as np

from dl_core.lessons.networks import attention


def test_the_lectures_weights_and_eight_inputs_come_out():
  found = attention.look(attention.state(), attention.KEYS)
  np.testing.assert_allclose(found.weights, [0.85, 0.03, 0.05, 0.07], atol=1e-6)
  context = (
    0.85 * attention.KEYS[0]
    + 0.03 * attention.KEYS[1]
    + 0.05 * attention.KEYS[2]
    + 0.07 * attention.KEYS[3]
  )
  np.testing.assert_allclose(found.context, context, atol=1e-6)
  assert found.inputs.shape == (8,)
  wanted = np.concatenate([attention.state(), context])
  np.testing.assert_allclose(found.inputs, wanted, atol=1e-6)


def test_all_of_its_claims_hold():
  claims = [claim for picture in attention.pictures() for claim in picture.claims]
  assert len(claims) == 4
  assert all(claim.holds for claim in claims)
